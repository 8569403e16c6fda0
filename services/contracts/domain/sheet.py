"""A line of a time sheet: a document of its own, made of the fact in which the contract took it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.errors import Ignored
from shared.events import Event
from shared.moves import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Time of one day and what it was for; what was taken off the sheet stays, as `removed`."""

    id: str
    contract_id: str
    n: int
    day: str
    minutes: int
    note: str
    at: datetime
    state: str = "noted"


def of_fact(event: Event, now: datetime) -> Outcome[Line]:
    """Make the line that `time.noted` says (our own fact, heard as the repair)."""
    return of(event.data, now)


def of(said: Mapping[str, Any], now: datetime) -> Outcome[Line]:
    """Return the line from the words of its fact."""
    line = Line(
        id=said["time_id"],
        contract_id=said["contract_id"],
        n=said["milestone"],
        day=said["day"],
        minutes=said["minutes"],
        note=said["note"],
        at=now,
    )
    return line, []


def remove(line: Line, *, now: datetime) -> Outcome[Line]:
    """Hear that the line was taken off the sheet.

    :raises Ignored: it was heard before
    """
    if line.state == "removed":
        raise Ignored("removed", "it is off the sheet already")
    return replace(line, state="removed"), []
