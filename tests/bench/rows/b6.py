"""B6: transfers per second out of guarded wallets."""

import json
from functools import partial

from tests.bench import peers
from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import PROGRAMS, Rig, python

TRANSFERS, TRANSFERS_QUICK = 1_000, 100
WAYS = {"sequential": (1, 50), "8-way": (8, 50), "8-way, one wallet": (8, 1)}


def ukeoi(rig: Rig) -> Figures:
    """A payout is asked for: its document, the journal's entry, the wallet, in one transaction."""
    return _figures(rig, "Ukeoi", python("tests.bench.programs.ledger"))


def medici(rig: Rig) -> Figures:
    """The README's withdrawal: entry, balance check and writelock in one transaction."""
    folder = peers.installed_medici()
    argv = ("node", str(PROGRAMS / "medici.cjs"), str(folder / "node_modules"))
    return _figures(rig, "medici", argv)


def _figures(rig: Rig, name: str, argv: tuple[str, ...]) -> Figures:
    figures = {}
    for way, (threads, wallets) in WAYS.items():
        with rig.database() as db:
            env = {"MONGO_DB": db.name, "THREADS": threads, "WALLETS": wallets}
            said = rig.asked(*argv, COUNT=rig.size(TRANSFERS, TRANSFERS_QUICK), **env)
            figures[f"{name} {way}"] = float(json.loads(said.splitlines()[-1])["rate"])
    return figures


def _times_medici(way: str, figures: Figures) -> float:
    return figures[f"Ukeoi {way}"] / figures[f"medici {way}"]


ROW = Row(
    id="B6",
    title="transfers per second out of guarded wallets",
    unit="transfers/s",
    contestants=[
        Contestant("medici", medici, "no idempotency key, no events; amounts are floats"),
        Contestant("Ukeoi", ukeoi, "idempotent, facts in the same transaction, whole amounts"),
    ],
    goals=[
        *(Goal(f"medici, {way}", partial(_times_medici, way), least=3.0) for way in WAYS),
        Goal(
            "one wallet against fifty",
            lambda f: f["Ukeoi 8-way, one wallet"] / f["Ukeoi 8-way"],
            least=0.7,
        ),
    ],
)
