"""Money that comes by bank transfer to a virtual account, and that nobody can send back.

Each hold that is to be paid so has an account number of its own. What comes in is the client's: it
goes to their wallet, and from there into the hold if that still waits and the wallet holds enough.
Money to a number that nobody has waits in suspense until an operator says whose it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.escrow.domain.posting import Decision, Entry, Line, wallet
from shared import moves
from shared.events import Fact
from shared.money import Money
from shared.moves import Moves, Outcome

STATES = ("unmatched", "received", "applied", "credited")
MOVES: Moves = {
    "match": {"unmatched": "received"},
    "apply": {"received": "applied"},
    "keep": {"received": "credited"},
}
TRY_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """One incoming transfer; `try_at` is when it is to be put into its hold."""

    id: str
    provider: str
    reference: str
    amount: Money
    received_at: datetime
    state: str
    member_id: str | None = None
    hold_id: str | None = None
    try_at: datetime | None = None

    @property
    def account(self) -> str:
        """Return the ledger account where it waits while it is nobody's."""
        return f"suspense:{self.id}"

    @property
    def held(self) -> int:
        """Return what waits there, in minor units."""
        return self.amount.amount if self.state == "unmatched" else 0


def receive(
    id_: str,
    *,
    provider: str,
    reference: str,
    amount: Money,
    member_id: str | None,
    hold_id: str | None,
    now: datetime,
) -> Decision[Deposit]:
    """Book an incoming transfer: into the wallet of whose account it is, else into suspense."""
    deposit = Deposit(
        id=id_,
        provider=provider,
        reference=reference,
        amount=amount,
        received_at=now,
        state="received" if member_id else "unmatched",
        member_id=member_id,
        hold_id=hold_id,
        try_at=now if member_id else None,
    )
    target = wallet(member_id) if member_id else deposit.account
    entry = _entry(deposit, "deposit", source=f"provider:{provider}", target=target)
    facts = [] if member_id else [Fact("deposit.unmatched", _unmatched(deposit))]
    return deposit, facts, entry


def match(
    deposit: Deposit, *, member_id: str, hold_id: str | None, now: datetime
) -> Decision[Deposit]:
    """Let an operator say whose money it is.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, deposit.state, "match")
    found = replace(deposit, state=state, member_id=member_id, hold_id=hold_id, try_at=now)
    return found, [], _entry(found, "match", source=deposit.account, target=wallet(member_id))


def applied(deposit: Deposit, *, pays: Money, now: datetime) -> Outcome[Deposit]:
    """Note that its hold was funded with it; what it was too much stays in the wallet."""
    state = moves.next_state(MOVES, deposit.state, "apply")
    done = replace(deposit, state=state, try_at=None)
    if deposit.amount <= pays:
        return done, []
    return done, [_credited(deposit, deposit.amount - pays, "too_much")]


def credited(deposit: Deposit, *, reason: str, now: datetime) -> Outcome[Deposit]:
    """Note that it stays in the wallet, and why."""
    state = moves.next_state(MOVES, deposit.state, "keep")
    done = replace(deposit, state=state, try_at=None)
    return done, [_credited(deposit, deposit.amount, reason)]


def _words(deposit: Deposit, amount: Money) -> dict[str, Any]:
    return {"deposit_id": deposit.id, "provider": deposit.provider, "amount": amount.words()}


def _unmatched(deposit: Deposit) -> dict[str, Any]:
    return {**_words(deposit, deposit.amount), "reference": deposit.reference}


def _credited(deposit: Deposit, amount: Money, reason: str) -> Fact:
    who = {"member_id": deposit.member_id, "hold_id": deposit.hold_id, "reason": reason}
    return Fact("deposit.credited", {**_words(deposit, amount), **who})


def _entry(deposit: Deposit, name: str, *, source: str, target: str) -> Entry:
    amount = deposit.amount.amount
    return Entry(
        id=f"{deposit.id}:{name}",
        kind="deposit",
        subject=deposit.id,
        ref=deposit.hold_id or deposit.id,
        currency=deposit.amount.currency,
        cause=deposit.reference if name == "deposit" else "matched",
        lines=(Line(account=source, amount=-amount), Line(account=target, amount=amount)),
    )
