"""B2: HTTP commands per second that change an aggregate."""

from shared.bus.topology import EXCHANGE
from tests.bench import web
from tests.bench.measure import Contestant, Goal, Row
from tests.bench.rig import Rig
from tests.bench.web import Load

CONTRACTS = 3_000
SECONDS, SECONDS_QUICK = 10, 2


def ukeoi(rig: Rig) -> float:
    """`POST /v1/contracts/{id}/milestones/1/deliver` and `/recall` in turn, each with a key."""
    with (
        rig.database() as db,
        rig.queues("bench.next", exchange=EXCHANGE, keys=["delivery.*"]),
        web.contracts(rig, db) as (site, signer),
    ):
        web.load(rig, site.url, web.prepare(db, 300, signer), 1)
        before = _changes(rig, db.name)
        seen = web.load(rig, site.url, web.prepare(db, CONTRACTS, signer), _seconds(rig))
        web.drained(db, "contracts")
        # wrk does not count what was under way when its time was over.
        missing = _changes(rig, db.name) - before - seen.done
        assert 0 <= missing <= 2 * web.CONNECTIONS, f"{missing} more changes than answers"
        assert db["facts"].count_documents({}) == _changes(rig, db.name)
    return seen.rate


def _changes(rig: Rig, name: str) -> int:
    total = [{"$group": {"_id": None, "n": {"$sum": {"$subtract": ["$version", 1]}}}}]
    return sum(int(row["n"]) for row in rig.client[name]["contracts"].aggregate(total))


def bare(rig: Rig) -> float:
    """One insert_one, nothing else."""
    with rig.database() as db:
        app = "tests.bench.programs.bare:create_app()"
        lines = [f"con_{n} token" for n in range(CONTRACTS)]
        with web.served(rig, "bare", app, MONGO_DB=db.name) as site:
            web.load(rig, site.url, lines, 1)
            seen: Load = web.load(rig, site.url, lines, _seconds(rig))
    return seen.rate


def _seconds(rig: Rig) -> int:
    return rig.size(SECONDS, SECONDS_QUICK)


ROW = Row(
    id="B2",
    title="HTTP commands per second that change an aggregate",
    unit="requests/s",
    contestants=[
        Contestant("bare Flask", bare, "one insert_one; no token, no words checked, no fact"),
        Contestant("Ukeoi", ukeoi, "token, words, receipt, rule, state, fact published and kept"),
    ],
    goals=[Goal("the bare view", lambda f: f["Ukeoi"] / f["bare Flask"], least=0.7)],
    notes="gunicorn gthread, 2 processes x 8 threads, 16 connections by wrk on the same machine.",
)
