"""B4: stories per second: POST, stored, told, stored by the next service."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.dev import home
from shared.store import Db
from tests.bench import peers, web
from tests.bench.measure import Contestant, Goal, Row
from tests.bench.rig import PROGRAMS, Rig, python, until

CONTRACTS = 3_000
CONNECTIONS = 8
SECONDS, SECONDS_QUICK = 10, 2


def ukeoi(rig: Rig) -> float:
    """Contracts' web process with 8 threads, and the worker of a small next service."""
    with story(rig) as (url, signer, db):
        web.load(rig, url, web.prepare(db, 100, signer), 1, CONNECTIONS)
        return _stories(rig, db, url, web.prepare(db, CONTRACTS, signer))


@contextmanager
def story(rig: Rig) -> Iterator[tuple[str, web.Signer, Db]]:
    """Serve contracts and run the next service; both keep their documents in one database."""
    with (
        rig.database() as db,
        rig.queues("kept.inbox"),
        rig.program("kept", *python("tests.bench.programs.kept"), MONGO_DB=db.name),
        web.contracts(rig, db, processes=1) as (site, signer),
    ):
        yield site.url, signer, db


def nameko(rig: Rig) -> float:
    """Two services in a process each."""
    at = peers.installed("nameko")
    (port,) = home.free_ports(1)
    run = (str(at.bin / "nameko"), "run", "--config", str(PROGRAMS / "nameko.yaml"))
    module = "tests.bench.programs.nameko_story"
    with rig.database() as db, rig.queues("bench.inbox"):
        env = {"MONGO_DB": db.name, "PORT": port}
        with (
            rig.program("nameko-next", *run, f"{module}:Next", MONGO_DB=db.name),
            rig.program("nameko-front", *run, f"{module}:Front", **env),
        ):
            url = f"http://127.0.0.1:{port}"
            until(lambda: web.answers(url), "nameko answers")
            lines = [f"con_{n} token" for n in range(CONTRACTS)]
            web.load(rig, url, lines, 1, CONNECTIONS)
            return _stories(rig, db, url, lines)


def _stories(rig: Rig, db: Db, url: str, lines: list[str]) -> float:
    """Return how many stories a second came to their end, those that queued up included."""
    kept = db["kept"].estimated_document_count
    _still(kept)
    before, began = kept(), time.monotonic()
    seen = web.load(rig, url, lines, rig.size(SECONDS, SECONDS_QUICK), CONNECTIONS)
    until(lambda: kept() >= before + seen.done, "every story is stored at its end")
    return seen.done / (time.monotonic() - began)


def _still(kept: object) -> None:
    count, at = -1, time.monotonic()
    while (now := kept()) != count or time.monotonic() - at < 0.5:  # type: ignore[operator]
        count, at = (now, time.monotonic()) if now != count else (count, at)
        time.sleep(0.05)


ROW = Row(
    id="B4",
    title="stories per second: POST, stored, told, stored by the next service",
    unit="stories/s",
    contestants=[
        Contestant("nameko", nameko, "a fact is lost when the process ends before it is told"),
        Contestant("Ukeoi", ukeoi, "as B2 and B1: told if and only if stored, kept once"),
    ],
    goals=[Goal("nameko", lambda f: f["Ukeoi"] / f["nameko"], least=3.0)],
    notes="8 connections by wrk; one process for each of the two services.",
)
