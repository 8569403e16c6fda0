"""The figures of a worker for Prometheus: what is heard, what waits, what is late.

Counters are of this process; the gauges are read from the service's database, so that every worker
of a service shows the same: take the largest. What is published counts `shared.relay`, requests
count `shared.web.metrics`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from shared import clock, waiting
from shared.documents import Kind
from shared.events import Event
from shared.store import Db

COUNT_MAX = 10_000
"""Nobody needs to know more exactly how much too much it is."""

HEARD = Counter(
    "messages_consumed_total",
    "Events heard: done, later (tried again) or parked.",
    ["type", "outcome"],
)
LAG = Histogram(
    "event_lag_seconds",
    "Time from the fact to its hearing, of the oldest event in each batch.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)
BATCHES = Histogram(
    "batch_size", "Events handled together.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
SWEPT = Counter("swept_total", "What the sweep did: facts, deliveries, timers.", ["what"])
OUTBOX_OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest fact that waits for the broker.")
PARKED = Gauge("deliveries_parked", "Deliveries that wait for a person.")
LATER = Gauge("deliveries_later", "Deliveries that will be tried again by themselves.")
TIMERS_DUE = Gauge("timers_due", "Timers whose time has come and that have not fired.")
TIMERS_OLDEST = Gauge("timers_oldest_seconds", "How late the latest of the timers is.")
HEARING = Gauge("worker_hearing", "1 while this worker hears from the broker.")


def heard(events: Sequence[Event], now: datetime) -> None:
    """Show a batch, and how old its oldest event is."""
    BATCHES.observe(len(events))
    first = min(event.time for event in events)
    LAG.observe(max(0.0, (now - clock.parse(first)).total_seconds()))


def measure(db: Db, kinds: Iterable[Kind[Any]], now: datetime) -> None:
    """Read from the database what waits."""
    kinds = tuple(kinds)
    OUTBOX_OLDEST.set(waiting.oldest_fact_s(db, kinds, now))
    for gauge, state in ((PARKED, "parked"), (LATER, "retry")):
        gauge.set(db["deliveries"].count_documents({"state": state}, limit=COUNT_MAX))
    due, oldest_s = waiting.timers_late(db, kinds, now, COUNT_MAX)
    TIMERS_DUE.set(due)
    TIMERS_OLDEST.set(oldest_s)
