"""What is more than one rule on one document: what providers are asked for and answer."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.escrow import incoming, ledger, providers, queries
from services.escrow.domain import funding, payout
from services.escrow.domain.charge import Charge
from services.escrow.domain.hold import Hold
from services.escrow.domain.payout import Payout
from services.escrow.outside import Answer, Asked, Destination, Said
from services.escrow.records import CHARGEBACKS, DEPOSITS, HOLDS, PAYOUTS
from shared import clock, faults, ids, leaving
from shared.documents import Doc, Done, Kind, Once
from shared.errors import Conflict, Crossing, Ignored, Refused, Unavailable, Unknown
from shared.money import Money
from shared.store import Store, is_away

log = structlog.get_logger(__name__)

ASK_LEASE = timedelta(seconds=60)  # longer than all calls about one thing may take
ASK_MAX = 200
ASK_S = 5.0
"""A provider that is slow to answer does not keep the sweep from its other work for longer."""


# Funding


def fund(
    store: Store, id_: str, *, by: str, method: str, once: Once, now: datetime, source: str = ""
) -> Done[Hold]:
    """Fund a hold from the client's wallet or card (`source`: what the provider's form gave).

    The intent of a charge is kept before the provider is asked. When the provider does not know
    yet, the hold is still `opened`, its `next` is the system's, and the worker asks again. A charge
    that only waits for the client's browser is given up for the new one.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `out_of_turn`, `funding_in_progress`, `insufficient_funds`,
        `card_declined`
    :raises Invalid: `method_not_available`
    """
    about, charge_id = store.get(HOLDS, id_), ids.derived("chg", id_, once.name)
    if queries.out_of_turn(store.db, [about]):
        raise Conflict("out_of_turn", "an earlier milestone waits for its money")
    if by == about.client_id and (open_ := about.asked) and open_.secret and open_.id != charge_id:
        _give_up(store, about, open_)
    if method == "wallet":
        return ledger.change(store, HOLDS, id_, funding.from_wallet, by=by, once=once, now=now)
    if method == "bank_transfer":
        provider = providers.default()
        words: dict[str, Any] = {"by": by, "provider": provider.name}
        words["number"] = provider.account(id_)
        return store.change(HOLDS, id_, funding.await_transfer, **words, once=once, now=now)
    done = store.change(
        HOLDS,
        id_,
        funding.charge,
        by=by,
        charge_id=charge_id,
        provider=providers.default().name,
        source=source,
        once=once,
        now=now,
    )
    if funding.of(done.thing, charge_id).state == "asked":
        ask_for_charge(store, done.thing, charge_id)
    return _funded(store, id_, charge_id, done)


def _funded(store: Store, id_: str, charge_id: str, done: Done[Hold]) -> Done[Hold]:
    now_ = store.load(HOLDS, id_)
    charge = funding.of(now_.thing, charge_id)
    if charge.state == "declined":
        raise Conflict("card_declined", charge.reason)
    return Done(now_.thing, now_.version, done.replayed, done.answer)


def ask_for_charge(store: Store, about: Hold, charge_id: str) -> None:
    """Ask the provider for a charge that was intended, and keep the answer."""
    charge = funding.of(about, charge_id)
    provider = providers.named(charge.provider)
    faults.point("before_outside")
    answer = provider.charge(_asked_of(about, charge))
    faults.point("after_outside")
    charge_answered(store, about.id, charge_id, answer, now=clock.now())


def _give_up(store: Store, about: Hold, charge: Charge) -> None:
    answer = providers.named(charge.provider).give_up(_asked_of(about, charge))
    charge_answered(store, about.id, charge.id, answer, now=clock.now())


def _asked_of(about: Hold, charge: Charge) -> Asked:
    return Asked(
        id=charge.id,
        amount=charge.amount,
        since=charge.asked_at,
        at=clock.now(),
        about=f"{about.ref} {about.title}"[:200],
        source=charge.source,
        ref=charge.ref,
    )


def charge_answered(
    store: Store, id_: str, charge_id: str, answer: Answer, *, now: datetime
) -> None:
    """Keep what a provider said of a charge; said twice, it is kept once."""
    words: dict[str, Any] = {"charge_id": charge_id, "ref": answer.ref, "now": now}
    with suppress(Ignored):
        if answer.state == "confirmed":
            ledger.change(store, HOLDS, id_, funding.confirmed, **words)
        elif answer.state == "declined":
            store.change(HOLDS, id_, funding.declined, reason=answer.reason, **words)
        else:
            store.change(HOLDS, id_, funding.unanswered, secret=answer.secret, **words)


# Payouts


def request_payout(
    store: Store,
    *,
    by: str,
    amount: Money,
    minimum: Mapping[str, int],
    once: Once,
    now: datetime,
) -> Done[Payout]:
    """Take a payout out of the wallet; the worker sends it to the provider.

    :raises Invalid: `currency_not_offered`, `below_minimum`
    :raises Conflict: `insufficient_funds`, `owes_money`, `no_destination`
    """
    incoming.refuse_debtors(store, by)
    provider = providers.default()
    to = queries.destination_of(store.db, provider.name, by)
    if not to and provider.destination("").state == "missing":
        raise Conflict("no_destination", "say first where to: POST /v1/payouts/destination")
    words: dict[str, Any] = {"amount": amount, "provider": provider.name, "to": to}
    if leaving.is_leaving(store.db, by):
        minimum = dict.fromkeys(minimum, 1)  # or what is less would be theirs for ever
    decision = payout.request(ids.new("pay"), by=by, minimum=minimum, now=now, **words)
    return ledger.create(store, PAYOUTS, decision, once=once, now=now)


def payout_answered(store: Store, id_: str, answer: Answer, *, now: datetime) -> None:
    """Keep what a provider said of a payout; said twice, it is kept once."""
    with suppress(Ignored):
        if answer.state == "paid":
            ledger.change(store, PAYOUTS, id_, payout.paid, now=now)
        elif answer.state == "failed":
            done = ledger.change(store, PAYOUTS, id_, payout.failed, reason=answer.reason, now=now)
            if queries.is_erased(store.db, done.thing.member_id):
                log.warning("payout_stranded", id=id_, member=done.thing.member_id)
        elif answer.state == "sent":
            store.change(PAYOUTS, id_, payout.sent, ref=answer.ref, now=now)
        else:
            not_now = answer.state == "not_now"
            store.change(PAYOUTS, id_, payout.unanswered, not_now=not_now, now=now)


def ask_for_payout(store: Store, about: Payout) -> None:
    """Send a payout to the provider, or ask how a sent one stands, and keep the answer."""
    provider, sent = providers.named(about.provider), about.state != "requested"
    asked = Asked(
        id=about.id,
        amount=about.amount,
        since=about.requested_at,
        at=clock.now(),
        ref=about.ref,
        to=about.to,
        sent=sent,
        attempt=about.attempt,
    )
    faults.point("before_outside")
    answer = provider.payout(asked)
    faults.point("after_outside")
    if sent and answer.state == "sent":
        answer = Answer("unknown")
    payout_answered(store, about.id, answer, now=clock.now())


# Where members are paid out to


def destination(store: Store, member_id: str) -> Destination:
    """Say whether a member can be paid out to.

    :raises Unavailable: the provider does not answer
    """
    provider = providers.default()
    return provider.destination(queries.destination_of(store.db, provider.name, member_id))


def onboard(store: Store, member_id: str, return_url: str) -> Destination:
    """Return where a member tells the provider where to pay out to; their account is kept.

    :raises Unavailable: the provider does not answer
    """
    provider = providers.default()
    known = queries.destination_of(store.db, provider.name, member_id)
    found = provider.onboard(member_id, known, return_url)
    if found.ref and found.ref != known:
        id_ = queries.destination_id(provider.name, member_id)
        store.keep(queries.DESTINATIONS, [{"_id": id_, "ref": found.ref}])
    return found


# A provider's own word


def hear(store: Store, provider: str, said: Said, *, now: datetime) -> None:
    """Keep what a provider's webhook says; said twice, it is kept once.

    :raises Unknown: `no_such_charge`, `no_such_payout`, `no_such_chargeback`
    :raises Conflict: `amount_mismatch`, `not_confirmed`
    """
    about, _, what = said.what.partition(".")
    if said.what == "payout.changed":
        ask_for_payout(store, store.get(PAYOUTS, said.id))
        return
    assert said.amount is not None  # noqa: S101
    if about == "deposit":
        of: dict[str, Any] = {"id_": said.id, "reference": said.reference, "amount": said.amount}
        incoming.deposit_received(store, provider, **of, now=now)
        return
    charge_id = said.id or queries.charge_of(store.db, said.ref)
    if what == "charged_back":
        incoming.charged_back(
            store,
            provider,
            charge_id=charge_id,
            amount=said.amount,
            reason=said.reason,
            now=now,
        )
    elif what == "chargeback_reversed":
        incoming.chargeback_reversed(store, charge_id=charge_id, now=now)
    else:
        answer = Answer(what, said.reason, said.ref)
        provider_said(store, provider, id_=charge_id, amount=said.amount, answer=answer, now=now)


def provider_said(
    store: Store, provider: str, *, id_: str, amount: Money, answer: Answer, now: datetime
) -> None:
    """Keep what a provider's webhook says of a charge (`chg_...`) or payout (`pay_...`).

    :raises Unknown: `no_such_charge`, `no_such_payout`
    :raises Conflict: `amount_mismatch`: it speaks of another amount than we asked for
    """
    if id_.startswith("pay_"):
        asked_payout = store.get(PAYOUTS, id_)
        _same(provider, amount, asked_payout.provider, asked_payout.amount)
        payout_answered(store, id_, answer, now=now)
        return
    hold_id = queries.hold_id_of_charge(store.db, id_)
    asked = funding.of(store.get(HOLDS, hold_id), id_)
    _same(provider, amount, asked.provider, asked.amount)
    charge_answered(store, hold_id, id_, answer, now=now)


def _same(provider: str, amount: Money, asked_of: str, asked_for: Money) -> None:
    if provider != asked_of:
        raise Unknown("no_such_charge", f"{provider} was never asked for this")
    if amount != asked_for:
        raise Conflict("amount_mismatch", f"{asked_for.amount} {asked_for.currency} was asked for")


# The worker's sweep


def ask_providers(store: Store, now: datetime) -> int:
    """Ask providers about what they have not answered; return how many were asked.

    What is not asked within `ASK_S` is asked by the next sweep. Each is asked under a short lease
    by one worker; a provider that does not answer is asked again when the lease has ended.
    """
    return (
        _ask_due(store, HOLDS, _ask_about_hold, now)
        + _ask_due(store, PAYOUTS, ask_for_payout, now)
        + _ask_due(store, DEPOSITS, incoming.apply_deposit, now)
        + _ask_due(store, CHARGEBACKS, incoming.recover, now)
    )


def _ask_about_hold(store: Store, about: Hold) -> None:
    if about.asked:
        ask_for_charge(store, about, about.asked.id)


def _ask_due(
    store: Store, kind: Kind[Any], ask: Callable[[Store, Any], None], now: datetime
) -> int:
    free: Doc = {"wake_at": {"$lte": now}, "leased_until": {"$not": {"$gt": now}}}
    due = store.db[kind.collection].find(free, {"_id": 1}).sort("wake_at", 1).limit(ASK_MAX)
    asked, until = 0, time.monotonic() + ASK_S
    for doc in list(due):
        if time.monotonic() > until:
            break
        lease = {"leased_until": now + ASK_LEASE}
        if not store.mark(kind.collection, {"_id": doc["_id"], **free}, lease):
            continue
        try:
            ask(store, store.get(kind, doc["_id"]))
            asked += 1
        except (Refused, Crossing, Unavailable) as why:
            log.warning("provider_not_asked", id=doc["_id"], why=str(why))
        except Exception as wrong:
            if is_away(wrong):
                raise
            log.exception("provider_failed", id=doc["_id"])
    return asked
