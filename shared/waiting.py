"""What waits in a service's database and for how long; only read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.documents import Kind
from shared.store import Db


def oldest_fact_s(db: Db, kinds: Iterable[Kind[Any]], now: datetime) -> float:
    """Return the age in seconds of the oldest fact that the broker has not confirmed."""
    oldest = now
    for kind in kinds:
        # In the order of the index: a sort would fetch all that wait, every second.
        waiting = {"outbox.time": {"$lt": now}}
        doc = db[kind.collection].find_one(waiting, {"outbox.time": 1}, hint="outbox_waiting")
        if doc is not None:
            oldest = min(oldest, *(e["time"] for e in doc["outbox"]))
    return (now - oldest).total_seconds()


def timers_late(
    db: Db, kinds: Iterable[Kind[Any]], now: datetime, most: int = 10_000
) -> tuple[int, float]:
    """Return how many timers are due, at most so many of a kind, and how late the latest is."""
    count, oldest = 0, now
    for kind in kinds:
        due = {"wake_at": {"$lte": now}}
        first = db[kind.collection].find_one(due, {"wake_at": 1}, sort=[("wake_at", 1)])
        if first is not None:
            oldest = min(oldest, first["wake_at"])
            count += db[kind.collection].count_documents(due, limit=most)
    return count, (now - oldest).total_seconds()
