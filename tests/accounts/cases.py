"""Cases for the tests of accounts, and what the keepers of content say."""

from datetime import datetime, timedelta
from typing import Any

from services.accounts.domain.case import Case, Report
from shared import clock, ids
from shared.events import Event
from tests.accounts.builders import NOW, an_event

DAY = timedelta(days=1)
AUTHOR = ids.derived("mem", "author")
OPERATOR = ids.derived("mem", "operator")
UNTIL = NOW + DAY


def a_report(reporter: str = "mem_r", **change: Any) -> Report:
    said = {"id": ids.new("rep"), "reporter_id": reporter, "reason": "spam", "words": None}
    return Report(**{**said, "at": NOW, **change})


def a_case(state: str = "open", **change: Any) -> Case:
    """A message that was reported once, and what became of it."""
    words: dict[str, Any] = {
        "id": ids.new("cas"),
        "about_id": ids.new("msg"),
        "about_kind": "message",
        "opened_at": NOW,
        "state": state,
        "author_id": AUTHOR,
        "reports": (a_report(),),
    }
    if state in ("decided", "appealed", "closed"):
        decided = {"outcome": "removed", "reason": "spam", "decided_by": OPERATOR}
        words |= {**decided, "decided_at": NOW}
    if state == "appealed":
        words |= {"appeal": "it is none", "appealed_at": NOW}
    return Case(**{**words, **change})


def a_held_case(**change: Any) -> Case:
    """A message that is held, and that nobody reported."""
    how = {"is_held": True, "release_at": UNTIL, "reports": (), "findings": ("contact",)}
    return a_case(**{**how, **change})


def held(author: str, *, id: str = "", until: datetime = UNTIL, **change: Any) -> Event:
    """What contracts says of a message that it holds, or jobs of a job."""
    data: dict[str, Any] = {
        "content_id": id or ids.new("msg"),
        "content_kind": "message",
        "where_id": ids.new("con"),
        "author_id": author,
        "other_id": ids.new("mem"),
        "words": "LINEで話しましょう",
        "findings": ["contact"],
        "release_at": clock.text(until),
    }
    said = {**data, **change}
    kind = "posting" if said["content_kind"] == "job" else "message"
    return an_event(f"{kind}.held", data["content_id"], said)


def released(event: Event, by: str = "silence") -> Event:
    """What they say when they let go of it."""
    names = ("content_id", "content_kind", "where_id", "author_id")
    data = {name: event.data[name] for name in names}
    said = {**data, "other_id": event.data["other_id"], "by": by}
    return an_event(event.type.replace("held", "released"), event.subject, said)


def reported(case_id: str, about: str, author: str) -> Event:
    """What jobs says of a job that was reported."""
    data = {
        "case_id": case_id,
        "content_id": about,
        "content_kind": "job",
        "where_id": about,
        "author_id": author,
        "words": "簡単に稼げます",
    }
    return an_event("posting.reported", about, data)
