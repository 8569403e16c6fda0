"""The shape of a document: `{_id, ...domain fields, version, wake_at, outbox, receipts, born_of}`.

* `version`   every write is conditional on it and raises it
* `outbox`    facts not yet confirmed by the broker: `{id, type, time, version, actor, ..., data}`
* `receipts`  the requests that changed it: `{name, hash, answer, at}`, kept 24 h or longer
* `born_of`   the request that made it, under a unique index, never evicted
* `wake_at`   when silence next has a consequence; the worker's sweep looks here

Everything here is pure: what to write is computed, `shared.store` writes it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog
from pymongo import ASCENDING, IndexModel, InsertOne, UpdateOne

from shared import catalog, ids
from shared.errors import Invalid, Unavailable
from shared.events import Fact
from shared.moves import Outcome

RECEIPTS_KEPT = timedelta(hours=24)
RECEIPTS_MAX = 500
OUTBOX_MAX = 500

Doc = dict[str, Any]


class Thing(Protocol):
    """What a rule works on: plain frozen data with an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Thing)
Rule = Callable[..., Outcome[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """How one kind of aggregate is kept.

    `to_doc` gives the domain fields with `_id`; `wake` says when silence has a consequence and
    `on_wake(thing, *, now)` is the rule of that moment; `uniques` names the refusal for each unique
    index: `{"one_proposal": ("already_proposed", "you have proposed already")}`.

    `sharded_by` names the field by whose hash `./dev ops shard` spreads the documents. They are
    made by events alone, then: a request is kept under a unique index, which shards cannot share.
    """

    name: str
    prefix: str
    collection: str
    to_doc: Callable[[T], Doc]
    from_doc: Callable[[Doc], T]
    wake: Callable[[T], datetime | None] | None = None
    on_wake: Rule[T] | None = None
    indexes: tuple[IndexModel, ...] = ()
    uniques: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sharded_by: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection of documents that are no aggregates: projections, one document per fact."""

    collection: str
    indexes: tuple[IndexModel, ...]
    sharded_by: str = ""


@dataclass(frozen=True, slots=True)
class Once:
    """The name of a request, the hash of its words, and what it is answered with when it succeeds.

    `answer` is kept and given back when the same request comes again: status, location, ids.
    """

    name: str
    words_hash: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A thing as it was read, and the document it came from."""

    thing: T
    version: int
    doc: Doc


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a write led to; `replayed` when the same request had been done before."""

    thing: T
    version: int
    replayed: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Facts that one write put into one document's outbox and that wait to be published."""

    collection: str
    id: str
    entries: Sequence[Doc]


@dataclass(frozen=True, slots=True)
class Context:
    """Who caused a fact and within which request."""

    actor: str = "system"
    correlation: str = ""
    traceparent: str = ""

    @classmethod
    def present(cls) -> "Context":
        """Return what the edge has bound for this unit of work."""
        bound = structlog.contextvars.get_contextvars()
        return cls(
            actor=str(bound.get("actor") or "system"),
            correlation=str(bound.get("correlation") or bound.get("request_id") or ""),
            traceparent=str(bound.get("traceparent") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A thing after several events were folded into it; `doc` None: it is new."""

    thing: Any
    doc: Doc | None
    applied: int
    entries: Sequence[Doc]


def own_indexes(kind: Kind[Any]) -> list[IndexModel]:
    """Return the indexes that an aggregate's collection has beside the kind's own.

    Partial by `$exists`: a comparison does not imply a `$type`, and would scan the collection.
    """
    waiting = IndexModel(
        [("outbox.time", ASCENDING)],
        name="outbox_waiting",
        partialFilterExpression={"outbox.time": {"$exists": True}},
    )
    wake = IndexModel(
        [("wake_at", ASCENDING)],
        name="wake",
        partialFilterExpression={"wake_at": {"$exists": True}},
    )
    born = IndexModel(
        [("born_of.name", ASCENDING)],
        name="born",
        unique=True,
        partialFilterExpression={"born_of.name": {"$exists": True}},
    )
    return [waiting, wake] if kind.sharded_by else [waiting, wake, born]


def stamp(
    facts: Iterable[Fact], *, version: int, now: datetime, context: Context | None = None
) -> list[Doc]:
    """Return outbox entries of these facts, checked against the catalog.

    :raises ValueError: a fact breaks its publisher's words (a bug)
    """
    who = context or Context.present()
    entries = []
    for fact in facts:
        catalog.said(fact.type, fact.data)
        entries.append(
            {
                "id": ids.new("evt"),
                "type": fact.type,
                "time": now,
                "version": version,
                "actor": who.actor,
                "correlation": who.correlation,
                "traceparent": who.traceparent,
                "data": dict(fact.data),
            }
        )
    return entries


def bulk_operation(
    kind: Kind[Any], folded: Folded, batch: str, now: datetime
) -> UpdateOne | InsertOne[Doc]:
    """Return the operation of a bulk write that keeps a folded thing."""
    if folded.doc is None:
        doc = newborn(kind, folded.thing, folded.entries, once=None)
        return InsertOne({**doc, "version": folded.applied, "batch": batch})
    update = changing(kind, folded.doc, folded.thing, folded.entries, once=None, now=now)
    update["$set"]["version"] = folded.doc["version"] + folded.applied
    update["$set"]["batch"] = batch
    return UpdateOne({"_id": folded.thing.id, "version": folded.doc["version"]}, update)


def together(
    kind: Kind[Any], some: Sequence[Folded], batch: str, now: datetime
) -> list[tuple[Doc, list[Doc]]]:
    """Return updates of many: which documents, and how each is rewritten if it has not moved on.

    One update for all that lose the same fields: each document finds its own change by its place in
    a list, and stays as it is when its version is another. It costs the server a third of one
    update each, conditional on its version.
    """
    alike: dict[tuple[str, ...], list[tuple[str, Doc]]] = {}
    for folded in some:
        assert folded.doc is not None, "what is new is inserted"  # noqa: S101
        update = changing(kind, folded.doc, folded.thing, folded.entries, once=None, now=now)
        gone = tuple(update.get("$unset", ()))
        alike.setdefault(gone, []).append((folded.thing.id, _change(folded, update, batch)))
    return [_rewriting(dict(group), gone) for gone, group in alike.items()]


def _change(folded: Folded, update: Doc, batch: str) -> Doc:
    before = (folded.doc or {})["version"]
    new = {**update["$set"], "version": before + folded.applied, "batch": batch}
    new.pop("outbox", None)  # entries are added to what waits there by then
    return {"was": before, "set": new, "said": list(folded.entries)}


def _rewriting(changes: Mapping[str, Doc], gone: tuple[str, ...]) -> tuple[Doc, list[Doc]]:
    ids_ = list(changes)
    place = {"$indexOfArray": [{"$literal": ids_}, "$_id"]}
    said = {"outbox": {"$concatArrays": ["$outbox", "$$its.said"]}}
    new: Doc = {"$mergeObjects": ["$$ROOT", "$$its.set", said]}
    for name in gone:
        new = {"$unsetField": {"field": name, "input": new}}
    is_ours = {"$eq": ["$version", "$$its.was"]}
    its = {"$arrayElemAt": [{"$literal": list(changes.values())}, place]}
    changed = {"$let": {"vars": {"its": its}, "in": {"$cond": [is_ours, new, "$$ROOT"]}}}
    return {"_id": {"$in": ids_}}, [{"$replaceWith": changed}]


def newborn(kind: Kind[T], thing: T, entries: Sequence[Doc], *, once: Once | None) -> Doc:
    """Return the first document of a thing."""
    doc = {**kind.to_doc(thing), "version": 1, "outbox": list(entries), "receipts": []}
    if kind.wake and (at := kind.wake(thing)):
        doc["wake_at"] = at
    if once:
        doc["born_of"] = {
            "name": once.name,
            "hash": once.words_hash,
            "answer": dict(once.answer),
        }
    return doc


def changing(
    kind: Kind[T], old: Doc, thing: T, entries: Sequence[Doc], *, once: Once | None, now: datetime
) -> Doc:
    """Return the update from an old document to what a rule decided; it never rewrites the outbox.

    :raises Unavailable: the broker has been away so long that 500 facts of it wait
    """
    if len(old.get("outbox", ())) + len(entries) > OUTBOX_MAX:
        raise Unavailable(f"{kind.name} {thing.id} has {OUTBOX_MAX} facts waiting for the broker")
    new = kind.to_doc(thing)
    set_ = {name: value for name, value in new.items() if name not in old or old[name] != value}
    set_["version"] = old["version"] + 1
    unset: Doc = {name: "" for name in ("leased_until", "wake_tries") if name in old}
    at = kind.wake(thing) if kind.wake else None
    if at is not None:
        set_["wake_at"] = at
    elif "wake_at" in old:
        unset["wake_at"] = ""
    update: Doc = {"$set": set_}
    if unset:
        update["$unset"] = unset
    push: Doc = {}
    if entries and not old.get("outbox"):
        # An empty outbox stays empty at this version, and setting costs the server less.
        set_["outbox"] = list(entries)
    elif entries:
        push["outbox"] = {"$each": list(entries)}
    if once:
        _add_receipt(old, once, now, set_=set_, push=push)
    if push:
        update["$push"] = push
    return update


def _add_receipt(old: Doc, once: Once, now: datetime, *, set_: Doc, push: Doc) -> None:
    """Push the receipt, or set the list anew without those past their time.

    Setting is safe: the write is conditional on the version, and every receipt raises it.
    """
    receipt = {"name": once.name, "hash": once.words_hash, "answer": dict(once.answer), "at": now}
    there = old.get("receipts", [])
    fresh = [r for r in there if r["at"] > now - RECEIPTS_KEPT]
    if len(fresh) >= RECEIPTS_MAX:
        raise Unavailable(f"{old['_id']} was changed {RECEIPTS_MAX} times within a day")
    if len(fresh) < len(there):
        set_["receipts"] = [*fresh, receipt]
    else:
        push["receipts"] = receipt


def receipt_of(doc: Doc, once: Once) -> Doc | None:
    """Return the receipt of this very request, if it has changed or made the document.

    :raises Invalid: `idempotency_key_reused`
    """
    if (born := doc.get("born_of")) and born["name"] == once.name:
        same_words(born, once)
        return dict(born)
    for receipt in doc.get("receipts", ()):
        if receipt["name"] == once.name:
            same_words(receipt, once)
            return dict(receipt)
    return None


def same_words(receipt: Mapping[str, Any], once: Once) -> None:
    """Pass when the request came with the words it came with before.

    :raises Invalid: `idempotency_key_reused`
    """
    if receipt["hash"] != once.words_hash:
        raise Invalid(
            "idempotency_key_reused", "this Idempotency-Key came before, with other words"
        )
