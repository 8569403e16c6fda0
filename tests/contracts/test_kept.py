"""Whatever a contract can come to is kept and read back as it was."""

from typing import Any

import pytest

from services.contracts.domain import acts, countering
from services.contracts.records import CONTRACTS, KINDS, OFFERS
from shared.documents import newborn
from shared.store import Db, Store
from tests.contracts.builders import CLIENT, NOON, WORKER, a_contract, an_offer, planned, yen
from tests.contracts.test_silence import walked
from tests.contracts.worlds import a_world


@pytest.mark.pure
def test_every_world_is_read_back_as_it_was_kept() -> None:
    for world in walked(a_world(40_000)):
        doc = CONTRACTS.to_doc(world.contract)
        assert CONTRACTS.from_doc(doc) == world.contract
        assert len(repr(doc)) < 256 * 1024


def test_a_contract_with_all_it_can_have_comes_back_from_the_database(db: Db) -> None:
    store = Store(db, "contracts")
    for number, world in enumerate(walked(a_world(40_000))[::40]):
        it = world.contract
        doc = {**newborn(CONTRACTS, it, [], once=None), "_id": f"con_{number}"}
        db["contracts"].insert_one(doc)
        assert store.get(CONTRACTS, f"con_{number}") == CONTRACTS.from_doc(doc)


@pytest.mark.pure
def test_a_countered_offer_is_read_back_as_it_was_kept() -> None:
    it, _ = countering.counter(
        an_offer(), by=WORKER, amount=yen(9), milestones=planned(4, 5), now=NOON
    )
    assert OFFERS.from_doc(OFFERS.to_doc(it)) == it


@pytest.mark.pure
def test_a_document_from_before_these_fields_is_read() -> None:
    it = a_contract(state="delivered")
    doc: dict[str, Any] = CONTRACTS.to_doc(it)
    for name in (
        "asks",
        "cancellation",
        "dispute",
        "past_disputes",
        "terms_hash",
        "client_read_at",
    ):
        del doc[name]
    for m in doc["milestones"]:
        del m["decided"]
    assert CONTRACTS.from_doc(doc) == it
    old = OFFERS.to_doc(an_offer())
    del old["counters"]
    assert OFFERS.from_doc(old) == an_offer(id=old["_id"])


@pytest.mark.pure
def test_what_waits_has_a_time_to_wake() -> None:
    assert {kind.name for kind in KINDS} == {"offer", "contract", "message", "time", "departure"}
    it = a_contract(state="delivered")
    assert CONTRACTS.wake
    assert CONTRACTS.wake(it) == it.milestones[0].accept_at
    accepted, _ = acts.accept(it, n=1, by=CLIENT, now=NOON)
    assert newborn(CONTRACTS, accepted, [], once=None)["wake_at"] > NOON
