"""One aggregate is one document is one atomic write; nothing else writes.

`change` and `create` are the one write path. A caller's `Once` is spent only by success: its
receipt is
written with the change, or not at all. The shape of a document is in `shared.documents`.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pymongo import IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared import faults, ids
from shared.documents import (
    Doc,
    Done,
    Folded,
    Kind,
    Loaded,
    Once,
    Rule,
    Shelf,
    Thing,
    Written,
    bulk_operation,
    changing,
    newborn,
    own_indexes,
    receipt_of,
    same_words,
    stamp,
    together,
)
from shared.errors import Conflict, Stale, Unavailable, Unknown
from shared.events import Fact
from shared.mongo import Db, connect, insert_new, is_away, only_duplicates, write_bulk

__all__ = [
    "Db",
    "Doc",
    "Done",
    "Folded",
    "Kind",
    "Loaded",
    "Once",
    "Shelf",
    "Store",
    "Written",
    "connect",
    "ensure_indexes",
    "insert_new",
    "is_away",
    "only_duplicates",
]

CHANGE_TRIES = 12
MANY = 10
"""From so many changes on, one update for all is cheaper than one each."""

FACTS_NAME = (
    *("contract_id", "job_id", "offer_id", "proposal_id", "hold_id", "entry_id", "assignment_id"),
    *("listing_id", "payout_id", "chargeback_id", "deposit_id", "dispute_id", "extension_id"),
    *("question_id", "change_id", "ref"),
)
"""The words of facts that name a thing: by them a thing's story is found.

What their index costs, and what narrower ones would: docs/operations/README.md.
"""

FACTS_SHARDED_BY = "subject"
"""A thing's facts lie together: a timeline asks one shard, and a fact told twice meets itself."""

T = TypeVar("T", bound=Thing)


def ensure_indexes(db: Db, kinds: Iterable[Kind[Any]], shelves: Iterable[Shelf] = ()) -> None:
    """Create what the store, the kinds and the shelves need; harmless when it is there."""
    for kind in kinds:
        db[kind.collection].create_indexes([*own_indexes(kind), *kind.indexes])
    for shelf in shelves:
        db[shelf.collection].create_indexes([*shelf.indexes])
    named = {f"data.{name}": 1 for name in FACTS_NAME}
    db["facts"].create_indexes(
        [
            IndexModel([("subject", 1), ("version", 1), ("_id", 1)]),
            IndexModel([("$**", 1)], name="named", wildcardProjection=named),
        ]
    )
    db["revocations"].create_indexes([IndexModel([("until", 1)], expireAfterSeconds=3600)])
    waiting = [IndexModel([("state", 1), (by, 1)]) for by in ("due", "at")]
    db["deliveries"].create_indexes(waiting)


class Store:
    """One service's documents. `on_written` is told of facts that wait, right after the write."""

    def __init__(
        self, db: Db, source: str, on_written: Callable[[list[Written]], None] | None = None
    ) -> None:
        self.db = db
        self.source = source
        self.on_written = on_written

    # reading

    def find(self, kind: Kind[T], id_: str) -> Loaded[T] | None:
        """Return a thing with its version, or None."""
        doc = self.db[kind.collection].find_one({"_id": id_})
        return None if doc is None else Loaded(kind.from_doc(doc), doc["version"], doc)

    def load(self, kind: Kind[T], id_: str) -> Loaded[T]:
        """Return a thing with its version.

        :raises Unknown: `no_such_<kind>`
        """
        if (loaded := self.find(kind, id_)) is None:
            raise Unknown(f"no_such_{kind.name}", f"there is no such {kind.name}")
        return loaded

    def get(self, kind: Kind[T], id_: str) -> T:
        """Return a thing.

        :raises Unknown: `no_such_<kind>`
        """
        return self.load(kind, id_).thing

    def timeline(self, subject: str, collection: str) -> list[Doc]:
        """Return what an aggregate has said, oldest first, also what is still on its way."""
        # The outbox first: a fact goes from there to the facts, so it is seen in one of the two.
        doc = self.db[collection].find_one({"_id": subject}, {"outbox": 1}) or {}
        waiting = {
            entry["id"]: {**entry, "_id": entry["id"], "subject": subject}
            for entry in doc.get("outbox", [])
        }
        told = {fact["_id"]: fact for fact in self.db["facts"].find({"subject": subject})}
        return sorted({**waiting, **told}.values(), key=lambda f: (f["version"], f["_id"]))

    # the one write path

    def change(
        self,
        kind: Kind[T],
        id_: str,
        rule: Rule[T],
        *,
        now: datetime,
        once: Once | None = None,
        if_match: int | None = None,
        **words: Any,
    ) -> Done[T]:
        """Load a thing, apply a rule, keep what it decided; once, however often it is asked.

        A lost race is tried again on what the winner left.

        :raises Unknown: there is no such thing
        :raises Invalid: `idempotency_key_reused`: the same key came with other words
        :raises Stale: `if_match` is not its version
        :raises Conflict: a unique index of the kind is hit, with the code it names
        :raises Unavailable: races lost too often, or 500 facts of it wait for the broker
        """
        for attempt in range(CHANGE_TRIES):
            loaded = self.load(kind, id_)
            if once and (receipt := receipt_of(loaded.doc, once)):
                return Done(loaded.thing, loaded.version, True, receipt.get("answer", {}))
            if if_match is not None and if_match != loaded.version:
                raise Stale("stale_version", "it has changed since you read it")
            thing, facts = rule(loaded.thing, now=now, **words)
            if thing == loaded.thing and not facts and once is None:
                return Done(thing, loaded.version)
            if self._write(kind, loaded, thing, facts, once=once, now=now):
                return Done(thing, loaded.version + 1, False, once.answer if once else {})
            time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 5)))  # noqa: S311
        raise Unavailable(f"{kind.name} {id_} is contended")

    def _write(
        self,
        kind: Kind[T],
        loaded: Loaded[T],
        thing: T,
        facts: list[Fact],
        *,
        once: Once | None,
        now: datetime,
    ) -> bool:
        entries = stamp(facts, version=loaded.version + 1, now=now)
        update = changing(kind, loaded.doc, thing, entries, once=once, now=now)
        faults.point("before_write")
        try:
            result = self.db[kind.collection].update_one(
                {"_id": thing.id, "version": loaded.version}, update
            )
        except DuplicateKeyError as clash:
            raise _taken(kind, clash) or clash from None
        faults.point("after_write")
        if result.matched_count == 1:
            self.written([Written(kind.collection, thing.id, entries)])
            return True
        return False

    def create(
        self, kind: Kind[T], thing: T, facts: list[Fact], *, now: datetime, once: Once | None = None
    ) -> Done[T]:
        """Keep a new thing and its facts; once, however often it is asked.

        The same request (`once`) or the same id gives back what is there, `replayed`.

        :raises Invalid: `idempotency_key_reused`
        :raises Conflict: another unique index of the kind is hit, with the code it names
        """
        assert not (once and kind.sharded_by), "no request makes what is sharded"  # noqa: S101
        entries = stamp(facts, version=1, now=now)
        doc = newborn(kind, thing, entries, once=once)
        faults.point("before_write")
        try:
            self.db[kind.collection].insert_one(doc)
        except DuplicateKeyError as clash:
            return self._existing(kind, thing, once, clash)
        faults.point("after_write")
        self.written([Written(kind.collection, thing.id, entries)])
        return Done(thing, 1, False, once.answer if once else {})

    def _existing(
        self, kind: Kind[T], thing: T, once: Once | None, clash: DuplicateKeyError
    ) -> Done[T]:
        if once and (doc := self.db[kind.collection].find_one({"born_of.name": once.name})):
            same_words(doc["born_of"], once)
            return Done(kind.from_doc(doc), doc["version"], True, doc["born_of"].get("answer", {}))
        if once is None and (loaded := self.find(kind, thing.id)):
            return Done(loaded.thing, loaded.version, True)
        raise _taken(kind, clash) or clash from None

    def born(self, kind: Kind[T], once: Once) -> Done[T] | None:
        """Return what this very request made before, or None.

        For a creation whose rule would refuse by now (its own effect closed the door).

        :raises Invalid: `idempotency_key_reused`
        """
        doc = self.db[kind.collection].find_one({"born_of.name": once.name})
        if doc is None:
            return None
        same_words(doc["born_of"], once)
        return Done(kind.from_doc(doc), doc["version"], True, doc["born_of"].get("answer", {}))

    def written(self, writes: list[Written]) -> None:
        """Tell the publisher what waits; it never fails the write that has happened."""
        if self.on_written and (waiting := [w for w in writes if w.entries]):
            self.on_written(waiting)

    # many at once: the worker's engine

    def load_many(self, kind: Kind[T], ids_: Iterable[str]) -> dict[str, Loaded[T]]:
        """Return the things there are, by id, with one find."""
        found = self.db[kind.collection].find({"_id": {"$in": list(ids_)}})
        return {doc["_id"]: Loaded(kind.from_doc(doc), doc["version"], doc) for doc in found}

    def write_many(self, kind: Kind[Any], writes: Sequence[Folded], *, now: datetime) -> set[str]:
        """Write folded things together; return the ids that lost their race.

        Many changes are one update, a few are a bulk write, as what is new is. Each document
        carries the mark of the batch that wrote it last: the server counts the matches but does
        not say which, and only when the count is short is the mark looked for.
        """
        if not writes:
            return set()
        batch = ids.new("bat")
        old = [f for f in writes if f.doc is not None]
        # In a cluster an update of many may count a document twice that is just being moved.
        many = old if len(old) >= MANY and not kind.sharded_by else []
        operations = [bulk_operation(kind, f, batch, now) for f in writes if not many or not f.doc]
        collection = self.db[kind.collection]
        faults.point("before_write")
        count = write_bulk(collection, operations) if operations else 0
        for where, change in together(kind, many, batch, now):
            count += collection.update_many(where, change).modified_count
        faults.point("after_write")
        if count == len(writes):
            return set()
        every = [f.thing.id for f in writes]
        won = collection.find({"_id": {"$in": every}, "batch": batch}, {"_id": 1})
        return set(every) - {doc["_id"] for doc in won}

    # many alike of which anybody may take any: slots

    def mint(self, kind: Kind[Any], things: Iterable[Any]) -> None:
        """Keep many new things without facts; those that are there already stay as they are."""
        self.keep(kind.collection, [newborn(kind, thing, [], once=None) for thing in things])

    def claim(self, kind: Kind[T], where: Doc, set_: Doc, *, once: Once | None) -> T | None:
        """Take any one thing that fits, in one operation; None when none is left.

        `set_` are domain fields and `wake_at`. The same request gets the same thing by `born`.

        :raises Conflict: a unique index of the kind is hit, with the code it names
        :raises Invalid: `idempotency_key_reused`
        """
        change = dict(set_)
        if once:
            born = {"name": once.name, "hash": once.words_hash, "answer": dict(once.answer)}
            change["born_of"] = born
        faults.point("before_write")
        try:
            doc = self.db[kind.collection].find_one_and_update(
                where,
                {"$set": change, "$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as clash:
            if once and (there := self.born(kind, once)):
                return there.thing
            raise _taken(kind, clash) or clash from None
        faults.point("after_write")
        return None if doc is None else kind.from_doc(doc)

    def move(self, kind: Kind[Any], where: Doc, set_: Doc) -> int:
        """Set fields of all things that fit, each at once; a rule in hand loses its race."""
        change = {"$set": set_, "$inc": {"version": 1}}
        return self.db[kind.collection].update_many(where, change).modified_count

    # projections, and documents that are no aggregates

    def project(self, collection: str, doc: Doc) -> None:
        """Keep what another service said of itself; an older version never overwrites a newer."""
        self.project_many(collection, [doc])

    def project_many(self, collection: str, docs: Sequence[Doc]) -> None:
        """Keep many projections with one unordered bulk write."""
        operations = [
            UpdateOne(
                {"_id": doc["_id"]},
                [{"$replaceWith": {"$cond": [_is_newer(doc), {"$literal": doc}, "$$ROOT"]}}],
                upsert=True,
            )
            for doc in docs
        ]
        if operations:
            self.db[collection].bulk_write(operations, ordered=False)

    def keep(self, collection: str, docs: Sequence[Doc]) -> None:
        """Insert documents that never change; those that are there already stay as they are."""
        if docs:
            insert_new(self.db[collection], docs)

    def mark(self, collection: str, where: Doc, set_: Doc) -> int:
        """Set fields of documents that are no aggregates; return how many matched."""
        return self.db[collection].update_many(where, {"$set": set_}).matched_count


def _taken(kind: Kind[Any], clash: DuplicateKeyError) -> Conflict | None:
    """Return the refusal that the kind names for the index that was hit."""
    message = str((clash.details or {}).get("errmsg", ""))
    for index, (code, detail) in kind.uniques.items():
        if f"index: {index} " in message:
            return Conflict(code, detail)
    return None


def _is_newer(doc: Doc) -> Doc:
    return {"$lt": [{"$ifNull": ["$version", -1]}, doc["version"]]}
