"""Reminders before silence has its consequence: how long before the deadline one is reminded.

A rung is passed over when the notice is born after it, and never climbed once the notice is moot or
its deadline is over. After a downtime one reminder stands for all that were missed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

_DAY = timedelta(days=1)

LADDER: Mapping[str, tuple[timedelta, ...]] = {
    "answer": (7 * _DAY, _DAY),
    "select": (7 * _DAY, _DAY),
    "fund": (6 * _DAY, 4 * _DAY, _DAY),
    "deliver": (3 * _DAY, _DAY),
    "inspect": (3 * _DAY, _DAY),
    "review": (3 * _DAY,),
}
"""What is to be done -> how long before its deadline one is reminded, longest first."""

OTHERS = (3 * _DAY, _DAY)
"""The same for what the table does not name."""

REMINDED_ELSEWHERE: Mapping[str, str] = {
    "contract.formed": "contracts says contract.reminded 1, 3 and 6 days after it was formed",
    "contract.reminded": "it is a reminder",
}
"""The types whose to-do has its ladder with its publisher, and why."""


def rungs(type_: str, action: str | None) -> tuple[timedelta, ...]:
    """Return how long before its deadline this to-do is reminded of, longest first."""
    if action is None or type_ in REMINDED_ELSEWHERE:
        return ()
    return LADDER.get(action, OTHERS)


def next_rung(
    type_: str, action: str | None, by: datetime | None, *, after: datetime
) -> datetime | None:
    """Return the first moment after `after` at which to remind; None when there is none left."""
    if by is None:
        return None
    times = (by - before for before in rungs(type_, action))
    return next((at for at in times if after < at), None)
