"""B10: events per second by one, two and four workers of one service."""

import os
import subprocess
from collections.abc import Callable

from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import Rig, rate
from tests.bench.rows import b1

WORKERS = (1, 2, 4)


def ukeoi(rig: Rig) -> Figures:
    """A backlog of one event for each of many parcels, shared by more and more processes."""
    count = rig.size(b1.EVENTS, b1.EVENTS_QUICK * 2)
    figures: dict[str, float] = {}
    for n in WORKERS:
        name = f"{n} workers"

        def watch(
            first: subprocess.Popen[bytes], effects: Callable[[], int], name: str = name
        ) -> None:
            figures[name] = rate(rig, effects, count, first)

        b1.backlog(rig, count, watch, workers=n, each=1)
    return figures


def _efficiency(figures: Figures) -> float:
    cores = max(n for n in WORKERS if n <= (os.cpu_count() or 1))
    return figures[f"{cores} workers"] / figures["1 workers"] / cores


ROW = Row(
    id="B10",
    title="events per second by several workers of one service",
    unit="events/s",
    contestants=[Contestant("Ukeoi", ukeoi, "as B1; versions and receipts settle every race")],
    goals=[Goal("linear up to the core count", _efficiency, least=0.8)],
    notes="mongod and RabbitMQ run on the same cores: on a small machine they are what is full.",
)
