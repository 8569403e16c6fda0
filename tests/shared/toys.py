"""A toy aggregate that is moved by real events: a box that is packed, sent, and comes or fails."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import IndexModel

from shared import clock, ids
from shared.documents import Doc, Kind
from shared.errors import Conflict, Ignored
from shared.events import Event, Fact
from shared.moves import IGNORE, LATER, Moves, Outcome, heard
from shared.reactions import Change, Keep, Make, Project, Reactions

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def after(**time: float) -> datetime:
    """Return NOW and so much more."""
    return NOW + timedelta(**time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """`count` goes up with every move; `due` is when silence ends it."""

    id: str
    state: str = "packed"
    count: int = 0
    due: datetime | None = None
    owner: str | None = None


HEARD: Moves = {
    "payout.sent": {"packed": "sent", "sent": IGNORE, "came": IGNORE, "lost": IGNORE},
    "payout.paid": {"packed": LATER, "sent": "came", "came": IGNORE, "lost": IGNORE},
    "payout.failed": {"packed": LATER, "sent": "lost", "came": IGNORE, "lost": IGNORE},
}


def said(box: Box, about: str = "box") -> Fact:
    """Return the one fact that boxes say."""
    words = {"notification_id": box.id, "member_id": str(box.count), "about": about}
    return Fact("notification.made", words)


def move(box: Box, *, type_: str, now: datetime) -> Outcome[Box]:
    """Follow an event."""
    box = replace(box, state=heard(HEARD, box.state, type_), count=box.count + 1)
    return box, [said(box, type_)]


def bump(box: Box, *, now: datetime, by: int = 1) -> Outcome[Box]:
    """Count."""
    box = replace(box, count=box.count + by)
    return box, [said(box)]


def rest(box: Box, *, now: datetime) -> Outcome[Box]:
    """Change nothing and say nothing."""
    return box, []


def refuse(box: Box, *, now: datetime) -> Outcome[Box]:
    """Say no."""
    raise Conflict("no", "no")


def give(box: Box, *, now: datetime, to: str) -> Outcome[Box]:
    """Change the owner, of whom each has one box at most."""
    return replace(box, owner=to), []


def expire(box: Box, *, now: datetime) -> Outcome[Box]:
    """End what nobody has touched."""
    if box.due is None or now < box.due:
        raise Ignored("not_due", "there is time")
    box = replace(box, state="lost", due=None, count=box.count + 1)
    return box, [said(box, "silence")]


def _doc(box: Box) -> Doc:
    words = {"state": box.state, "count": box.count, "due": box.due, "owner": box.owner}
    return {"_id": box.id, **words}


def _box(doc: Doc) -> Box:
    names = ("state", "count", "due", "owner")
    return Box(id=doc["_id"], **{name: doc[name] for name in names})


def boxes(**more: Any) -> Kind[Box]:
    """Return the kind, changed by `more`."""
    how: dict[str, Any] = {
        "name": "box",
        "prefix": "box",
        "collection": "boxes",
        "to_doc": _doc,
        "from_doc": _box,
        "wake": lambda box: box.due,
        "on_wake": expire,
        "indexes": (
            IndexModel(
                [("owner", 1)],
                name="one_box",
                unique=True,
                partialFilterExpression={"owner": {"$type": "string"}},
            ),
        ),
        "uniques": {"one_box": ("has_a_box", "this owner has a box")},
    }
    return Kind(**{**how, **more})


BOXES = boxes()


def a_box(n: int | str = 1, **more: Any) -> Box:
    """Return a box; the same n is the same id."""
    return Box(id=ids.derived("box", str(n)), **more)


# what boxes hear


def an_event(type_: str, n: int | str = 1, *, id_: str | None = None, **more: Any) -> Event:
    """Return an event about the box n, as escrow would say it of a payout."""
    data = {
        "payout_id": ids.derived("box", str(n)),
        "member_id": "mem",
        "amount": {"amount": 1, "currency": "JPY"},
        **({"reason": "-"} if type_ == "payout.failed" else {}),
    }
    how: dict[str, Any] = {
        "id": id_ or ids.new("evt"),
        "type": type_,
        "source": "escrow",
        "subject": data["payout_id"],
        "time": clock.text(NOW),
        "version": 1,
        "data": data,
    }
    return Event(**{**how, **more})


def pack(event: Event, now: datetime) -> Outcome[Box]:
    """Make the box that an event names."""
    box = Box(id=event.data["payout_id"])
    return box, [said(box, "packed")]


def _of(event: Event) -> str:
    name: str = event.data["payout_id"]
    return name


def _type(event: Event) -> dict[str, str]:
    return {"type_": event.type}


_FOLLOW = Change(BOXES, id=_of, rule=move, words=_type)
_LIST = Keep("heard", lambda e: [{"_id": f"{e.id} list", "box": _of(e), "type": e.type}])
_KNOW = Project("known", lambda e: {"_id": _of(e), "version": e.version, "type": e.type})
REACTIONS: Reactions = {
    "payout.requested": (Make(BOXES, make=pack), _LIST, _KNOW),
    "payout.sent": (_FOLLOW, _LIST, _KNOW),
    "payout.paid": (_FOLLOW, _LIST, _KNOW),
    "payout.failed": (_FOLLOW, _KNOW),
}


def a_story(chance: random.Random, *, size: int, among: int) -> list[Event]:
    """Return events about some boxes in a wild order, some of them several times."""
    types = list(REACTIONS)
    events = [
        an_event(chance.choice(types), chance.randrange(among), version=chance.randrange(1, 9))
        for _ in range(size)
    ]
    events += chance.choices(events, k=size // 3)
    chance.shuffle(events)
    return events
