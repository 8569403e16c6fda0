"""What one side asks of the other about a milestone: a later deadline, another part, a change.

An ask waits for the other side and lapses by silence; nothing changes before it is agreed to.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.money import Money
from shared.moves import Moves, next_state

KEPT_MAX = 50
"""Asks kept with a contract; the oldest that are over go first (their facts stay)."""

STATES = ("asked", "agreed", "refused", "lapsed")
MOVES: Moves = {
    "agree": {"asked": "agreed"},
    "refuse": {"asked": "refused"},
    "lapse": {"asked": "lapsed"},  # the timer: answer_by; or the milestone is over
}
FAULTS = ("late", "incomplete", "defective", "not_as_agreed", "smaller_scope")
"""Why a worker may be paid less than agreed; without one of them nobody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`kind` is extension, add, change or rate; `by` the asking role; what is None stays as it is.

    Of a rate `amount` is that of an hour, `cap_hours` what a week has at most.
    """

    id: str
    kind: str
    by: str
    reason: str
    asked_at: datetime
    answer_by: datetime
    n: int | None = None
    title: str | None = None
    amount: Money | None = None
    deliver_by: datetime | None = None
    fault: str | None = None
    cap_hours: int | None = None
    state: str = "asked"
    answered_at: datetime | None = None


def other(role: str) -> str:
    """Return the other side."""
    return "worker" if role == "client" else "client"


def answered(ask: Ask, move: str, now: datetime) -> Ask:
    """Return the ask after `agree`, `refuse` or `lapse`.

    :raises Conflict: `wrong_state`: it has been answered
    """
    return replace(ask, state=next_state(MOVES, ask.state, move), answered_at=now)


def with_ask(asks: tuple[Ask, ...], new: Ask) -> tuple[Ask, ...]:
    """Return the asks with this one in its place, or at the end; old ones that are over go."""
    if any(a.id == new.id for a in asks):
        return tuple(new if a.id == new.id else a for a in asks)
    over = [a.id for a in asks if a.state != "asked"]
    gone = set(over[: max(0, len(asks) + 1 - KEPT_MAX)])
    return (*(a for a in asks if a.id not in gone), new)


def lapsed(asks: tuple[Ask, ...], now: datetime) -> tuple[Ask, ...]:
    """Return the asks after the contract has ended or is disputed: none waits any more."""
    return tuple(answered(a, "lapse", now) if a.state == "asked" else a for a in asks)


def waiting(asks: tuple[Ask, ...]) -> list[Ask]:
    """Return the asks that wait for an answer, the most urgent first."""
    return sorted((a for a in asks if a.state == "asked"), key=lambda a: a.answer_by)
