"""Stripe, through its own library: cards by PaymentIntents, members' money out by Connect.

A charge is a PaymentIntent, which the client's browser confirms with its `client_secret`, or which
is confirmed at once with a payment method that the browser got before. A payout is a transfer to
the member's connected account, and from there a payout to their bank; when the bank does not take
it, the transfer is reversed, and the money is back where it was.

Our id of the intent is the idempotency key. Stripe may forget keys after a day, so from then on
an intent is looked for by our id, and never made anew. The yen has no minor unit at Stripe and none
here, the dollar and euro have two digits at both: amounts go over as they are.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

import stripe as lib
import structlog

from services.escrow.domain.charge import CLIENT_HAS
from services.escrow.outside import Answer, Asked, Destination
from shared.errors import Invalid, Unavailable

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 8
KEYS_KEPT: Final = timedelta(hours=23)
OURS: Final = "ukeoi_id"
LOOKED_AT_MAX: Final = 100

UNKNOWN: Final = Answer("unknown")
T = TypeVar("T", lib.Payout, lib.Transfer)


class Stripe:
    """Stripe as one deployment knows it."""

    name = "stripe"

    def __init__(self, secret_key: str, *, country: str, api_base: str) -> None:
        logging.getLogger("stripe").setLevel(logging.WARNING)  # it tells of secrets otherwise
        self._country = country
        self._api = lib.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=lib.RequestsClient(timeout=TIMEOUT_S),
            max_network_retries=0,  # our own sweep asks again
        ).v1

    # Charges

    def charge(self, asked: Asked) -> Answer:
        """Make the PaymentIntent, or say how it stands; one that nobody confirms is given up."""
        answer = _asking(lambda: self._charge(asked), asked, refused="declined")
        if answer.secret and asked.at >= asked.since + CLIENT_HAS:
            return self.give_up(asked)
        return answer

    def give_up(self, asked: Asked) -> Answer:
        """Cancel a PaymentIntent that waits for the client's browser."""
        return _asking(lambda: self._give_up(asked), asked, refused="unknown")

    def account(self, id_: str) -> str:
        """Refuse: Stripe's bank transfers are not offered here.

        :raises Invalid: `method_not_available`
        """
        raise Invalid("method_not_available", "Stripe takes cards here, no bank transfers")

    def _charge(self, asked: Asked) -> Answer:
        return _charged(self._intent(asked) or self._new_intent(asked))

    def _intent(self, asked: Asked) -> lib.PaymentIntent | None:
        """Return it by Stripe's id, or where keys may be forgotten by ours."""
        if asked.ref:
            return self._api.payment_intents.retrieve(asked.ref)
        if asked.at < asked.since + KEYS_KEPT:
            return None
        found = self._api.payment_intents.search({"query": f"metadata['{OURS}']:'{asked.id}'"})
        if not found.data:
            raise _Never("Stripe was asked in vain")
        return found.data[0]

    def _new_intent(self, asked: Asked) -> lib.PaymentIntent:
        params: dict[str, Any] = {
            "amount": asked.amount.amount,
            "currency": asked.amount.currency.lower(),
            "payment_method_types": ["card"],
            "transfer_group": asked.id,
            "description": asked.about,
            "metadata": {OURS: asked.id},
        }
        if asked.source:
            params |= {"payment_method": asked.source, "confirm": True}
        return self._api.payment_intents.create(params, {"idempotency_key": asked.id})  # type: ignore[arg-type]

    def _give_up(self, asked: Asked) -> Answer:
        """Cancel it; one that was paid meanwhile cannot be cancelled, and is told as it is."""
        intent = self._intent(asked)
        if intent is None or _charged(intent).state != "unknown":
            return UNKNOWN if intent is None else _charged(intent)
        try:
            return _charged(self._api.payment_intents.cancel(intent.id))
        except lib.InvalidRequestError:
            return _charged(self._api.payment_intents.retrieve(intent.id))

    # Payouts

    def payout(self, asked: Asked) -> Answer:
        """Transfer it to the member's account and from there to their bank, or say how it stands.

        Whatever step was the last that Stripe did, the next time goes on from there.
        """
        return _asking(lambda: self._payout(asked), asked, refused="unknown")

    def _payout(self, asked: Asked) -> Answer:
        old = asked.at >= asked.since + KEYS_KEPT
        known = self._payout_there(asked) if asked.ref or old else None
        if known is not None:
            return self._paid_out(known, asked)
        if (transfer := self._transfer_of(asked) if old else None) is None:
            try:
                transfer = self._transfer(asked)
            except lib.InvalidRequestError as why:
                now = why.code == "balance_insufficient"
                return Answer("not_now" if now else "failed", _reason(why))
        # Made a second time it is told as it was at first: whether it still stands is asked.
        if self._api.transfers.retrieve(transfer.id).reversed:
            return Answer("failed", "the transfer was reversed")
        try:
            return self._paid_out(self._to_bank(asked), asked)
        except lib.InvalidRequestError as why:
            return self._back(asked, transfer, _reason(why))

    def _transfer(self, asked: Asked) -> lib.Transfer:
        params: Any = {
            "amount": asked.amount.amount,
            "currency": asked.amount.currency.lower(),
            "destination": asked.to,
            "transfer_group": asked.id,
            "metadata": {OURS: asked.id},
        }
        # An answer is kept with its key: what was refused for now needs another one.
        key = f"{asked.id}:transfer" + (f":{asked.attempt}" if asked.attempt else "")
        return self._api.transfers.create(params, {"idempotency_key": key})

    def _to_bank(self, asked: Asked) -> lib.Payout:
        params: Any = {
            "amount": asked.amount.amount,
            "currency": asked.amount.currency.lower(),
            "metadata": {OURS: asked.id},
        }
        key = f"{asked.id}:payout"
        return self._api.payouts.create(
            params, {"stripe_account": asked.to, "idempotency_key": key}
        )

    def _payout_there(self, asked: Asked) -> lib.Payout | None:
        there: Any = {"stripe_account": asked.to}
        if asked.ref:
            return self._api.payouts.retrieve(asked.ref, None, there)
        since = int(asked.since.timestamp()) - 60
        page = self._api.payouts.list({"created": {"gte": since}, "limit": LOOKED_AT_MAX}, there)
        return _ours(page.auto_paging_iter(), asked.id)

    def _transfer_of(self, asked: Asked) -> lib.Transfer | None:
        page = self._api.transfers.list({"transfer_group": asked.id, "limit": LOOKED_AT_MAX})
        return _ours(page.data, asked.id)

    def _paid_out(self, payout: lib.Payout, asked: Asked) -> Answer:
        if payout.status == "paid":
            return Answer("paid", ref=payout.id)
        if payout.status not in ("failed", "canceled"):
            return Answer("sent", ref=payout.id)
        why = getattr(payout, "failure_message", None) or f"the payout was {payout.status}"
        return self._back(asked, self._transfer_of(asked), str(why)[:500], ref=payout.id)

    def _back(
        self, asked: Asked, transfer: lib.Transfer | None, why: str, *, ref: str = ""
    ) -> Answer:
        """Take the transfer back from the member's account: only then has the payout failed."""
        if transfer is None:
            return UNKNOWN
        if not transfer.reversed:
            key: Any = {"idempotency_key": f"{asked.id}:reversal"}
            self._api.transfers.reversals.create(transfer.id, {"metadata": {OURS: asked.id}}, key)
        return Answer("failed", why, ref=ref)

    # Destinations

    def destination(self, ref: str) -> Destination:
        """Say whether Stripe pays out to this connected account.

        :raises Unavailable: Stripe does not answer
        """
        if not ref:
            return Destination("missing")
        try:
            account = self._api.accounts.retrieve(ref)
        except lib.StripeError as why:
            raise Unavailable("Stripe does not answer") from why
        return Destination("ready" if account.payouts_enabled else "open", ref)

    def onboard(self, member_id: str, ref: str, return_url: str) -> Destination:
        """Make the member a connected account, once, and return where they go on with it.

        :raises Unavailable: Stripe does not answer
        """
        try:
            account = ref or self._new_account(member_id).id
            link = self._api.account_links.create(
                {
                    "account": account,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": return_url,
                }
            )
        except lib.StripeError as why:
            log.warning("stripe_refused", about=member_id, why=_reason(why))
            raise Unavailable("Stripe does not answer") from why
        return Destination("open", account, link.url)

    def _new_account(self, member_id: str) -> lib.Account:
        """Make it with payouts by hand: money leaves it when we say so, never by a schedule."""
        params: Any = {
            "type": "express",
            "country": self._country,
            "capabilities": {"transfers": {"requested": True}},
            "settings": {"payouts": {"schedule": {"interval": "manual"}}},
            "metadata": {"member_id": member_id},
        }
        return self._api.accounts.create(params, {"idempotency_key": f"account:{member_id}"})


class _Never(Exception):
    """Stripe has never had what it was asked for, and never will."""


def _asking(ask: Callable[[], Answer], asked: Asked, *, refused: str) -> Answer:
    """Ask, and translate what Stripe's library raises.

    A declined card is an answer, and so is a request that Stripe will not take (`refused`). What
    is wrong with us or the network is none: it is asked again.
    """
    try:
        return ask()
    except lib.CardError as why:
        intent = getattr(why.error, "payment_intent", None)
        return Answer("declined", _reason(why), ref=str(intent["id"]) if intent else asked.ref)
    except lib.InvalidRequestError as why:
        log.warning("stripe_refused", about=asked.id, why=_reason(why))
        return Answer(refused, _reason(why), ref=asked.ref)
    except _Never as why:
        return Answer(refused, str(why))
    except lib.StripeError as why:
        log.warning("stripe_not_asked", about=asked.id, why=_reason(why))
        return UNKNOWN


def _charged(intent: lib.PaymentIntent) -> Answer:
    if intent.status == "succeeded":
        return Answer("confirmed", ref=intent.id)
    if intent.status == "canceled":
        return Answer("declined", "given up", ref=intent.id)
    if intent.status == "requires_payment_method" and (why := intent.last_payment_error):
        reason = getattr(why, "message", None) or getattr(why, "code", None) or "declined"
        return Answer("declined", str(reason)[:500], ref=intent.id)
    waits = intent.status in ("requires_payment_method", "requires_confirmation", "requires_action")
    secret = getattr(intent, "client_secret", None) if waits else None
    return Answer("unknown", ref=intent.id, secret=secret or "")


def _ours(found: Iterable[T], id_: str) -> T | None:
    return next((one for one in found if getattr(one.metadata, OURS, None) == id_), None)


def _reason(why: lib.StripeError) -> str:
    return str(why.user_message or why.code or type(why).__name__)[:500]
