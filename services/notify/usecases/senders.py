"""Threads that carry what is due to the outside, which is slow, and never hold up the worker.

The worker's sweep wakes them. Each takes what is due one by one under a lease, so that any number
of workers may send; a lane (one receiver) has few threads: who is slow holds up nobody else.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog
from pymongo.errors import PyMongoError

from shared import clock
from shared.documents import Doc, Kind, Thing
from shared.store import Store

log = structlog.get_logger(__name__)

T = TypeVar("T", bound=Thing)

LEASE = timedelta(minutes=5)
"""Longer than anything that is sent can take: what is leased longer was left by a crash."""
RUN_S = 2.0
"""A thread returns after so long; the next sweep, a second later at most, wakes another."""
LOOK_MAX = 50


class Senders(Generic[T]):
    """Sends what is due of one kind; `lane` is the field by which receivers are told apart."""

    def __init__(
        self,
        kind: Kind[T],
        send: Callable[[Store, T], None],
        *,
        threads: int,
        lane: str,
        per_lane: int,
    ) -> None:
        self._kind, self._send, self._lane = kind, send, lane
        self._threads, self._per_lane = threads, per_lane
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"send-{kind.name}")
        self._lock = threading.Lock()
        self._running = 0
        self._busy: Counter[str] = Counter()

    def sweep(self, store: Store, now: datetime) -> int:
        """Wake as many threads as are free while something is due; return how many."""
        waiting = store.db[self._kind.collection].count_documents(_due(now), limit=self._threads)
        with self._lock:
            more = min(waiting, self._threads - self._running)
            self._running += more
        for _ in range(more):
            self._pool.submit(self._run, store)
        return more

    def _run(self, store: Store) -> None:
        until = time.monotonic() + RUN_S
        try:
            while time.monotonic() < until and self._one(store):
                pass
        except PyMongoError as away:
            log.warning("sending_stopped", kind=self._kind.name, why=repr(away))
        except Exception:
            log.exception("sending_failed", kind=self._kind.name)
        finally:
            with self._lock:
                self._running -= 1

    def _one(self, store: Store) -> bool:
        """Send one thing; False when nothing is due that somebody else has not taken."""
        taken = self._take(store)
        if taken is None:
            return False
        id_, lane = taken
        try:
            self._send(store, store.get(self._kind, id_))
        finally:
            with self._lock:
                self._busy[lane] -= 1
        return True

    def _take(self, store: Store) -> tuple[str, str] | None:
        now = clock.now()
        with self._lock:
            full = [lane for lane, n in self._busy.items() if n >= self._per_lane]
        where: Doc = {**_due(now), self._lane: {"$nin": full}}
        found = store.db[self._kind.collection].find(where, {self._lane: 1})
        for doc in _shuffled(list(found.sort("wake_at", 1).limit(LOOK_MAX))):
            lane = str(doc[self._lane])
            if not self._enter(lane):
                continue
            if store.mark(
                self._kind.collection,
                {"_id": doc["_id"], **_due(now)},
                {"leased_until": now + LEASE},
            ):
                return str(doc["_id"]), lane
            with self._lock:
                self._busy[lane] -= 1
        return None

    def _enter(self, lane: str) -> bool:
        with self._lock:
            if self._busy[lane] >= self._per_lane:
                return False
            self._busy[lane] += 1
            return True


def _due(now: datetime) -> Doc:
    return {"wake_at": {"$lte": now}, "leased_until": {"$not": {"$gt": now}}}


def _shuffled(docs: list[Any]) -> list[Any]:
    """Threads that look at the same page begin at different ends of it."""
    random.shuffle(docs)
    return docs
