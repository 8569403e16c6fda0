"""B7: slots of a task claimed per second by 64 racers."""

import json
from collections.abc import Callable

from tests.bench.measure import Contestant, Goal, Row
from tests.bench.rig import Rig, python

RACERS = 64
CLAIMS, CLAIMS_QUICK = 5_000, 300


def _racing(way: str) -> Callable[[Rig], float]:
    def run(rig: Rig) -> float:
        claims = rig.size(CLAIMS, CLAIMS_QUICK)
        with rig.database() as db:
            env = {"MONGO_DB": db.name, "RACERS": RACERS, "COUNT": claims, "SLOTS": claims * 2}
            said = rig.asked(*python("tests.bench.programs.slots"), WAY=way, **env)
        return float(json.loads(said.splitlines()[-1])["rate"])

    return run


ROW = Row(
    id="B7",
    title="slots of a task claimed per second by 64 racers",
    unit="claims/s",
    contestants=[
        Contestant(
            "counter", _racing("counter"), "a number that goes up; nobody knows whose it is"
        ),
        Contestant(
            "Ukeoi", _racing("claim"), "who may start, each person's limit, idempotent, a timer"
        ),
        Contestant("Ukeoi's write", _racing("write"), "of all that, the one write alone"),
    ],
    goals=[
        Goal("the counter", lambda f: f["Ukeoi"] / f["counter"], least=0.8),
        Goal("the counter, write alone", lambda f: f["Ukeoi's write"] / f["counter"], least=0.8),
    ],
    notes="One process with 64 threads, no HTTP on either side; twice as many slots as claims.",
)
