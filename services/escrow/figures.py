"""The ledger's figures for Prometheus, as escrow's worker shows them."""

import threading
import time
from datetime import datetime

from prometheus_client import Gauge

from services.escrow import proof
from services.escrow.queries import PAID_LAST, QUANTILES, funded_to_paid_s, quantile
from shared.store import Db, Store

EVERY_S = 15

SUM = Gauge(
    "ledger_sum",
    "Sum of all entries, in minor units; the parts of a currency come to 0.",
    ["currency", "part"],
)
ENTRIES_IN_ALL = Gauge("ledger_entries", "Entries of the journal.")
UNSEALED = Gauge("ledger_unsealed_oldest_seconds", "Age of the oldest entry that no seal covers.")
PAID = Gauge(
    "funded_to_paid_seconds",
    f"Time from the funding of a hold to its release, of the last {PAID_LAST} releases.",
    ["quantile"],
)

_turn = threading.local()


def measure(store: Store, now: datetime) -> None:
    """Read the figures, a few times a minute: a sweep of escrow's worker."""
    if time.monotonic() - getattr(_turn, "at", -EVERY_S) < EVERY_S:
        return
    _turn.at = time.monotonic()
    _ledger(store.db, now)
    times = funded_to_paid_s(store.db)
    for q in QUANTILES:
        if (value := quantile(times, q)) is not None:
            PAID.labels(str(q)).set(value)


def _ledger(db: Db, now: datetime) -> None:
    said = proof.proof(db)
    for currency, parts in said["currencies"].items():
        for part, amount in parts.items():
            if part != "total":
                SUM.labels(currency, part).set(amount)
    ENTRIES_IN_ALL.set(said["entries"])
    waiting = proof.unsealed(db)
    UNSEALED.set((now - waiting[0]["at"]).total_seconds() if waiting else 0)
