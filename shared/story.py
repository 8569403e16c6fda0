"""Everything that happened to one thing, across the services, as one timeline; only read.

A thing's own facts are found by their subject; those of others by an id in their words. From a
contract the story goes on to its holds and offers, from a job to its proposals and slots: one step
from the asked thing, never to members, whose other affairs do not belong here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared import clock, ids
from shared.documents import Doc
from shared.store import FACTS_NAME, Db

PARTS_OF: Mapping[str, tuple[str, ...]] = {
    "con": ("hld", "off", "chb"),
    "job": ("pro", "asg", "ent", "hld", "qst"),
    "hld": ("chb", "dep"),
    "off": (),
}
"""From a thing of this kind the story goes on to things of those kinds."""
TOLD_MAX = 20_000


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One thing that happened, or that waits."""

    at: datetime
    id: str
    service: str = field(compare=False)
    what: str = field(compare=False)
    about: str = field(compare=False)
    by: str = field(compare=False)
    correlation: str = field(compare=False)
    words: Mapping[str, Any] = field(compare=False)
    waits: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Story:
    """The lines in the order of time, and the ids of everything they are about."""

    lines: list[Line]
    about: frozenset[str]


def tell(dbs: Mapping[str, Db], id_: str, also: Iterable[str] = ()) -> Story:
    """Return the story of a thing, `also` of these; services' databases by name."""
    about = {id_, *also}
    facts = {name: _facts(db, about) for name, db in dbs.items()}
    kinds = PARTS_OF.get(id_.partition("_")[0], ())
    parts = {one for some in facts.values() for f in some for one in _named(f, kinds)} - about
    about |= parts
    lines = []
    for name, db in dbs.items():
        own = facts[name] + _facts(db, parts)
        once = {fact["_id"]: fact for fact in own}
        lines += [_line(name, fact) for fact in once.values()]
        lines += _outboxes(name, db, about, known=once.keys())
        lines += _deliveries(name, db, about)
    return Story(sorted(lines), frozenset(about))


def _facts(db: Db, about: set[str]) -> list[Doc]:
    some = {"$in": sorted(about)}
    where = {"$or": [{"subject": some}, *({f"data.{name}": some} for name in FACTS_NAME)]}
    return list(db["facts"].find(where).limit(TOLD_MAX))


def _named(fact: Doc, kinds: tuple[str, ...]) -> Iterator[str]:
    """Yield the ids of these kinds that a fact speaks of."""
    for value in (fact["subject"], *_texts(fact["data"])):
        if ids.PATTERN.fullmatch(value) and value.partition("_")[0] in kinds:
            yield value


def _texts(words: Any) -> Iterator[str]:
    if isinstance(words, str):
        yield words
    elif isinstance(words, Mapping):
        for value in words.values():
            yield from _texts(value)
    elif isinstance(words, list):
        for value in words:
            yield from _texts(value)


def _line(service: str, fact: Doc, waits: str = "") -> Line:
    return Line(
        at=fact["time"],
        id=fact["_id"],
        service=service,
        what=fact["type"],
        about=fact["subject"],
        by=fact["actor"],
        correlation=fact["correlation"],
        words=fact["data"],
        waits=waits,
    )


def _outboxes(service: str, db: Db, about: set[str], known: Any) -> Iterator[Line]:
    """Yield facts that the broker has not taken yet."""
    for name in db.list_collection_names():
        where = {"_id": {"$in": sorted(about)}, "outbox.time": {"$exists": True}}
        for doc in db[name].find(where, {"outbox": 1}):
            for entry in doc["outbox"]:
                fact = {**entry, "_id": entry["id"], "subject": doc["_id"]}
                if entry["id"] not in known:
                    yield _line(service, fact, waits="for the broker")


def _deliveries(service: str, db: Db, about: set[str]) -> Iterator[Line]:
    """Yield events that this service has heard and not done, and timers that fail."""
    for doc in db["deliveries"].find({"type": {"$ne": ""}}):
        event = doc.get("event") or _timer(doc)
        if event["subject"] in about or any(id_ in event["data"] for id_ in about):
            fact = {
                **event,
                "_id": doc["_id"],
                "time": doc["at"],
                "data": {"reason": doc["reason"]},
            }
            again = f", again at {clock.text(doc['due'])}" if doc.get("due") else ""
            yield _line(service, fact, waits=f"{doc['state']}{again}")


def _timer(doc: Doc) -> Doc:
    subject = doc["_id"].removesuffix(" wake")
    return {
        "type": doc["type"],
        "subject": subject,
        "actor": "system",
        "correlation": "",
        "data": "",
    }
