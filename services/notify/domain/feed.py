"""The feed: what happened, shown to those whom it concerns, and only what is theirs to see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events import Event

ONE_SIDE_ONLY: Mapping[str, str] = {
    "client_pays": "client_id",
    "client_gets": "client_id",
    "method": "client_id",
    "worker_gets": "worker_id",
    "fee": "worker_id",
}
"""Words about one side's own money -> the word that names whose they are.

How a dispute divides a hold is said with such words, too, and is for both sides to see.
"""
UNSEEN = frozenset(
    {
        *("digest.due", "report.made"),
        *("message.held", "proposal.held", "question.held", "posting.held"),
        *("message.reported", "proposal.reported", "question.reported"),
        *("posting.reported", "entry.reported"),
    }
)
"""Types that nobody sees: a matter of this service alone, or of the operators."""
OWN = frozenset({"member.blocked", "member.unblocked"})
"""Types that concern who did it, and nobody else whom they name."""
AUTHORS = frozenset(
    f"{topic}.{what}"
    for topic in ("message", "proposal", "question", "posting")
    for what in ("released", "removed")
)
"""What became of a text that was held or reported: its author alone learns that it was."""
FOR_BOTH = frozenset({"dispute.proposed", "dispute.settled", "dispute.decided"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as the feed keeps it; `kept_at` orders the feed."""

    id: str
    type: str
    subject: str
    time: str
    kept_at: datetime
    concerns: tuple[str, ...]
    data: Mapping[str, Any]


def entry_of(event: Event, *, now: datetime) -> Entry:
    """Return the event as it is kept."""
    return Entry(
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        kept_at=now,
        concerns=_concerned(event),
        data=dict(event.data),
    )


def _concerned(event: Event) -> tuple[str, ...]:
    if event.type in UNSEEN:
        return ()
    if event.type in AUTHORS:
        return (event.data["author_id"],)
    return (event.data["member_id"],) if event.type in OWN else concerned(event.data)


def concerned(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the members whom an event concerns: those it names, in the order of their ids."""
    named = {
        value
        for word, value in data.items()
        if word.endswith("_id") and isinstance(value, str) and value.startswith("mem_")
    }
    return tuple(sorted(named))


def seen_by(entry: Entry, member_id: str) -> dict[str, Any]:
    """Return the words of an event without what is only for the other side."""
    if entry.type in FOR_BOTH:
        return dict(entry.data)
    return {
        word: value
        for word, value in entry.data.items()
        if word not in ONE_SIDE_ONLY or entry.data.get(ONE_SIDE_ONLY[word]) == member_id
    }
