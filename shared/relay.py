"""From the outbox to the broker: publish, keep the facts, clear the outbox; in this order.

A crash between two steps leads to a fact published twice, never to one lost: the outbox is cleared
last. The process that wrote hands its facts over at once (`Relay.take`); what it could not publish
stays in the document, and the worker's sweep finds it after 2 s.
"""

import queue
import threading
import time
from collections.abc import Sequence

import structlog
from pymongo.errors import BulkWriteError, PyMongoError

from shared import faults
from shared.bus import Publisher, Sent, event_of
from shared.documents import Doc, Written
from shared.store import Db, Store

log = structlog.get_logger(__name__)

BATCH_MAX = 500
QUEUE_MAX = 10_000
UNROUTABLE_WAIT_S = 10


def publish(db: Db, publisher: Publisher, source: str, writes: Sequence[Written]) -> Sent:
    """Publish what these writes said, keep the confirmed facts and clear them from the outboxes.

    :raises PyMongoError: the database is away; the facts are published and will be once more
    """
    events = [event_of(e, source=source, subject=w.id) for w in writes for e in w.entries]
    faults.point("before_publish")
    sent = publisher.publish(events)
    faults.point("after_publish")
    if sent.confirmed:
        _keep_facts(db, writes, sent.confirmed)
        faults.point("after_facts")
        _clear_outboxes(db, writes, sent.confirmed)
        faults.point("after_clear")
    if sent.unroutable:
        log.error("unroutable", count=len(sent.unroutable), first=min(sent.unroutable))
    return sent


def _keep_facts(db: Db, writes: Sequence[Written], confirmed: set[str]) -> None:
    facts = [_fact(w.id, e) for w in writes for e in w.entries if e["id"] in confirmed]
    try:
        db["facts"].insert_many(facts, ordered=False)
    except BulkWriteError as wrong:
        if any(e["code"] != 11000 for e in wrong.details["writeErrors"]):
            raise


def _fact(subject: str, entry: Doc) -> Doc:
    return {"_id": entry["id"], "subject": subject, **{k: entry[k] for k in entry if k != "id"}}


def _clear_outboxes(db: Db, writes: Sequence[Written], confirmed: set[str]) -> None:
    """Pull all that is confirmed with one update: it costs the server a third of one each."""
    by_collection: dict[str, list[Written]] = {}
    for write in writes:
        by_collection.setdefault(write.collection, []).append(write)
    for collection, some in by_collection.items():
        done = [e["id"] for w in some for e in w.entries if e["id"] in confirmed]
        told = {"_id": {"$in": [w.id for w in some]}}
        db[collection].update_many(told, {"$pull": {"outbox": {"id": {"$in": done}}}})


class Relay:
    """The thread of a process that publishes what the process has just written."""

    def __init__(self, db: Db, publisher: Publisher, source: str) -> None:
        self._db = db
        self.publisher = publisher
        self._source = source
        self._queue: queue.Queue[Written | None] = queue.Queue(QUEUE_MAX)
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the publisher and the thread."""
        self.publisher.start()
        self._thread.start()

    def take(self, writes: list[Written]) -> None:
        """Take over what waits. A full queue takes nothing: the sweep will find it."""
        try:
            for write in writes:
                self._queue.put_nowait(write)
        except queue.Full:
            log.warning("relay_full", most=QUEUE_MAX)

    def stop(self) -> None:
        """Publish what is in the queue, and end."""
        self._queue.put(None)
        self._thread.join(timeout=10)
        self.publisher.stop()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._more(first)
            try:
                publish(self._db, self.publisher, self._source, batch)
            except PyMongoError as wrong:
                log.warning("relay_failed", error=repr(wrong))
                time.sleep(0.5)
            if ended:
                return

    def _more(self, first: Written) -> tuple[list[Written], bool]:
        batch = [first]
        while len(batch) < BATCH_MAX:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False


def start(store: Store, amqp_url: str) -> Relay:
    """Let this process publish what it writes; returns at once, the broker may be away."""
    relay = Relay(store.db, Publisher(amqp_url, store.source), store.source)
    relay.start()
    store.on_written = relay.take
    return relay
