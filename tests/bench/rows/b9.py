"""B9: memory of a web and of a worker process after 100,000 requests and events."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from shared.bus.topology import EXCHANGE
from tests.bench import web
from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import Rig, until
from tests.bench.rows import b1, b4

FEW, MANY = 1_000, 100_000
CONTRACTS = 2_000
MIB = 1024


def worker(rig: Rig) -> Figures:
    """B1's worker, after its first 1,000 events and after all."""
    few, many = _counts(rig)
    seen: list[float] = []

    def watch(process: subprocess.Popen[bytes], effects: Callable[[], int]) -> None:
        until(lambda: effects() >= few, f"{few} events")
        seen.append(_rss_mib(process.pid))
        until(lambda: effects() >= many, f"{many} events", patience_s=600)
        seen.append(_rss_mib(process.pid))

    b1.backlog(rig, many, watch)
    return {"worker after few": seen[0], "worker after many": seen[1]}


def web_process(rig: Rig) -> Figures:
    """Contracts' one web process under B2's load, after its first 1,000 requests and after all."""
    few, many = _counts(rig)
    with (
        rig.database() as db,
        rig.queues("bench.next", exchange=EXCHANGE, keys=["delivery.*"]),
        web.contracts(rig, db, processes=1) as (site, signer),
    ):
        pid = site.processes()[0]
        done, after = 0, [0.0, 0.0]
        while done < many:
            lines = web.prepare(db, CONTRACTS, signer)
            done += web.load(rig, site.url, lines, 1 if done < few else 10, b4.CONNECTIONS).requests
            after[done > few * 2] = _rss_mib(pid)
    return {"web after few": after[0], "web after many": after[1]}


def _counts(rig: Rig) -> tuple[int, int]:
    return rig.size(FEW, FEW // 5), rig.size(MANY, FEW * 2)


def _rss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / MIB


ROW = Row(
    id="B9",
    title="memory of one process after 100,000 events or requests",
    unit="MiB",
    contestants=[
        Contestant("worker", worker, "after 1,000 and after 100,000 events"),
        Contestant("web", web_process, "after 1,000 and after 100,000 requests"),
    ],
    goals=[
        Goal(
            f"{name} after few",
            lambda f, n=name: f[f"{n} after many"] / f[f"{n} after few"],
            most=1.1,
        )
        for name in ("worker", "web")
    ],
)
