"""What is kept comes back as it was, and is found without scanning."""

from typing import Any

import pytest

from services.escrow import journal
from services.escrow.domain import hold, payout, settlement
from services.escrow.domain.hold import Hold
from services.escrow.records import HOLDS, PAYOUTS
from shared import clock, ids
from shared.store import Store
from tests.escrow.builders import CLIENT, RICH, WORKER, a_hold, a_payout, charged, keep_hold


@pytest.mark.parametrize("state", hold.STATES)
def test_a_hold_comes_back_as_it_was(store: Store, state: str) -> None:
    before = a_hold(state, fees=RICH)
    store.create(HOLDS, before, [], now=clock.now())
    assert store.get(HOLDS, before.id) == before


def test_a_hold_with_a_charge_comes_back_and_is_asked_about(store: Store) -> None:
    before = charged(a_hold())
    store.create(HOLDS, before, [], now=clock.now())
    loaded = store.load(HOLDS, before.id)
    assert loaded.thing == before
    assert loaded.doc["wake_at"] == before.charges[0].ask_at


@pytest.mark.parametrize("state", payout.STATES)
def test_a_payout_comes_back_as_it_was(store: Store, state: str) -> None:
    before = a_payout(state)
    store.create(PAYOUTS, before, [], now=clock.now())
    assert store.get(PAYOUTS, before.id) == before


def test_the_outcome_of_a_hold_comes_back(store: Store) -> None:
    ended = settlement.contract_cancelled(a_hold(), reason="x", event_id="evt", now=clock.now())[0]
    store.create(HOLDS, ended, [], now=clock.now())
    assert store.get(HOLDS, ended.id) == ended


def test_a_hold_stays_far_below_its_bound(store: Store) -> None:
    many: Hold = charged(a_hold(fees=RICH))
    size = len(str(HOLDS.to_doc(many)))
    assert size < 8_000


PARTY = {"$or": [{"client_id": CLIENT}, {"worker_id": CLIENT}]}


QUERIES: list[tuple[str, dict[str, Any], Any]] = [
    ("holds", PARTY, [("opened_at", -1), ("_id", -1)]),
    ("holds", {"ref": "con_1", **PARTY}, [("milestone", 1), ("_id", 1)]),
    ("holds", {"ref": {"$in": ["con_1"]}, "state": "opened"}, None),
    ("holds", {"charges.id": "chg_1"}, None),
    ("holds", {"wake_at": {"$lte": clock.now()}}, [("wake_at", 1)]),
    ("payouts", {"wake_at": {"$lte": clock.now()}}, [("wake_at", 1)]),
    ("payouts", {"born_of.name": "x"}, None),
    ("payouts", {"member_id": WORKER, "state": {"$in": ["requested", "sent"]}}, None),
    ("payouts", {"$and": [{"member_id": WORKER}]}, [("_id", -1)]),
    (journal.ENTRIES, {"statement": {"$in": ["a", "b"]}}, None),
    (journal.ENTRIES, {"at": {"$gte": clock.now()}}, [("at", 1), ("_id", 1)]),
    (journal.SEALS, {"at": {"$gte": clock.now()}}, None),
    (journal.SEALS, {"entries": "x"}, None),
]


def test_every_query_has_its_index(store: Store) -> None:
    for _ in range(3):
        keep_hold(store, worker_id=ids.new("mem"))
    for collection, where, sort in QUERIES:
        found = store.db[collection].find(where)
        plan = (found.sort(sort) if sort else found).explain()["queryPlanner"]["winningPlan"]
        assert not {"COLLSCAN", "SORT"} & set(_stages(plan)), (where, plan)


def _stages(plan: dict[str, Any]) -> list[str]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return [plan["stage"], *(stage for one in inner for stage in _stages(one))]
