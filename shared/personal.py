"""What a service holds of its members: what each may take along, and what goes when they leave.

A service has one table in `services/<name>/personal.py`: `PARTS`, what is exported of each of its
collections, `EXEMPT`, the collections of which nothing is, each with its reason, and `WIPES`, what
is removed of somebody who is erased. A collection in neither of the first two fails a test.

Only a member's own words and facts about them are exported: of others no more than ids.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import clock
from shared.documents import Doc, Kind
from shared.mongo import Db
from shared.store import Store

BATCH = 200
"""So many documents are in memory at one time, however much there is."""
SHARED = {
    "facts": "what the things in this export have said, of which they are the present state",
    "deliveries": "messages between the services on their way; gone when they are done",
    "revocations": "until when tokens are refused, for minutes",
    "leases": "which process does what at this moment",
    "members": "a copy of what accounts exports",
    "departures": "how far somebody's leaving is: accounts shows it under /v1/me",
}
"""Collections that several services have and of which nothing is exported, with the reason."""

Where = Callable[[Db, str], Iterable[Doc]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is exported of one collection: `fields` of the documents that `find` gives.

    `find` answers filters, each of which an index serves; `say` makes of a document what its fields
    alone do not say.
    """

    kind: str
    collection: str
    find: Where
    fields: tuple[str, ...]
    say: Callable[[Doc, str], Doc] = lambda doc, _member_id: doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Wipe:
    """What is set in the documents that `find` gives; `kind` when they are aggregates."""

    collection: str
    find: Where
    set: Mapping[str, Any]
    kind: Kind[Any] | None = None


def by(field: str, **more: Any) -> Where:
    """Return a filter: the documents in which this field names the member."""
    return lambda _db, member_id: [{field: member_id, **more}]


def within(source: str, where: Where, field: str, **more: Any) -> Where:
    """Return filters: the documents in which this field names one of what `where` gives."""

    def find(db: Db, member_id: str) -> Iterator[Doc]:
        for filter_ in where(db, member_id):
            batch: list[str] = []
            for doc in db[source].find(filter_, {"_id": 1}, batch_size=BATCH):
                batch.append(doc["_id"])
                if len(batch) == BATCH:
                    yield {field: {"$in": batch}, **_filled(more, member_id)}
                    batch = []
            if batch:
                yield {field: {"$in": batch}, **_filled(more, member_id)}

    return find


ME = object()
"""In the words of `within`: the member themselves."""


def _filled(more: Mapping[str, Any], member_id: str) -> Doc:
    return {name: member_id if value is ME else value for name, value in more.items()}


def lines(
    db: Db, service: str, parts: Iterable[Part], member_id: str, now: datetime
) -> Iterator[Doc]:
    """Yield an export line by line: who and when, `{kind, data}` of everything, and how many."""
    yield {"kind": "export", "data": {"service": service, "member_id": member_id, "at": plain(now)}}
    count = 0
    for part in parts:
        for where in part.find(db, member_id):
            for doc in db[part.collection].find(where, batch_size=BATCH):
                data = part.say({"id": doc["_id"], **_of(doc, part.fields)}, member_id)
                yield {"kind": part.kind, "data": plain(data)}
                count += 1
    yield {"kind": "end", "data": {"lines": count}}


def _of(doc: Doc, fields: tuple[str, ...]) -> Doc:
    return {name: doc[name] for name in fields if name in doc}


def plain(value: Any) -> Any:
    """Return what MongoDB gave as plain JSON: times in RFC 3339, whole numbers."""
    if isinstance(value, datetime):
        return clock.text(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def wipe(store: Store, wipes: Iterable[Wipe], member_id: str) -> None:
    """Remove what is personal of somebody who has gone; again changes nothing more."""
    for one in wipes:
        for where in one.find(store.db, member_id):
            if one.kind is not None:
                store.move(one.kind, where, dict(one.set))
            else:
                store.mark(one.collection, where, dict(one.set))
    # What somebody said of themselves may wait here; by now it would say what is gone.
    waiting = {"event.subject": member_id, "type": {"$in": ["member.registered", "member.changed"]}}
    gone = {"state": "dropped", "event.data": "{}", "reason": "erased", "stack": ""}
    store.mark("deliveries", waiting, gone)
