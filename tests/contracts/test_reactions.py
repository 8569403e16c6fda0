"""What contracts hears: in order, twice, out of order, and after a death in between."""

import random
from typing import Any

import pytest

from services.contracts.reactions import REACTIONS
from services.contracts.records import CONTRACTS, OFFERS
from shared import catalog, clock, ids, sweep
from shared.deliveries import TRIES_MAX
from shared.documents import Doc
from shared.errors import NotYet
from shared.events import Event
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts.saying import (
    an_event,
    delivered,
    everything,
    formed,
    funded,
    hear,
    in_days,
    nothing_changes,
    of_hold,
    sent,
    yen,
)


def a_selection(client: Caller, worker: Caller, **words: Any) -> Event:
    """Return the fact that a client selected a proposal."""
    said = {
        "offer_id": ids.new("off"),
        "job_id": ids.new("job"),
        "client_id": client.id,
        "worker_id": worker.id,
        "amount": yen(75_000),
        "deliver_by": in_days(10),
        "milestones": [],
        "review_days": 14,
        "revisions": 2,
        **words,
    }
    return an_event("proposal.selected", subject=said["job_id"], **said)


def facts(db: Db, collection: str, id_: str) -> list[str]:
    doc = db[collection].find_one({"_id": id_})
    return [] if doc is None else [e["type"] for e in doc["outbox"]]


def contract(caller: Caller, path: str) -> Any:
    return caller.get(path).json


def states(caller: Caller, path: str) -> tuple[str, list[str]]:
    said = contract(caller, path)
    return said["state"], [m["state"] for m in said["milestones"]]


def test_every_type_it_hears_is_said_by_somebody() -> None:
    assert set(REACTIONS) <= set(catalog.PUBLISHER_OF)


# offers


def test_a_selected_proposal_becomes_an_offer_with_its_id(
    store: Store, client: Caller, worker: Caller
) -> None:
    event = a_selection(client, worker)

    assert hear(store, event) == [None]

    said = worker.get(f"/v1/offers/{event.data['offer_id']}").json
    assert (said["state"], said["amount"]) == ("sent", yen(75_000))
    assert (said["job_id"], said["proposal_id"]) == (
        *(event.data["job_id"], event.data["proposal_id"]),
    )
    assert len(said["milestones"]) == 1
    assert facts(store.db, "offers", said["id"]) == ["offer.sent"]


def test_a_selection_heard_again_makes_nothing_and_undoes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    event = a_selection(client, worker)
    hear(store, event, event)
    worker.post(f"/v1/offers/{event.data['offer_id']}/decline")
    with nothing_changes(db):
        assert hear(store, event) == [None]


def test_a_cancelled_job_withdraws_what_is_still_on_offer(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    job = ids.new("job")
    still, taken, other = (
        *(a_selection(client, worker, job_id=job) for _ in range(2)),
        a_selection(client, worker),
    )
    hear(store, still, taken, other)
    worker.post(f"/v1/offers/{taken.data['offer_id']}/accept")
    event = an_event("job.cancelled", subject=job, job_id=job, client_id=client.id)

    for _ in range(2):
        assert hear(store, event) == [None]

    ids_ = [e.data["offer_id"] for e in (still, taken, other)]
    found = [worker.get(f"/v1/offers/{id_}").json["state"] for id_ in ids_]
    assert found == ["withdrawn", "accepted", "sent"]
    assert facts(db, "offers", still.data["offer_id"]) == ["offer.sent", "offer.withdrawn"]


def test_an_offer_of_a_job_that_was_cancelled_before_is_withdrawn_too(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    """The broker promises no order: the cancellation may be heard before the selection."""
    selected = a_selection(client, worker)
    job = selected.data["job_id"]
    cancelled = an_event("job.cancelled", subject=job, job_id=job, client_id=client.id)

    assert hear(store, cancelled) == [None]
    assert hear(store, selected) == [None]

    offer_id = selected.data["offer_id"]
    assert worker.get(f"/v1/offers/{offer_id}").json["state"] == "withdrawn"
    assert facts(db, "offers", offer_id) == ["offer.sent", "offer.withdrawn"]


# forming


def test_a_contract_is_formed_again_when_the_web_process_died_in_between(
    store: Store, client: Caller, worker: Caller
) -> None:
    """The offer was written, the contract was not: what a kill between the two leaves behind."""
    path = formed(client, worker, 40_000, 35_000)
    before = contract(client, path)
    offer_id = before["offer_id"]
    store.db["contracts"].delete_one({"_id": before["id"]})
    said = store.timeline(offer_id, "offers")[-1]
    assert said["type"] == "offer.accepted"
    event = an_event("offer.accepted", subject=offer_id, **said["data"])

    assert hear(store, event) == [None]

    again = contract(client, path)
    for name in ("id", "state", "amount", "client_id", "worker_id", "scope", "offer_id"):
        assert again[name] == before[name]
    assert [m["hold_id"] for m in again["milestones"]] == [
        m["hold_id"] for m in before["milestones"]
    ]
    assert facts(store.db, "contracts", again["id"]) == ["contract.formed"]


def test_an_acceptance_asked_again_after_such_a_death_forms_the_contract(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    first = worker.post(f"{path}/accept", key="k")
    store.db["contracts"].delete_one({"_id": first.json["id"]})

    again = worker.post(f"{path}/accept", key="k")

    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
    assert store.db["contracts"].count_documents({}) == 1


def test_its_own_acceptance_heard_after_the_contract_went_on_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = funded(store, client, worker)
    said = store.timeline(contract(client, path)["offer_id"], "offers")[-1]["data"]
    with nothing_changes(db):
        assert hear(store, an_event("offer.accepted", **said)) == [None]


# escrow


def test_funding_starts_the_contract_and_says_so(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = formed(client, worker, 1_000, 2_000)

    hear(store, of_hold("escrow.funded", contract(client, path)))

    assert states(client, path) == ("active", ["funded", "pending"])
    said = contract(worker, path)
    assert (said["next"]["actor"], said["next"]["action"]) == ("worker", "deliver")
    assert facts(store.db, "contracts", said["id"]) == [
        *("contract.formed", "milestone.funded", "contract.started"),
    ]


def test_funding_heard_before_the_contract_waits_for_it(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = formed(client, worker)
    kept = store.db["contracts"].find_one_and_delete({})
    assert kept is not None
    event = of_hold("escrow.funded", {**kept, "milestones": kept["milestones"]})

    [why] = hear(store, event)
    assert isinstance(why, NotYet)
    store.db["contracts"].insert_one(kept)

    assert hear(store, event) == [None]
    assert states(client, path)[0] == "active"


def test_a_hold_of_a_job_concerns_jobs_alone(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    said = contract(client, formed(client, worker))
    with nothing_changes(db):
        for type_ in ("escrow.funded", "escrow.released", "escrow.refunded", "hold.cancelled"):
            assert hear(store, of_hold(type_, said, ref=ids.new("job"), milestone=0)) == [None]


def test_the_next_milestone_has_its_turn_when_one_is_paid(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = delivered(store, client, worker, 1_000, 2_000)
    client.post(f"{path}/milestones/1/accept")

    hear(store, of_hold("escrow.released", contract(client, path)))

    assert states(client, path) == ("active", ["paid", "pending"])
    waits = contract(client, path)["next"]
    assert (waits["actor"], waits["action"], waits["otherwise"]) == ("client", "fund", "completed")
    assert in_days(13.9) < waits["by"] < in_days(14.1)


def test_money_that_came_when_the_contract_was_already_cancelled_moves_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = formed(client, worker)
    said = contract(client, path)
    _be_silent(store, said["id"], days=8)
    assert states(client, path)[0] == "cancelled"
    with nothing_changes(db):
        assert hear(store, of_hold("escrow.funded", said)) == [None]
    assert hear(store, of_hold("escrow.refunded", said)) == [None]
    assert states(client, path) == ("cancelled", ["refunded"])
    assert contract(client, path)["next"] is None


def _be_silent(store: Store, contract_id: str, *, days: float) -> None:
    sweep.timers(store, [CONTRACTS], clock.parse(in_days(days)))
    assert store.find(CONTRACTS, contract_id) is not None


@pytest.mark.parametrize("seed", range(6))
def test_a_whole_story_in_any_order_and_twice_ends_the_same(
    store: Store, db: Db, client: Caller, worker: Caller, seed: int
) -> None:
    """Everything that escrow ever says of two milestones, with the acts in between done before."""
    path = delivered(store, client, worker, 1_000, 2_000)
    client.post(f"{path}/milestones/1/accept")
    said = contract(client, path)
    events = [
        of_hold("escrow.funded", said, 1),
        of_hold("escrow.released", said, 1),
        of_hold("escrow.funded", said, 2),
        _member(client, 7),
        _member(client, 5),
        _member(worker, 6),
    ]
    chance = random.Random(seed)
    waiting = events * 3
    chance.shuffle(waiting)

    _hear_all(store, waiting)

    assert states(client, path) == ("active", ["paid", "funded"])
    types = facts(db, "contracts", said["id"])
    assert (types.count("milestone.funded"), types.count("milestone.paid")) == (2, 1)
    assert types.count("contract.started") == 1
    names = {d["_id"]: d["version"] for d in db["members"].find()}
    assert (names[client.id], names[worker.id]) == (7, 6)


def _hear_all(store: Store, waiting: list[Event]) -> None:
    for _ in range(TRIES_MAX):
        late = []
        for event in waiting:
            [why] = hear(store, event)
            assert why is None or isinstance(why, NotYet), why
            late += [event] if why else []
        if not (waiting := late):
            return
    raise AssertionError([e.type for e in waiting])


@pytest.mark.parametrize("type_", sorted(REACTIONS))
def test_what_is_heard_again_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller, type_: str
) -> None:
    path = delivered(store, client, worker)
    client.post(f"{path}/milestones/1/accept")
    said = contract(client, path)
    event = _any(type_, said, store, client, worker)
    hear(store, event)
    before = everything(db)
    for _ in range(2):
        assert hear(store, event) == [None]
    assert everything(db) == before


def _any(type_: str, said: Doc, store: Store, client: Caller, worker: Caller) -> Event:
    """Return an event of this type that means something to this contract or these members."""
    if type_.startswith(("escrow.", "hold.")):
        return of_hold(type_, said)
    if type_ == "proposal.selected":
        return a_selection(client, worker)
    if type_ == "time.removed":  # of a line that is there
        hear(store, an_event("time.noted", said["id"]))
    if type_ == "offer.accepted":
        return an_event(type_, **store.timeline(said["offer_id"], OFFERS.collection)[-1]["data"])
    if type_.startswith("member."):
        return _member(client, 9, type_)
    return an_event(type_, client_id=client.id)


# members


def _member(caller: Caller, version: int, type_: str = "member.changed", **words: Any) -> Event:
    said = {"member_id": caller.id, "state": "active", "display_name": f"n{version}", **words}
    event = an_event(type_, subject=caller.id, **said)
    return Event(**{**{n: getattr(event, n) for n in event.__slots__}, "version": version})


def test_an_older_word_about_a_member_never_overwrites_a_newer(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    hear(store, _member(worker, 5, state="suspended"))
    hear(store, _member(worker, 4, type_="member.registered"))
    answer = client.post("/v1/offers", {})
    assert answer.status_code == 422
    found = db["members"].find_one({"_id": worker.id})
    assert found is not None
    assert (found["state"], found["version"]) == ("suspended", 5)


def test_a_member_is_known_without_the_address_to_write_to(
    store: Store, db: Db, worker: Caller
) -> None:
    hear(store, _member(worker, 5))
    found = db["members"].find_one({"_id": worker.id})
    assert found is not None
    assert set(found) == {"_id", "version", "state", "display_name"}
