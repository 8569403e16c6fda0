"""What nobody asks for: facts that were left behind, deliveries that are due, timers.

Each runs about twice a second in a thread of every worker; any number of workers may sweep.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from pymongo import ReturnDocument

from shared import deliveries, engine, faults, leases, relay, tracing
from shared.bus import Publisher
from shared.documents import Doc, Kind, Once, Written
from shared.errors import Crossing
from shared.reactions import Reactions
from shared.store import Db, Store, is_away

log = structlog.get_logger(__name__)

OUTBOX_AGE = timedelta(seconds=2)
OUTBOX_DOCS = 500
OUTBOX_S = 2.0
"""For all kinds of a service together less than the lease of 10 s."""
UNROUTABLE_WAIT = timedelta(seconds=10)
TIMERS_MAX = 200
TIMER_LEASE = timedelta(seconds=30)
DELIVERIES_MAX = 200


def outbox(
    db: Db, publisher: Publisher, source: str, kinds: Iterable[Kind[Any]], now: datetime
) -> int:
    """Publish facts that have waited for 2 s; one worker at a time, under a lease.

    After a broker's absence all that waits is told in one go, for `OUTBOX_S` a kind.
    """
    if not publisher.is_ready or not leases.hold(db, "outbox", now=now):
        return 0
    return sum(_outbox_of(db, publisher, source, kind, now) for kind in kinds)


def _outbox_of(db: Db, publisher: Publisher, source: str, kind: Kind[Any], now: datetime) -> int:
    told, end_at = 0, time.monotonic() + OUTBOX_S
    for writes, sent in relay.publish_each(db, publisher, source, _waiting(db, kind, now)):
        told += len(sent.confirmed)
        if sent.unroutable:
            stuck = [w.id for w in writes if any(e["id"] in sent.unroutable for e in w.entries)]
            later = {"$set": {"unroutable_until": now + UNROUTABLE_WAIT}}
            db[kind.collection].update_many({"_id": {"$in": stuck}}, later)
        if not sent.confirmed or time.monotonic() > end_at:
            break
    return told


def _waiting(db: Db, kind: Kind[Any], now: datetime) -> Iterator[list[Written]]:
    """Yield what waits, in batches: from first to last, each document once."""
    where = {
        "outbox.time": {"$lte": now - OUTBOX_AGE},
        "unroutable_until": {"$not": {"$gt": now}},
    }
    with db[kind.collection].find(where, {"outbox": 1}, batch_size=OUTBOX_DOCS) as docs:
        while batch := list(islice(docs, OUTBOX_DOCS)):
            yield [Written(kind.collection, doc["_id"], doc["outbox"]) for doc in batch]


def due_deliveries(store: Store, reactions: Reactions, now: datetime) -> int:
    """Try again what is due; one event at a time, each under its own short lease."""
    for count in range(DELIVERIES_MAX):
        event = deliveries.claim_due(store.db, now=now)
        if event is None:
            return count
        try:
            with tracing.hearing([event], store.source) as (heard, _):
                engine.handle_one(store, reactions, heard[0], now=now)
        except Exception as why:
            if is_away(why):
                raise
            deliveries.failed(store.db, event, why, now=now)
        else:
            deliveries.done(store.db, event.id)
            log.info(
                "retried",
                id=event.id,
                type=event.type,
                tries=event.tries,
                actor=event.actor,
                correlation=event.correlation,
            )
    return DELIVERIES_MAX


def timers(store: Store, kinds: Iterable[Kind[Any]], now: datetime) -> int:
    """Let silence have its consequence: apply `on_wake` to everything whose time has come."""
    return sum(_timers_of(store, kind, now) for kind in kinds if kind.on_wake)


def _timers_of(store: Store, kind: Kind[Any], now: datetime) -> int:
    due: Doc = {"wake_at": {"$lte": now}, "leased_until": {"$not": {"$gt": now}}}
    count = 0
    while count < TIMERS_MAX:
        some = store.db[kind.collection].find(due, {"_id": 1}).sort("wake_at", 1)
        found = list(some.limit(TIMERS_MAX - count))
        went_off = sum(_claimed(store, kind, doc["_id"], due, now) for doc in found)
        if not went_off:
            break  # none is due, or other sweepers have them
        count += went_off
    return count


def _claimed(store: Store, kind: Kind[Any], id_: str, due: Doc, now: datetime) -> bool:
    """Claim one timer and let it go off; False when another sweeper has it.

    By its id: in a cluster the documents of a kind lie on several shards.
    """
    doc = store.db[kind.collection].find_one_and_update(
        {"_id": id_, **due},
        {"$set": {"leased_until": now + TIMER_LEASE}, "$inc": {"wake_tries": 1}},
        projection={"wake_at": 1, "wake_tries": 1},
        return_document=ReturnDocument.AFTER,
    )
    if doc is None:
        return False
    faults.point("timer_claimed")
    _wake(store, kind, doc, now)
    return True


def _wake(store: Store, kind: Kind[Any], doc: Doc, now: datetime) -> None:
    assert kind.on_wake is not None, "only kinds with a timer are swept"  # noqa: S101
    if doc["wake_tries"] > deliveries.TRIES_MAX:
        # Said before it runs: it may be what ends its process.
        _timer_failed(store, kind, doc, TimeoutError("it is due and is not done"), now)
    once = Once(f"{doc['_id']} wake {doc['wake_at'].isoformat()}")
    try:
        store.change(kind, doc["_id"], kind.on_wake, once=once, now=now)
    except Crossing as why:
        # Somebody moved it between the claim and the write: its new timer stands.
        moved = {"_id": doc["_id"], "wake_at": {"$ne": doc["wake_at"]}}
        if not store.mark(kind.collection, moved, {"leased_until": now, "wake_tries": 0}):
            _timer_failed(store, kind, doc, why, now)
    except Exception as why:
        if is_away(why):
            raise
        _timer_failed(store, kind, doc, why, now)
    else:
        log.info("timer", kind=kind.name, id=doc["_id"], due=doc["wake_at"], actor="system")
        if doc["wake_tries"] > deliveries.TRIES_MAX:
            deliveries.timer_done(store.db, doc["_id"])


def _timer_failed(store: Store, kind: Kind[Any], doc: Doc, why: Exception, now: datetime) -> None:
    """Back off; after 8 tries the timer is held for a day at a time, and shows as parked."""
    tries = doc["wake_tries"]
    parked = tries >= deliveries.TRIES_MAX
    wait = timedelta(days=1) if parked else deliveries.backoff(tries)
    log.error(
        "timer_parked" if parked else "timer_failed", id=doc["_id"], tries=tries, exc_info=why
    )
    store.mark(kind.collection, {"_id": doc["_id"]}, {"leased_until": now + wait})
    if parked:
        deliveries.timer_parked(store.db, doc["_id"], kind.name, why, tries=tries, now=now)
