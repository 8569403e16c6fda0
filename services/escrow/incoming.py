"""Money that comes or goes without our asking: transfers, payouts given back, chargebacks."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from services.escrow import journal, ledger, queries
from services.escrow.domain import chargeback, deposit, funding, payout
from services.escrow.domain.chargeback import Chargeback
from services.escrow.domain.deposit import Deposit
from services.escrow.domain.payout import Payout
from services.escrow.records import CHARGEBACKS, DEPOSITS, HOLDS, PAYOUTS
from shared import clock, ids
from shared.documents import Done, Once
from shared.errors import Conflict, Ignored, Invalid, Unknown
from shared.money import Money
from shared.store import Store

# Transfers


def deposit_received(
    store: Store, provider: str, *, id_: str, reference: str, amount: Money, now: datetime
) -> None:
    """Book a transfer that a provider tells of, and fund with it what it is for.

    The same transfer told twice is one deposit: its id comes from the provider's.
    """
    hold = queries.hold_of_account(store, provider, reference)
    currency = hold.amount.currency if hold else amount.currency
    matched = hold if hold and currency == amount.currency else None
    decision = deposit.receive(
        ids.derived("dep", provider, id_),
        provider=provider,
        reference=reference,
        amount=amount,
        member_id=matched.client_id if matched else None,
        hold_id=matched.id if matched else None,
        now=now,
    )
    done = ledger.create(store, DEPOSITS, decision, now=now)
    apply_deposit(store, done.thing)


def apply_deposit(store: Store, of: Deposit) -> None:
    """Fund the hold of a transfer from the wallet that it is in, or leave it there."""
    if of.state != "received" or of.member_id is None:
        return
    now, reason = clock.now(), "no_hold"
    if of.hold_id is not None:
        try:
            ledger.change(store, HOLDS, of.hold_id, funding.by_transfer, deposit_id=of.id, now=now)
        except Conflict as why:
            reason = _why_not(why)
        if (entry := store.db[journal.ENTRIES].find_one({"_id": f"{of.hold_id}:fund"})) and (
            entry["cause"] == of.id
        ):
            pays = store.get(HOLDS, of.hold_id).quote.client_pays
            store.change(DEPOSITS, of.id, deposit.applied, pays=pays, now=now)
            return
    store.change(DEPOSITS, of.id, deposit.credited, reason=reason, now=now)


def _why_not(why: Conflict) -> str:
    if why.code == "wrong_state":
        return f"hold_{why.details['state']}"
    return {"insufficient_funds": "too_little"}.get(why.code, why.code)


def match_deposit(
    store: Store,
    id_: str,
    *,
    hold_id: str | None,
    member_id: str | None,
    once: Once | None,
    now: datetime,
) -> Done[Deposit]:
    """Let an operator say whose a deposit is: for a hold, or a member's.

    :raises Unknown: `no_such_deposit`, `no_such_hold`
    :raises Conflict: `wrong_state`
    :raises Invalid: `one_of_both`
    """
    if (hold_id is None) == (member_id is None):
        raise Invalid("one_of_both", "say the hold that it is for, or the member")
    owner = store.get(HOLDS, hold_id).client_id if hold_id else member_id
    done = ledger.change(
        store, DEPOSITS, id_, deposit.match, member_id=owner, hold_id=hold_id, once=once, now=now
    )
    apply_deposit(store, done.thing)
    now_ = store.load(DEPOSITS, id_)
    return Done(now_.thing, now_.version, done.replayed, done.answer)


# Payouts that come back when nobody is there any more


def set_aside(store: Store, id_: str, *, reason: str, now: datetime) -> Payout:
    """Let an operator move into suspense what came back for a member who had been erased.

    :raises Unknown: `no_such_payout`
    :raises Conflict: `not_erased`: it is its member's; `not_in_wallet`; `wrong_state`
    """
    back = store.get(PAYOUTS, id_)
    if not queries.is_erased(store.db, back.member_id):
        raise Conflict("not_erased", f"{back.member_id} has not been erased: it is theirs")
    if not queries.is_in_wallet(store.db, back):
        raise Conflict("not_in_wallet", "it never came back, was paid out again, or is set aside")
    done = ledger.change(store, PAYOUTS, id_, payout.set_aside, reason=reason, now=now)
    aside: Payout = done.thing
    return aside


# Chargebacks


def charged_back(
    store: Store, provider: str, *, charge_id: str, amount: Money, reason: str, now: datetime
) -> None:
    """Book that a card payment, or a part of it, was taken back; told twice, it is booked once.

    :raises Unknown: `no_such_charge`
    :raises Conflict: `amount_mismatch`, `not_confirmed`
    """
    hold = store.get(HOLDS, queries.hold_id_of_charge(store.db, charge_id))
    charge = funding.of(hold, charge_id)
    if charge.provider != provider:
        raise Unknown("no_such_charge", f"{provider} was never asked for this")
    if charge.state != "confirmed":
        raise Conflict("not_confirmed", "the charge has taken nothing")
    if amount.currency != charge.amount.currency or not 0 < amount.amount <= charge.amount.amount:
        raise Conflict("amount_mismatch", f"{charge.amount.amount} were charged")
    new = Chargeback(
        id=ids.derived("cbk", charge_id),
        charge_id=charge_id,
        provider=provider,
        hold_id=hold.id,
        ref=hold.ref,
        member_id=hold.client_id,
        title=hold.title,
        amount=amount,
        reason=reason,
        received_at=now,
        try_at=now,
    )
    recover(store, ledger.create(store, CHARGEBACKS, chargeback.receive(new), now=now).thing)


def chargeback_reversed(store: Store, *, charge_id: str, now: datetime) -> None:
    """Book that the bank gave it back; told twice, it is booked once.

    :raises Unknown: `no_such_chargeback`
    """
    with suppress(Ignored):
        id_ = ids.derived("cbk", charge_id)
        ledger.change(store, CHARGEBACKS, id_, chargeback.reversed_, now=now)


def recover(store: Store, owed: Chargeback) -> None:
    """Take what is owed from the wallet, or look again later."""
    now = clock.now()
    try:
        ledger.change(store, CHARGEBACKS, owed.id, chargeback.recover, now=now)
    except Conflict:
        store.change(CHARGEBACKS, owed.id, chargeback.later, now=now)


def refuse_debtors(store: Store, member_id: str) -> None:
    """Pass when a member owes nothing.

    :raises Conflict: `owes_money`
    """
    owed: Mapping[str, str] = {"member_id": member_id, "state": "owed"}
    if store.db[CHARGEBACKS.collection].find_one(dict(owed), {"_id": 1}):
        raise Conflict("owes_money", "a payment that was taken back is to be settled first")
