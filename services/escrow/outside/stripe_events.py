"""What Stripe tells by its webhooks, verified by its own library, in our words.

Stripe promises neither order nor that an event comes once: what is heard of a charge is decided by
the state it is in, and of a payout only that it is to be asked about. An event about nothing of
ours is heard and left.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import stripe as lib

from services.escrow.outside import Said
from services.escrow.outside.stripe import OURS
from shared.auth import Unauthenticated
from shared.errors import Malformed
from shared.money import CURRENCIES, Money

Object = Mapping[str, Any]


def hear(secrets: Sequence[str], header: str, body: bytes) -> Said | None:
    """Return what a webhook says; None: nothing that we have to know.

    :raises Unauthenticated: `bad_signature`, `old_signature`
    :raises Malformed: `malformed_json`
    """
    event = _verified(secrets, header, body)
    read = _EVENTS.get(event.type)
    try:
        return read(event.to_dict()["data"]["object"]) if read else None
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise Malformed("malformed_event", "the event cannot be read") from wrong


def _verified(secrets: Sequence[str], header: str, body: bytes) -> lib.Event:
    """Try each secret: one for the platform's own events, one for its accounts', and old ones."""
    refused = Unauthenticated("bad_signature", "the webhook is not signed by Stripe")
    for secret in secrets:
        try:
            event: lib.Event = lib.Webhook.construct_event(body, header, secret)
            return event
        except lib.SignatureVerificationError as why:
            if "Timestamp" in (why.user_message or ""):
                refused = Unauthenticated("old_signature", "it was signed too long ago")
        except ValueError as wrong:
            raise Malformed("malformed_json", "the body is not JSON") from wrong
    raise refused


def _id(of: Object) -> str:
    return str((of.get("metadata") or {}).get(OURS, ""))


def _money(amount: int, currency: str) -> Money:
    code = currency.upper()
    if code not in CURRENCIES:
        raise ValueError(f"{code} is no currency of ours")
    return Money(amount, code)


def _confirmed(intent: Object) -> Said | None:
    if not (id_ := _id(intent)):
        return None
    paid = _money(intent["amount_received"], intent["currency"])
    return Said(what="charge.confirmed", id=id_, ref=intent["id"], amount=paid)


def _declined(intent: Object) -> Said | None:
    if not (id_ := _id(intent)):
        return None
    why = intent.get("last_payment_error") or {}
    reason = why.get("message") or why.get("code") or intent.get("cancellation_reason")
    return Said(
        what="charge.declined",
        id=id_,
        ref=intent["id"],
        amount=_money(intent["amount"], intent["currency"]),
        reason=str(reason or "declined")[:500],
    )


def _payout(payout: Object) -> Said | None:
    return Said(what="payout.changed", id=id_) if (id_ := _id(payout)) else None


def _dispute(what: str) -> Callable[[Object], Said | None]:
    def read(dispute: Object) -> Said | None:
        if not dispute["payment_intent"]:
            return None
        return Said(
            what=what,
            ref=dispute["payment_intent"],
            amount=_money(dispute["amount"], dispute["currency"]),
            reason=str(dispute["reason"])[:500],
        )

    return read


_EVENTS: Mapping[str, Callable[[Object], Said | None]] = {
    "payment_intent.succeeded": _confirmed,
    "payment_intent.payment_failed": _declined,
    "payment_intent.canceled": _declined,
    "payout.paid": _payout,
    "payout.failed": _payout,
    "payout.canceled": _payout,
    "charge.dispute.funds_withdrawn": _dispute("charge.charged_back"),
    "charge.dispute.funds_reinstated": _dispute("charge.chargeback_reversed"),
}
"""Event types to be chosen for the endpoint at Stripe."""
