"""What one or many events lead to: the feed, what is closed, who is told.

Two workers may hear "made" and "moot" at the same moment. Whoever closes writes the tombstone
before it looks for notices, whoever makes a notice writes it before it looks for tombstones: one of
the two always sees the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notify import queries
from services.notify.domain import feed, notice, preferences
from services.notify.domain.notice import FOR_GOOD, Notice
from services.notify.domain.preferences import Preferences
from services.notify.records import FEED, NOTICES, PREFERENCES, TOMBSTONES, entry_doc
from services.notify.usecases import hooks
from shared import clock
from shared.documents import Context, Doc, Folded, Written, stamp
from shared.errors import Stale
from shared.events import Event
from shared.store import Done, Store


def tell(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep events in the feed, withdraw what they make moot, tell whom they concern.

    Hearing an event again changes nothing: every document's id comes from the event.
    """
    keep(store, events, now)
    close(store, events, now)
    make(store, [(event, made) for event in events for made in notice.made_of(event, now=now)], now)


def keep(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep events in the feed of the members they name, and for their webhooks."""
    # Read anew: the feed is read up to 2 s before now, and a batch's own `now` may be older.
    at = clock.now()
    entries = [feed.entry_of(event, now=at) for event in events]
    concerning = [entry for entry in entries if entry.concerns]
    store.keep(FEED.collection, [entry_doc(entry) for entry in concerning])
    hooks.hand_out(store, concerning, now)


def close(store: Store, events: Iterable[Event], now: datetime) -> None:
    """Leave a tombstone for each key that these events close, and withdraw its notices."""
    closed: dict[str, int] = {}
    for event in events:
        for key, version in notice.closed_by(event).items():
            closed[key] = max(version, closed.get(key, 0))
    if not closed:
        return
    store.project_many(TOMBSTONES, [{"_id": key, "version": v} for key, v in closed.items()])
    # Only this field is set, and no rule of a notice writes it: no race is lost to a reader.
    # A timer that has been claimed already sees it withdrawn, or loses nothing but its turn.
    store.mark(NOTICES.collection, _born_before(closed), {"withdrawn_at": now, "wake_at": None})


def _born_before(closed: Mapping[str, int]) -> Doc:
    for_good = [key for key, version in closed.items() if version == FOR_GOOD]
    rounds = [
        {"keys": key, "born": {"$lt": version}}
        for key, version in closed.items()
        if version != FOR_GOOD
    ]
    return {"withdrawn_at": None, "$or": [{"keys": {"$in": for_good}}, *rounds]}


def make(store: Store, told: Sequence[tuple[Event, Notice]], now: datetime) -> None:
    """Keep notices and say so; those whose key is closed already are never said."""
    if not told:
        return
    closed = _closed(store, told)
    moot = {made.id for _, made in told if notice.is_closed(made, closed)}
    born = [_born(event, made, now, is_moot=made.id in moot) for event, made in told]
    there_already = store.write_many(NOTICES, born, now=now)
    store.written(
        [
            Written(NOTICES.collection, folded.thing.id, folded.entries)
            for folded in born
            if folded.thing.id not in there_already
        ]
    )
    closed = _closed(store, told)
    late = [m.id for _, m in told if m.id not in moot and notice.is_closed(m, closed)]
    if late:
        where = {"_id": {"$in": late}, "withdrawn_at": None}
        store.mark(NOTICES.collection, where, {"withdrawn_at": now, "wake_at": None})


def _born(event: Event, made: Notice, now: datetime, *, is_moot: bool) -> Folded:
    if is_moot:
        moot = notice.born_moot(made, now=now)
        return Folded(thing=moot, doc=None, applied=1, entries=())
    context = Context(event.actor, event.correlation, event.traceparent)
    entries = stamp(notice.made(made), version=1, now=now, context=context)
    return Folded(thing=made, doc=None, applied=1, entries=entries)


def _closed(store: Store, told: Iterable[tuple[Event, Notice]]) -> dict[str, int]:
    keys = sorted({key for _, made in told for key in made.keys})
    if not keys:
        return {}
    found = store.db[TOMBSTONES].find({"_id": {"$in": keys}})
    return {doc["_id"]: doc["version"] for doc in found}


def prefer(
    store: Store, member_id: str, *, now: datetime, if_match: int | None, **words: Any
) -> Done[Preferences]:
    """Replace a member's preferences; those never set before are version 1.

    :raises Invalid: `cannot_be_switched_off`, `no_such_zone`
    :raises Stale: `if_match` is not their version
    """
    preferences.prefer(Preferences(id=member_id), now=now, **words)
    if if_match not in (None, queries.preferences(store, member_id).version):
        raise Stale("stale_version", "it has changed since you read it")
    store.create(PREFERENCES, Preferences(id=member_id), [], now=now)
    return store.change(
        PREFERENCES, member_id, preferences.prefer, now=now, if_match=if_match, **words
    )
