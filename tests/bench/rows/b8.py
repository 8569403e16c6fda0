"""B8: search and list among many jobs."""

import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.bench import market, web
from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import Rig
from tests.callers import Signer

FEW, MANY = 10_000, 1_000_000
CACHE = "cache_size=6G"
"""The indexes of a million jobs fit in, as they do where MongoDB takes half of the memory."""
WARM = 500
ASKED, ASKED_QUICK = 5_000, 200


def ukeoi(rig: Rig) -> Figures:
    """The same mix of lists and searches, 20 to a page, asked one after another."""
    rig.client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig=CACHE)
    figures: dict[str, float] = {}
    for name, count in (("few", rig.size(FEW, 1_000)), ("many", rig.size(MANY, 10_000))):
        with rig.database() as db, TemporaryDirectory() as folder:
            market.prepare(db, count)
            signer = Signer(Path(folder))
            env = {"MONGO_DB": db.name, "JWT_PUBLIC_KEYS": signer.public}
            app = "services.jobs.app:create_app()"
            with web.served(rig, "jobs", app, processes=1, **env) as site:
                list(_asked(site.url, rig.size(WARM, 50), Random(0)))
                took = list(_asked(site.url, rig.size(ASKED, ASKED_QUICK), Random(1)))
        figures |= {f"{name} {what}": ms for what, ms in _summed(took).items()}
    return figures


def _asked(url: str, count: int, chance: Random) -> Iterator[tuple[str, float]]:
    """Ask, and yield the kind of each question and how many ms its answer took."""
    for kind, said in market.questions(count, chance):
        words = urllib.parse.urlencode(said, doseq=True)
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}/v1/jobs?{words}", timeout=60) as answer:  # noqa: S310
            answer.read()
        yield kind, (time.perf_counter() - began) * 1000


def _summed(took: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return p50 and p99 of all, and p99 of each kind of question."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for kind, ms in took:
        kinds[kind].append(ms)
    every = [ms for times in kinds.values() for ms in times]
    each = {f"p99 of {kind}": _nth(times, 0.99) for kind, times in kinds.items()}
    return {"p50": _nth(every, 0.5), "p99": _nth(every, 0.99), **each}


def _nth(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


ROW = Row(
    id="B8",
    title="search and list: 10,000 jobs and 1,000,000",
    unit="ms",
    contestants=[
        Contestant("Ukeoi", ukeoi, "Japanese and English words, every filter, three orders")
    ],
    goals=[Goal("p99 with the few", lambda f: f["many p99"] / f["few p99"], most=1.5)],
    notes="One web process, one question at a time; includes HTTP, and making 20 representations. "
    "mongod has 6 GB of cache: the million's documents and indexes are 8 GB, uncompressed.",
)
