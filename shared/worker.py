"""A service's worker: hears events in batches, sweeps what was left behind, fires timers.

Three threads that matter: the main one hears, `sweep` does what nobody asks for, `publisher` (with
its relay) speaks. Each shows that it goes on; a watchdog ends a process in which one of them has
stood still, and whoever runs the process starts it again. SIGTERM: the batch in hand is finished,
what is written is published, the rest goes back to the broker.
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import generate_latest
from pymongo.errors import PyMongoError

from shared import clock, deliveries, engine, faults, figures, log, relay, settings, sweep, tracing
from shared import store as stores
from shared.bus import GONE, Delivery, Inbox, from_message
from shared.documents import Kind, Shelf
from shared.errors import Malformed
from shared.events import Event
from shared.reactions import Reactions
from shared.store import Store, is_away

LOG = structlog.get_logger(__name__)

BATCH_MAX = 500
BACKLOG_MIN = 50
"""From so many on, handing a batch over to a thread costs less than taking in turns saves."""
WAIT_S = 0.2
BIND_EVERY_S = 10
SWEEP_EVERY_S = 0.5
SERVICE_SWEEP_EVERY_S = 1.0
PAUSE_MAX_S = 5.0
STALLED_S = 60
SUSPECT_COUNT = 2
"""From this delivery count on (the third delivery) an attempt is recorded before it runs."""

CORRELATIONS_MAX = 20
"""So many requests are named in the line about a batch."""

Sweep = Callable[[Store, datetime], object]


def run(
    name: str,
    *,
    kinds: Sequence[Kind[Any]],
    reactions: Reactions,
    sweeps: Iterable[Sweep] = (),
    shelves: Sequence[Shelf] = (),
) -> None:
    """Run the worker of a service until it is told to stop."""
    how = settings.read()
    log.configure(name, how.log_level)
    tracing.start(name)
    store = Store(stores.connect(how.mongo_url, how.mongo_db), name)
    Worker(
        store,
        how.amqp_url,
        kinds=kinds,
        reactions=reactions,
        sweeps=sweeps,
        shelves=shelves,
        port=how.worker_port,
    ).run()


class Worker:
    """One worker process; `run` returns after `stop` or SIGTERM."""

    def __init__(
        self,
        store: Store,
        amqp_url: str,
        *,
        kinds: Sequence[Kind[Any]],
        reactions: Reactions,
        sweeps: Iterable[Sweep] = (),
        shelves: Sequence[Shelf] = (),
        port: int = 0,
    ) -> None:
        self.store = store
        self.kinds = kinds
        self.reactions = reactions
        self.sweeps = tuple(sweeps)
        self.shelves = shelves
        self.amqp_url = amqp_url
        self.port = port
        self.relay = relay.start(store, amqp_url)
        self.stopping = threading.Event()
        self.hearing = False
        self.progress: dict[str, float] = {}

    def run(self) -> None:
        """Hear and sweep until told to stop."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: self.stop())
            signal.signal(signal.SIGINT, lambda *_: self.stop())
        health = _serve_health(self) if self.port else None
        sweeper = threading.Thread(target=self._sweep_always, name="sweep", daemon=True)
        sweeper.start()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        LOG.info("worker_started", hears=len(self.reactions))
        self._hear_always()
        sweeper.join(timeout=20)
        self.relay.stop()
        tracing.flush()
        if health:
            health.shutdown()
            health.server_close()
        LOG.info("worker_stopped")

    def stop(self) -> None:
        """Finish what is in hand, and end."""
        self.stopping.set()

    # hearing

    def _hear_always(self) -> None:
        pause_s = 0.1
        while not self.stopping.is_set():
            self.progress["hear"] = time.monotonic()
            began = time.monotonic()
            try:
                self._hear()
            except GONE as wrong:
                LOG.warning("broker_lost", error=repr(wrong))
            except PyMongoError as wrong:
                LOG.warning("database_lost", error=repr(wrong))
            self.hearing = False
            pause_s = 0.1 if time.monotonic() - began > PAUSE_MAX_S else pause_s
            self.stopping.wait(pause_s)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)

    def _hear(self) -> None:
        """Hear until told to stop, or until the broker or the database is lost."""
        stores.ensure_indexes(self.store.db, self.kinds, self.shelves)
        inbox = Inbox(self.amqp_url, self.store.source, self.reactions)
        try:
            # Left only when what is in hand is done: the next one to hear finds nobody at work.
            with ThreadPoolExecutor(1, "handle") as hand:
                self._hear_from(inbox, hand)
        finally:
            _close_quietly(inbox)

    def _hear_from(self, inbox: Inbox, hand: Executor) -> None:
        """Take, handle, acknowledge; of a backlog the next batch is taken while one is handled."""
        bound_at = time.monotonic()
        in_hand: tuple[Sequence[Delivery], Future[None]] | None = None
        while in_hand or not self.stopping.is_set():
            self.hearing = True
            self.progress["hear"] = time.monotonic()
            arrived = inbox.take(BATCH_MAX, 0 if in_hand or self.stopping.is_set() else WAIT_S)
            if in_hand:
                batch, handling = in_hand
                handling.result()
                self._acknowledge(inbox, batch)
                in_hand = None
            if self.stopping.is_set():
                return
            arrived = self._handle_suspects(inbox, arrived)
            if len(arrived) >= BACKLOG_MIN:
                in_hand = arrived, hand.submit(self.handle, arrived)
            elif arrived:
                self.handle(arrived)
                self._acknowledge(inbox, arrived)
            if time.monotonic() - bound_at > BIND_EVERY_S:
                inbox.assert_bindings()
                bound_at = time.monotonic()

    def _handle_suspects(self, inbox: Inbox, arrived: list[Delivery]) -> list[Delivery]:
        """Handle what is redelivered, and all before it, one at a time; return the rest.

        Each is acknowledged at once: should the process end, what it has done is not given again.
        """
        count = max((n for n, d in enumerate(arrived, start=1) if d.redelivered), default=0)
        for delivery in arrived[:count]:
            if self.stopping.is_set():
                return []
            self.progress["hear"] = time.monotonic()
            self.handle([delivery])
            self._acknowledge(inbox, [delivery])
        return arrived[count:]

    def _acknowledge(self, inbox: Inbox, batch: Sequence[Delivery]) -> None:
        faults.point("before_ack")
        inbox.ack(batch[-1])
        faults.point("after_ack")
        self.relay.wait_for_room()

    def handle(self, arrived: Sequence[Delivery]) -> None:
        """Do what has arrived, and keep what could not be done; then all may be acknowledged.

        :raises PyMongoError: the database is away; nothing may be acknowledged
        """
        now = clock.now()
        fresh: list[Event] = []
        for delivery in arrived:
            event = self._read(delivery, now)
            if event is None:
                continue
            if delivery.redelivered:
                self._handle_suspect(event, delivery, now)
            else:
                fresh.append(event)
        if fresh:
            self._handle_batch(fresh, now)

    def _read(self, delivery: Delivery, now: datetime) -> Event | None:
        try:
            return from_message(delivery.body, delivery.headers, delivery.content_type)
        except Malformed as why:
            deliveries.unreadable(self.store.db, delivery.body, delivery.headers, why, now)
            figures.HEARD.labels("", "parked").inc()
            return None

    def _handle_suspect(self, event: Event, delivery: Delivery, now: datetime) -> None:
        """Handle a redelivered message alone: it may be the one that ended the process."""
        if delivery.count < SUSPECT_COUNT:
            self._handle_batch([event], now)
        elif deliveries.record_attempt(self.store.db, event, now=now):
            self._handle_batch([event], now)
            deliveries.survived(self.store.db, event.id)

    def _handle_batch(self, events: Sequence[Event], now: datetime) -> None:
        """Handle events together; one that came twice goes in twice, in turn."""
        once = {e.id: e for e in reversed(events)}
        first = [e for e in events if once[e.id] is e]
        with tracing.hearing(first, self.store.source) as (heard, traced):
            verdicts, written = engine.handle_many(self.store, self.reactions, heard, now=now)
            traced.update(verdicts)
        self.relay.take(written)
        self._judge(first, verdicts, now)
        if len(first) < len(events):
            self._handle_batch([e for e in events if once[e.id] is not e], now)

    def _judge(self, events: list[Event], verdicts: engine.Verdicts, now: datetime) -> None:
        figures.heard(events, now)
        outcomes: Counter[str] = Counter()
        for event in events:
            why = verdicts[event.id]
            become = (
                "done" if why is None else deliveries.failed(self.store.db, event, why, now=now)
            )
            outcomes[become] += 1
            known = event.type if event.type in self.reactions else ""
            figures.HEARD.labels(known, become).inc()
        LOG.info(
            "heard",
            events=len(events),
            types=dict(Counter(e.type for e in events)),
            actors=sorted({e.actor for e in events})[:CORRELATIONS_MAX],
            correlations=sorted({e.correlation for e in events if e.correlation})[
                :CORRELATIONS_MAX
            ],
            ms=round((clock.now() - now).total_seconds() * 1000),
            **outcomes,
        )

    # sweeping

    def _sweep_always(self) -> None:
        last_service_sweep = 0.0
        while not self.stopping.wait(SWEEP_EVERY_S):
            self.progress["sweep"] = time.monotonic()
            try:
                self.sweep(clock.now())
                if time.monotonic() - last_service_sweep > SERVICE_SWEEP_EVERY_S:
                    last_service_sweep = time.monotonic()
                    for one in self.sweeps:
                        one(self.store, clock.now())
                    self._measure(clock.now())
            except Exception as wrong:
                LOG.warning("sweep_failed", error=repr(wrong), exc_info=not is_away(wrong))

    def sweep(self, now: datetime) -> None:
        """Do once what nobody asks for."""
        db, source = self.store.db, self.store.source
        figures.SWEPT.labels("facts").inc(
            sweep.outbox(db, self.relay.publisher, source, self.kinds, now)
        )
        figures.SWEPT.labels("deliveries").inc(
            sweep.due_deliveries(self.store, self.reactions, now)
        )
        figures.SWEPT.labels("timers").inc(sweep.timers(self.store, self.kinds, now))

    def _measure(self, now: datetime) -> None:
        figures.measure(self.store.db, self.kinds, now)
        figures.HEARING.set(self.hearing)

    def _watch(self) -> None:
        while not self.stopping.wait(5):
            stalled = [n for n, at in self.progress.items() if time.monotonic() - at > STALLED_S]
            if not self.relay.is_alive:
                stalled.append("relay")
            if stalled:
                LOG.error("stalled", threads=stalled)
                os._exit(70)

    # health

    def health(self) -> dict[str, bool]:
        """Say what this worker leans on and whether it answers."""
        try:
            self.store.db.client.admin.command("ping")
            database = True
        except PyMongoError:
            database = False
        return {
            "database": database,
            "hearing": self.hearing,
            "publishing": self.relay.publisher.is_ready,
        }


def _close_quietly(inbox: Inbox) -> None:
    try:
        inbox.close()
    except GONE:
        LOG.info("broker_was_gone")


def _serve_health(worker: Worker) -> ThreadingHTTPServer:
    """Serve /healthz, /readyz and /metrics on the worker's own port."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._say(200, b'{"status":"ok"}')
            elif self.path == "/readyz":
                checks = worker.health()
                self._say(200 if all(checks.values()) else 503, json.dumps(checks).encode())
            elif self.path == "/metrics":
                self._say(200, generate_latest(), "text/plain; version=0.0.4")
            else:
                self._say(404, b"{}")

        def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes are not worth a line."""

    host = os.environ.get("BIND", "127.0.0.1")
    server = ThreadingHTTPServer((host, worker.port), Health)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
