"""From the outbox to the broker: publish, keep the facts, clear the outbox; in this order.

A crash between two steps leads to a fact published twice, never to one lost: the outbox is cleared
last. The process that wrote hands its facts over at once (`Relay.take`) and they are published at
once; keeping and clearing follow, together for many. What could not be published stays in the
document, and the worker's sweep finds it after 2 s.
"""

import contextlib
import math
import threading
import time
from collections import Counter as TypeCount
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter
from pymongo import WriteConcern
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from shared import faults, tracing
from shared.bus import Publisher, Sent, event_of
from shared.documents import Doc, Written
from shared.store import Db, Store, insert_new

log = structlog.get_logger(__name__)

SAID = Counter("messages_published_total", "Facts that the broker has confirmed.", ["type"])

BATCH_MAX = 500
WAITING_MAX = 10_000
ROOM_TIMEOUT_S = 5
SETTLE_S = 0.05
"""Publishing waits for nobody; what follows it is shared by all that is told within this time."""


def publish(db: Db, publisher: Publisher, source: str, writes: Sequence[Written]) -> Sent:
    """Publish what these writes said, keep the confirmed facts and clear them from the outboxes.

    :raises PyMongoError: the database is away; the facts are published and will be once more
    """
    ((_, sent),) = publish_each(db, publisher, source, [writes])
    return sent


def publish_each(
    db: Db, publisher: Publisher, source: str, batches: Iterable[Sequence[Written]]
) -> Iterator[tuple[Sequence[Written], Sent]]:
    """Publish batch after batch; one is kept and cleared while the next is told.

    :raises PyMongoError: as `publish`
    """
    with ThreadPoolExecutor(1, "settle") as hand:
        settling: Future[None] | None = None
        try:
            for writes in batches:
                sent = _tell(publisher, source, writes)
                if settling:
                    settling.result()
                settling = hand.submit(_settle, db, writes, sent.confirmed)
                yield writes, sent
        finally:
            if settling:
                settling.result()


def _tell(publisher: Publisher, source: str, writes: Sequence[Written]) -> Sent:
    events = [event_of(e, source=source, subject=w.id) for w in writes for e in w.entries]
    faults.point("before_publish")
    with tracing.telling(events):
        sent = publisher.publish(events)
    faults.point("after_publish")
    for type_, count in TypeCount(e.type for e in events if e.id in sent.confirmed).items():
        SAID.labels(type_).inc(count)
    if sent.unroutable:
        log.error("unroutable", count=len(sent.unroutable), first=min(sent.unroutable))
    return sent


def _settle(db: Db, writes: Sequence[Written], confirmed: set[str]) -> None:
    """Keep the confirmed facts, then clear them from the outboxes."""
    if confirmed:
        _keep_facts(db, writes, confirmed)
        faults.point("after_facts")
        _clear_outboxes(db, writes, confirmed)
        faults.point("after_clear")


def _keep_facts(db: Db, writes: Sequence[Written], confirmed: set[str]) -> None:
    facts = [_fact(w.id, e) for w in writes for e in w.entries if e["id"] in confirmed]
    insert_new(_soon(db, "facts"), facts)


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
        _soon(db, collection).update_many(told, {"$pull": {"outbox": {"id": {"$in": done}}}})


def _soon(db: Db, name: str) -> Collection[Doc]:
    """Return a collection whose writes are not waited for until a majority has them.

    The write that put a fact into its outbox was. If a new primary lacks these two, it lacks them
    from one point on: the outbox is full again, and the fact is told and kept once more.
    """
    return db.get_collection(name, write_concern=WriteConcern(w=1))


@dataclass(slots=True)
class _Told:
    """What has been published and is still to be kept and cleared."""

    writes: list[Written] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    settle_at: float = math.inf

    def add(self, writes: Sequence[Written], confirmed: set[str]) -> None:
        self.writes += writes
        self.confirmed |= confirmed
        self.settle_at = min(self.settle_at, time.monotonic() + SETTLE_S)


class Relay:
    """The thread of a process that publishes what the process has just written."""

    def __init__(self, db: Db, publisher: Publisher, source: str) -> None:
        self._db = db
        self.publisher = publisher
        self._source = source
        self._waiting: deque[Written] = deque()
        self._turn = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the publisher and the thread."""
        self.publisher.start()
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Say whether what is taken will be published, sooner or later."""
        return self._thread.is_alive() and self.publisher.is_alive

    def take(self, writes: Sequence[Written]) -> None:
        """Take over what waits. When too much does, take nothing: the sweep will find it."""
        with self._turn:
            if len(self._waiting) + len(writes) > WAITING_MAX:
                log.warning("relay_full", most=WAITING_MAX)
                return
            self._waiting.extend(writes)
            self._turn.notify_all()

    def wait_for_room(self) -> None:
        """Let the telling catch up with the hearing; without a broker there is nothing to wait for.

        A worker that wrote faster than it publishes would leave its facts to the sweep.
        """
        with self._turn:
            self._turn.wait_for(
                lambda: len(self._waiting) <= BATCH_MAX or not self.publisher.is_ready,
                timeout=ROOM_TIMEOUT_S,
            )

    def stop(self) -> None:
        """Publish what waits, and end."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        self._thread.join(timeout=10)
        self.publisher.stop()

    def _run(self) -> None:
        told = _Told()
        while (batch := self._next(told.settle_at)) or not self._stopping:
            try:
                if batch:
                    told.add(batch, _tell(self.publisher, self._source, batch).confirmed)
                if len(told.writes) >= BATCH_MAX or time.monotonic() >= told.settle_at:
                    told, settling = _Told(), told
                    _settle(self._db, settling.writes, settling.confirmed)
            except Exception as wrong:  # noqa: BLE001  (it waits in its outbox)
                log.warning("relay_failed", error=repr(wrong))
                time.sleep(0.5)
        with contextlib.suppress(PyMongoError):
            _settle(self._db, told.writes, told.confirmed)

    def _next(self, until: float) -> list[Written]:
        """Wait for something to publish until that time, or the end."""
        with self._turn:
            wait_s = min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
            self._turn.wait_for(lambda: self._waiting or self._stopping, wait_s)
            batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            self._turn.notify_all()
            return batch


def start(store: Store, amqp_url: str) -> Relay:
    """Let this process publish what it writes; returns at once, the broker may be away."""
    relay = Relay(store.db, Publisher(amqp_url, store.source), store.source)
    relay.start()
    store.on_written = relay.take
    return relay
