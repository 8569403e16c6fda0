"""The ledger: a hold's or payout's change and its journal entry, in one transaction.

A hold's or payout's document is the balance of `hold:*` and `payout:*`; wallets have a balance
document, guarded in the same transaction. The platform's own accounts (`fees`, `tax:*`,
`provider:*`) have none: every posting would wait for the one before it. They are summed from the
journal (`services.escrow.proof`).

A transaction has as few round trips as it can (balances read, things, balances, entries, commit),
so up to 50 postings share one. It is the one place outside `shared.store` that writes.
"""

import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import pymongo
from pymongo import InsertOne, ReadPreference, UpdateOne, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from services.escrow import journal, plan
from services.escrow.domain.posting import Decision
from services.escrow.plan import Posting, Raced, Verdict
from services.escrow.together import Group
from shared import faults
from shared.documents import (
    Context,
    Doc,
    Done,
    Kind,
    Loaded,
    Once,
    Written,
    changing,
    newborn,
    receipt_of,
    stamp,
)
from shared.errors import Crossing, Ignored, Refused, Unavailable
from shared.store import Db, Store, only_duplicates

BATCH_MAX = 50
TRANSACTION_S = 4.0
TRIES_MAX = 12


MoneyRule = Callable[..., Decision[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to happen to one thing: a rule about money, its words, and who caused it.

    `posts`: the entry by which a part leaves it, when the thing itself does not remember its parts.
    """

    id: str
    rule: MoneyRule
    posts: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    context: Context | None = None


# Deciding and posting


def change(
    store: Store,
    kind: Kind[Any],
    id_: str,
    rule: MoneyRule,
    *,
    now: datetime,
    once: Once | None = None,
    **words: Any,
) -> Done[Any]:
    """Load a thing, apply a rule about money, post what it decided; once, as `store.change` does.

    :raises Refused: no such thing, `idempotency_key_reused`, `insufficient_funds`, the rule's own
    :raises Unavailable: races lost too often
    """
    return _change(store, kind, Wish(id=id_, rule=rule, words=words), once=once, now=now)


def _change(
    store: Store, kind: Kind[Any], wish: Wish, *, now: datetime, once: Once | None = None
) -> Done[Any]:
    for attempt in range(TRIES_MAX):
        if attempt and wish.posts and store.db[journal.ENTRIES].find_one({"_id": wish.posts}):
            raise Ignored("posted", f"{wish.posts} was posted by somebody else meanwhile")
        loaded = store.load(kind, wish.id)
        if once and (receipt := receipt_of(loaded.doc, once)):
            return Done(loaded.thing, loaded.version, True, receipt.get("answer", {}))
        posting = _decide(kind, loaded, wish, once=once, now=now)
        verdict = _group(store).submit(posting, now)
        if isinstance(verdict, Done):
            return verdict
        if isinstance(verdict, Refused):
            raise verdict
        time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 5)))  # noqa: S311
    raise Unavailable(f"{kind.name} {wish.id} is contended")


def create(
    store: Store,
    kind: Kind[Any],
    decision: Decision[Any],
    *,
    now: datetime,
    once: Once | None = None,
) -> Done[Any]:
    """Keep a new thing and post its entry; the same request gives back what it made before.

    :raises Invalid: `idempotency_key_reused`
    :raises Conflict: `insufficient_funds`
    """
    thing, facts, entry = decision
    outbox = stamp(facts, version=1, now=now)
    entries = (entry,) if entry else ()
    posting = Posting(kind=kind, thing=thing, outbox=outbox, entries=entries, once=once)
    for _attempt in range(TRIES_MAX):
        verdict = _group(store).submit(posting, now)
        if isinstance(verdict, Done):
            return verdict
        # Looked for only now: the unique index keeps what came before from being made again, and
        # money it has taken may be why this is refused.
        if once and (born := store.born(kind, once)):
            return born
        if isinstance(verdict, Refused):
            raise verdict
        if once is None and (loaded := store.find(kind, thing.id)):
            return Done(loaded.thing, loaded.version, True)
    raise Unavailable(f"{kind.name} {thing.id} is contended")


def change_many(store: Store, kind: Kind[Any], wishes: Sequence[Wish], *, now: datetime) -> None:
    """Grant many wishes, up to 50 in one transaction.

    What a rule ignores is done. Everything that can be done is, before the first refusal is
    raised: nobody waits for somebody else's.

    :raises Refused, NotYet: what the first that was refused was told
    """
    alone: list[Wish] = []
    for start in range(0, len(wishes), BATCH_MAX):
        alone += _together(store, kind, wishes[start : start + BATCH_MAX], now)
    first: Exception | None = None
    for wish in alone:
        try:
            _change(store, kind, wish, now=now)
        except Ignored:
            continue
        except (Refused, Crossing) as why:
            first = first or why
    if first is not None:
        raise first


def _together(store: Store, kind: Kind[Any], wishes: Sequence[Wish], now: datetime) -> list[Wish]:
    """Grant what can be granted at once; return what is to be tried one at a time."""
    there = store.load_many(kind, {w.id for w in wishes})
    postings: dict[str, Posting] = {}
    by_thing: dict[str, list[Wish]] = {}
    alone = []
    for wish in wishes:
        try:
            if wish.id in postings:
                postings[wish.id] = _folded(kind, postings[wish.id], wish, now=now)
            elif wish.id in there:
                postings[wish.id] = _decide(kind, there[wish.id], wish, now=now)
            else:
                alone.append(wish)
                continue
        except Ignored:
            continue
        except (Refused, Crossing):
            alone.append(wish)
            continue
        by_thing.setdefault(wish.id, []).append(wish)
    verdicts = post_batch(store, [*postings.values()], now=now)
    for id_, verdict in zip(postings, verdicts, strict=True):
        if not isinstance(verdict, Done):
            alone += by_thing[id_]
    return alone


def _decide(
    kind: Kind[Any], loaded: Loaded[Any], wish: Wish, *, now: datetime, once: Once | None = None
) -> Posting:
    thing, facts, entry = wish.rule(loaded.thing, now=now, **wish.words)
    outbox = stamp(facts, version=loaded.version + 1, now=now, context=wish.context)
    entries = (entry,) if entry else ()
    return Posting(
        kind=kind, thing=thing, outbox=outbox, entries=entries, old=loaded.doc, once=once
    )


def _folded(kind: Kind[Any], first: Posting, wish: Wish, *, now: datetime) -> Posting:
    """Apply one more wish to a thing that others of the same batch have moved."""
    thing, facts, entry = wish.rule(first.thing, now=now, **wish.words)
    more = stamp(facts, version=first.version, now=now, context=wish.context)
    entries = (*first.entries, entry) if entry else first.entries
    return replace(first, thing=thing, outbox=[*first.outbox, *more], entries=entries)


# The transaction


def _group(store: Store) -> Group:
    """Return where this store's postings gather."""
    with _groups_lock:
        if (found := _groups.get(store)) is None:
            weak = weakref.ref(store)  # else the group would keep its own key alive
            _groups[store] = found = Group(partial(_post_for, weak), BATCH_MAX)
        return found


def _post_for(
    store: "weakref.ref[Store]", postings: Sequence[Posting], now: datetime
) -> list[Verdict]:
    there = store()
    assert there is not None  # noqa: S101
    return post_batch(there, postings, now=now)


_groups: "weakref.WeakKeyDictionary[Store, Group]" = weakref.WeakKeyDictionary()
_groups_lock = threading.Lock()


def post_batch(store: Store, postings: Sequence[Posting], *, now: datetime) -> list[Verdict]:
    """Write up to 50 postings in one transaction, each whole or not at all.

    One that its wallet does not hold is refused `insufficient_funds` and the others are written.
    When one has raced, none is written and each is tried in a transaction of its own.

    :raises Unavailable: another transaction held on for longer than `TRANSACTION_S`
    :raises PyMongoError: the database is away
    """
    assert len(postings) <= BATCH_MAX, f"{len(postings)} postings in one transaction"  # noqa: S101
    if not postings:
        return []
    journal.prepare(store.db)
    try:
        verdicts = _transaction(store.db, postings, now)
    except Raced as raced:
        if len(postings) == 1:
            return [raced]
        return [post_batch(store, [p], now=now)[0] for p in postings]
    written = zip(postings, verdicts, strict=True)
    store.written(
        [
            Written(p.kind.collection, p.thing.id, p.outbox)
            for p, verdict in written
            if isinstance(verdict, Done)
        ]
    )
    return verdicts


def _transaction(db: Db, postings: Sequence[Posting], now: datetime) -> list[Verdict]:
    with pymongo.timeout(TRANSACTION_S), db.client.start_session() as session:
        try:
            verdicts = session.with_transaction(
                lambda held: _post(db, held, postings, now),
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern("majority"),
                read_preference=ReadPreference.PRIMARY,
            )
        except (DuplicateKeyError, BulkWriteError) as wrong:
            raise _meaning(wrong) from wrong
        except PyMongoError as wrong:
            if wrong.has_error_label("TransientTransactionError") and not wrong.timeout:
                raise Unavailable("another transaction holds on to the same things") from wrong
            raise
    faults.point("after_commit")
    return verdicts


def _meaning(wrong: PyMongoError) -> Exception:
    if isinstance(wrong, BulkWriteError) and not only_duplicates(wrong):
        return wrong
    return Raced(str(wrong))


def _post(
    db: Db, session: ClientSession, postings: Sequence[Posting], now: datetime
) -> list[Verdict]:
    there = _read_balances(db, session, postings)
    planned = plan.of(postings, there, now)
    if not planned.granted:
        return planned.verdicts
    _write_things(db, session, planned.granted, now)
    _write_balances(db, session, there, planned.balances)
    if planned.entries:
        db[journal.ENTRIES].insert_many(planned.entries, session=session)
    faults.point("before_commit")
    return planned.verdicts


def _read_balances(db: Db, session: ClientSession, postings: Sequence[Posting]) -> dict[str, Doc]:
    moved = journal.guarded_lines(entry for p in postings for entry in p.entries)
    if not moved:
        return {}
    found = db[journal.BALANCES].find({"_id": {"$in": sorted(moved)}}, session=session)
    return {doc["_id"]: doc for doc in found}


def _write_things(
    db: Db, session: ClientSession, granted: Sequence[Posting], now: datetime
) -> None:
    operations: dict[str, list[UpdateOne | InsertOne[Doc]]] = {}
    for posting in granted:
        operations.setdefault(posting.kind.collection, []).append(_operation(posting, now))
    for collection, these in operations.items():
        result = db[collection].bulk_write(these, ordered=False, session=session)
        if result.matched_count + result.inserted_count != len(these):
            raise Raced(f"one of {len(these)} {collection} has moved on")


def _operation(posting: Posting, now: datetime) -> UpdateOne | InsertOne[Doc]:
    kind, thing, old, once = posting.kind, posting.thing, posting.old, posting.once
    if old is None:
        return InsertOne(newborn(kind, thing, posting.outbox, once=once))
    update = changing(kind, old, thing, posting.outbox, once=once, now=now)
    return UpdateOne({"_id": thing.id, "version": old["version"]}, update)


def _write_balances(
    db: Db, session: ClientSession, there: Mapping[str, Doc], new: Mapping[str, Doc]
) -> None:
    operations: list[UpdateOne | InsertOne[Doc]] = [
        UpdateOne({"_id": id_, "n": there[id_]["n"]}, {"$set": doc})
        if id_ in there
        else InsertOne(doc)
        for id_, doc in new.items()
    ]
    if not operations:
        return
    result = db[journal.BALANCES].bulk_write(operations, ordered=False, session=session)
    if result.matched_count + result.inserted_count != len(operations):
        raise Raced("a balance has moved on")
