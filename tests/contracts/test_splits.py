"""What contracts hears: once, twice, and in any order."""

import itertools
from contextlib import suppress
from typing import Any

import pytest

from services.contracts.domain import acts, dispute
from services.contracts.domain.contract import Contract
from services.contracts.reactions import REACTIONS
from services.contracts.records import CONTRACTS
from shared import catalog, clock, engine, ids
from shared.documents import newborn
from shared.errors import Ignored
from shared.events import Event
from shared.store import Db, Store
from tests.contracts.builders import CLIENT, NOON, TITLE, WORKER, a_contract, yen


def said(type_: str, it: Contract, amount: int, state: str, n: int = 1) -> Event:
    """Return what escrow says of a milestone's hold."""
    data: dict[str, Any] = {
        "hold_id": it.milestones[n - 1].hold_id,
        "ref": it.id,
        "milestone": n,
        "client_id": CLIENT,
        "worker_id": WORKER,
        "title": TITLE,
        "amount": yen(amount).words(),
        **(
            {"client_pays": yen(amount).words(), "method": "card"}
            if type_ == "escrow.funded"
            else {"cause": "dispute.settled", "state": state}
        ),
    }
    if type_ == "escrow.released":
        data |= {"worker_gets": yen(amount).words(), "fee": yen(0).words()}
    if type_ == "escrow.refunded":
        data["client_gets"] = yen(amount).words()
    catalog.said(type_, data)
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="escrow",
        subject=data["hold_id"],
        time=clock.text(NOON),
        version=1,
        data=data,
    )


def hear(store: Store, *events: Event) -> None:
    """Hear events one at a time; one that changes nothing is done as well."""
    for event in events:
        with suppress(Ignored):
            engine.handle_one(store, REACTIONS, event, now=NOON)


def kept(db: Db, it: Contract) -> Contract:
    db["contracts"].insert_one(newborn(CONTRACTS, it, [], once=None))
    return it


def settled() -> Contract:
    """Return a contract whose dispute is settled: 50,000 for the worker, 25,000 back."""
    it, _ = dispute.open_(
        a_contract(state="delivered"),
        by=WORKER,
        dispute_id="dsp_1",
        claim=yen(50_000),
        reason="other",
        now=NOON,
    )
    return dispute.accept(it, by=CLIENT, now=NOON)[0]


@pytest.mark.parametrize("order", sorted(set(itertools.permutations([0, 1, 0, 1]))))
def test_a_split_is_heard_in_any_order_and_twice(
    store: Store, db: Db, order: tuple[int, ...]
) -> None:
    it = kept(db, settled())
    words = [
        said("escrow.released", it, 50_000, "split"),
        said("escrow.refunded", it, 25_000, "split"),
    ]

    hear(store, *(words[i] for i in order))

    after = store.get(CONTRACTS, it.id)
    assert (after.state, after.milestones[0].state) == ("completed", "split")
    assert after.milestones[0].released == yen(50_000)
    types = [e["type"] for e in (db["contracts"].find_one({}) or {})["outbox"]]
    assert sorted(types) == ["contract.completed", "milestone.paid"]


def test_a_partial_acceptance_is_paid_whatever_is_heard_first(store: Store, db: Db) -> None:
    it, _ = acts.accept(
        a_contract(state="delivered"), n=1, by=CLIENT, amount=yen(70_000), reason="-", now=NOON
    )
    kept(db, it)
    hear(
        store,
        said("escrow.refunded", it, 5_000, "split"),
        said("escrow.released", it, 70_000, "split"),
    )
    (m,) = store.get(CONTRACTS, it.id).milestones
    assert (m.state, m.released) == ("paid", yen(70_000))


def test_the_money_that_came_is_what_the_milestone_is_worth(store: Store, db: Db) -> None:
    it = kept(db, a_contract())
    funding = said("escrow.funded", it, 60_000, "funded")
    hear(store, funding, funding)
    after = store.get(CONTRACTS, it.id)
    assert (after.state, after.milestones[0].amount) == ("active", yen(60_000))


def test_a_job_s_hold_concerns_nobody_here(store: Store, db: Db) -> None:
    it = a_contract()
    event = said("escrow.funded", it, 1, "funded")
    hear(store, Event(**{**_words(event), "data": {**event.data, "ref": ids.new("job")}}))
    assert db["contracts"].count_documents({}) == 0


def _words(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}
