"""A chargeback: the client's bank takes a card payment back, and the client owes it.

The work goes on as funded. What is owed is taken from the client's wallet as soon as that holds it,
and until then they are paid out nothing. The bank may change its mind; an operator may write off.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.escrow.domain.posting import Decision, Entry, Line, wallet
from shared import moves
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, Moves

STATES = ("owed", "recovered", "reversed", "written_off")
MOVES: Moves = {
    "recover": {"owed": "recovered"},
    "write_off": {"owed": "written_off"},
}
HEARD: Moves = {
    "chargeback.reversed": {
        "owed": "reversed",
        "recovered": "reversed",
        "written_off": "reversed",
        "reversed": IGNORE,
    },
}
TRY_EVERY = timedelta(hours=1)
LOSSES = "losses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeback:
    """One payment that was taken back; `try_at` is when the wallet is looked at again."""

    id: str
    charge_id: str
    provider: str
    hold_id: str
    ref: str
    member_id: str
    title: str
    amount: Money
    reason: str
    received_at: datetime
    try_at: datetime | None
    state: str = "owed"

    @property
    def account(self) -> str:
        """Return the ledger account of what the member owes by it."""
        return f"receivable:{self.member_id}:{self.id}"

    @property
    def held(self) -> int:
        """Return what the ledger says of it: what is owed is less than nothing."""
        return -self.amount.amount if self.state == "owed" else 0


def receive(new: Chargeback) -> Decision[Chargeback]:
    """Book that a payment was taken back."""
    entry = _entry(new, "received", source=new.account, target=f"provider:{new.provider}")
    return new, [Fact("chargeback.received", {**_words(new), "reason": new.reason})], entry


def recover(owed: Chargeback, *, now: datetime) -> Decision[Chargeback]:
    """Take it from the wallet; the ledger refuses what the wallet does not hold.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, owed.state, "recover")
    return _resolved(owed, state, source=wallet(owed.member_id), target=owed.account)


def write_off(owed: Chargeback, *, now: datetime) -> Decision[Chargeback]:
    """Let an operator give it up: it is the platform's loss.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, owed.state, "write_off")
    return _resolved(owed, state, source=LOSSES, target=owed.account)


def reversed_(owed: Chargeback, *, now: datetime) -> Decision[Chargeback]:
    """Hear that the bank has given the money back after all.

    :raises Ignored: it was heard before
    """
    state = moves.heard(HEARD, owed.state, "chargeback.reversed")
    home = {"owed": owed.account, "recovered": wallet(owed.member_id), "written_off": LOSSES}
    source = f"provider:{owed.provider}"
    return _resolved(owed, state, source=source, target=home[owed.state])


def _resolved(owed: Chargeback, state: str, *, source: str, target: str) -> Decision[Chargeback]:
    done = replace(owed, state=state, try_at=None)
    fact = Fact("chargeback.resolved", {**_words(owed), "outcome": state})
    return done, [fact], _entry(owed, state, source=source, target=target)


def later(owed: Chargeback, *, now: datetime) -> tuple[Chargeback, list[Fact]]:
    """Look at the wallet again later."""
    return (replace(owed, try_at=now + TRY_EVERY) if owed.state == "owed" else owed), []


def _words(of: Chargeback) -> dict[str, Any]:
    return {
        "chargeback_id": of.id,
        "hold_id": of.hold_id,
        "ref": of.ref,
        "member_id": of.member_id,
        "title": of.title,
        "amount": of.amount.words(),
    }


def _entry(of: Chargeback, name: str, *, source: str, target: str) -> Entry:
    amount = of.amount.amount
    return Entry(
        id=f"{of.id}:{name}",
        kind=f"chargeback_{name}",
        subject=of.id,
        ref=of.ref,
        currency=of.amount.currency,
        cause=of.charge_id,
        lines=(Line(account=source, amount=-amount), Line(account=target, amount=amount)),
    )
