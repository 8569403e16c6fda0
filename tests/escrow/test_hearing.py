"""A job's hold, a contract's further ones, a disputed one: heard in turn, twice, in races."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.escrow import audit, ledger, proof, queries
from services.escrow.domain import funding
from services.escrow.domain.hold import Hold
from services.escrow.reactions import REACTIONS
from services.escrow.records import HOLDS
from shared import clock, engine, ids, settings
from shared.errors import NotYet, Unknown
from shared.events import Event
from shared.store import Store
from tests.escrow.builders import (
    CLIENT,
    WORKER,
    a_step,
    accepted,
    an_event,
    cancelled,
    keep_funded,
    keep_hold,
    pay,
    race,
    step_words,
    submitted,
    yen,
)

SECOND = "mem_" + "e" * 32


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker's environment, for the profile it names."""
    for name in ("MONGO_URL", "MONGO_DB", "AMQP_URL", "JWT_PUBLIC_KEYS"):
        monkeypatch.setenv(name, "unused")
    monkeypatch.setenv("PROFILES_DIR", str(Path("deploy/profiles").absolute()))
    settings.read.cache_clear()
    yield
    settings.read.cache_clear()


def hear(store: Store, *events: Event) -> list[BaseException | None]:
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=clock.now())
    return [verdicts[event.id] for event in events]


def again(event: Event) -> Event:
    return replace(event, id=ids.new("evt"))


def facts(store: Store, id_: str) -> list[tuple[str, Any]]:
    doc = store.db["holds"].find_one({"_id": id_}) or {}
    return [(fact["type"], fact["data"]) for fact in doc["outbox"]]


def wallet(store: Store, member_id: str) -> int:
    return queries.wallet(store.db, member_id, "JPY")["available"].amount


def sound(store: Store) -> None:
    assert audit.check(store.db) == []
    sums = proof.proof(store.db)["currencies"]
    assert all(parts["total"] == 0 for parts in sums.values())


def a_job(store: Store, *, paid: bool = True, **words: Any) -> Hold:
    """Return the hold of a job that was submitted, and is funded unless said otherwise."""
    event = an_event("job.submitted_for_funding", submitted(**words))
    assert hear(store, event) == [None]
    opened = store.get(HOLDS, event.data["hold_id"])
    return pay(store, opened) if paid else opened


def about(of: Hold, type_: str, **words: Any) -> Event:
    job = {"job_id": of.ref, "client_id": CLIENT, "mode": of.quote.mode, "title": of.title}
    return an_event(type_, {**job, "hold_id": of.id, **words})


def approved(of: Hold, amount: int = 500, worker_id: str = WORKER) -> Event:
    words = {"assignment_id": ids.new("asg"), "worker_id": worker_id, "amount": yen(amount)}
    return about(of, "assignment.approved", by="client", **words)


def closed(of: Hold, remaining: int) -> Event:
    return about(of, "job.closed", reason="client", remaining=yen(remaining))


def entry(worker_id: str, amount: int) -> dict[str, Any]:
    return {"entry_id": ids.new("ent"), "worker_id": worker_id, "amount": yen(amount)}


# A job's hold


def test_a_job_opens_its_hold_once_and_says_what_it_costs(store: Store) -> None:
    event = an_event("job.submitted_for_funding", submitted(reward=500, slots=10))
    assert hear(store, event, again(event)) == [None, None]
    ((type_, said),) = facts(store, event.data["hold_id"])
    assert (type_, said["ref"], said["worker_id"]) == ("hold.opened", event.data["job_id"], None)
    assert (said["amount"], said["client_pays"]) == (yen(5_000), yen(5_000))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"reward": 10**9, "slots": 1_001}, "over_the_limit"),
        ({}, "nothing_to_hold"),
    ],
)
def test_a_job_that_cannot_be_held_is_told_so(
    store: Store, words: dict[str, Any], reason: str
) -> None:
    event = an_event("job.submitted_for_funding", submitted(**words))
    assert hear(store, event) == [None]
    ((type_, said),) = facts(store, event.data["hold_id"])
    assert (type_, said["reason"], said["ref"]) == ("hold.refused", reason, event.data["job_id"])
    assert store.get(HOLDS, event.data["hold_id"]).state == "cancelled"


def test_approved_slots_are_released_and_the_rest_goes_back_on_closing(store: Store) -> None:
    of = a_job(store, reward=500, slots=10)
    assert hear(store, approved(of), approved(of, worker_id=SECOND), approved(of)) == [None] * 3
    assert hear(store, closed(of, 3_000)) == [None]
    late = about(of, "slot.closed", assignment_id=ids.new("asg"), amount=yen(500))
    assert hear(store, late) == [None]
    after = store.get(HOLDS, of.id)
    assert (after.state, after.released.amount, after.refunded.amount) == ("split", 1_500, 3_500)
    assert (wallet(store, WORKER), wallet(store, SECOND), wallet(store, CLIENT)) == (
        950,
        475,
        3_500,
    )
    sound(store)


def test_a_hundred_slots_are_approved_in_two_transactions(store: Store) -> None:
    of = a_job(store, reward=500, slots=100)
    before = store.load(HOLDS, of.id).version
    assert hear(store, *[approved(of) for _ in range(100)]) == [None] * 100
    after = store.load(HOLDS, of.id)
    assert (after.thing.state, after.version) == ("released", before + 2)
    assert wallet(store, WORKER) == 100 * 475
    sound(store)


def test_a_part_heard_again_is_paid_once_and_told_again(store: Store) -> None:
    of = a_job(store, reward=500, slots=10)
    event = approved(of)
    assert hear(store, event, event) == [None, None]
    assert hear(store, again(event)) == [None]
    assert hear(store, closed(of, 4_500)) == [None]
    assert hear(store, again(event)) == [None]
    said = [data for type_, data in facts(store, of.id) if type_ == "escrow.released"]
    assert {one["cause"] for one in said} == {event.data["assignment_id"]}
    assert len({(one["worker_gets"]["amount"], one["fee"]["amount"]) for one in said}) == 1
    assert len(said) >= 3
    assert wallet(store, WORKER) == 475
    sound(store)


def test_a_slot_that_was_paid_is_not_refunded_as_well(store: Store) -> None:
    of = a_job(store, reward=500, slots=10)
    event = approved(of)
    hear(store, event)
    words = {"assignment_id": event.data["assignment_id"], "amount": yen(500)}
    assert hear(store, about(of, "slot.closed", **words)) == [None]
    assert facts(store, of.id)[-1][1]["reason"] == "already_released"
    assert wallet(store, CLIENT) == 0


def test_parts_wait_for_the_money(store: Store) -> None:
    of = a_job(store, paid=False, reward=500, slots=10)
    event = approved(of)
    assert isinstance(hear(store, event)[0], NotYet)
    pay(store, of)
    assert hear(store, event) == [None]
    assert wallet(store, WORKER) == 475


def test_the_same_slot_approved_eight_times_at_once_is_paid_once(store: Store) -> None:
    of = a_job(store, reward=500, slots=10)
    event = approved(of)
    copies = [again(event) for _ in range(8)]
    race([lambda e=e: hear(store, e) for e in copies])
    hear(store, *copies)
    assert wallet(store, WORKER) == 475
    sound(store)


def test_winners_are_paid_and_the_rest_goes_back(store: Store) -> None:
    of = a_job(store, prizes=[50_000, 30_000, 10_000])
    awards = [{**entry(WORKER, 50_000), "rank": 1}, {**entry(SECOND, 30_000), "rank": 2}]
    event = about(of, "competition.awarded", awards=awards)
    assert hear(store, event, again(event)) == [None, None]
    assert (wallet(store, WORKER), wallet(store, SECOND), wallet(store, CLIENT)) == (
        47_500,
        28_500,
        10_000,
    )
    causes = {data["cause"] for type_, data in facts(store, of.id) if type_ == "escrow.released"}
    assert causes == {one["entry_id"] for one in awards}
    sound(store)


def test_a_prize_without_a_winner_is_shared_or_refunded(store: Store) -> None:
    shared, void = a_job(store, prizes=[50_000]), a_job(store, prizes=[20_000])
    shares = [entry(WORKER, 25_001), entry(SECOND, 24_999)]
    assert hear(store, about(shared, "competition.split", shares=shares)) == [None]
    assert hear(store, about(void, "competition.void", reason="no_entries")) == [None]
    assert store.get(HOLDS, shared.id).state == "released"
    assert store.get(HOLDS, void.id).state == "refunded"
    assert wallet(store, CLIENT) == 20_000
    sound(store)


def test_a_cancelled_job_cancels_its_hold_or_gives_all_back(store: Store) -> None:
    unpaid, paid = a_job(store, paid=False, prizes=[50_000]), a_job(store, prizes=[50_000])
    for of in (unpaid, paid):
        assert hear(store, about(of, "job.cancelled", reason="client")) == [None]
    assert store.get(HOLDS, unpaid.id).state == "cancelled"
    assert store.get(HOLDS, paid.id).state == "refunded"
    plain = about(paid, "job.closed", reason="filled", remaining=None) if paid else None
    assert plain is not None
    without = replace(plain, data={**plain.data, "hold_id": None})
    assert hear(store, without) == [None]
    sound(store)


def test_in_any_order_every_part_ends_where_it_belongs(store: Store) -> None:
    random.seed(7)
    for _ in range(4):
        of = a_job(store, reward=500, slots=6)
        events = [approved(of) for _ in range(4)] + [closed(of, 1_000)]
        events += [again(event) for event in events]
        random.shuffle(events)
        for event in events:
            assert hear(store, event) == [None]
        assert store.get(HOLDS, of.id).state == "split"
    assert wallet(store, WORKER) == 4 * 4 * 475
    sound(store)


# A contract's further holds


@pytest.mark.parametrize("type_", ["milestone.added", "week.planned"])
def test_what_is_added_to_a_contract_has_a_hold_of_its_own(store: Store, type_: str) -> None:
    event = an_event(type_, a_step(type_, 40_000))
    assert hear(store, event, again(event)) == [None, None]
    of = store.get(HOLDS, event.data["hold_id"])
    assert (of.state, of.milestone, of.worker_id) == ("opened", 2, WORKER)
    pay(store, of)
    assert hear(store, accepted(of)) == [None]
    assert wallet(store, WORKER) == 38_000
    sound(store)


def test_a_mode_that_is_not_offered_is_refused_and_said(store: Store) -> None:
    words = a_step("milestone.added", mode="barter")
    assert hear(store, an_event("milestone.added", words)) == [None]
    assert facts(store, words["hold_id"])[0][1]["reason"] == "no_such_mode"


def changed(of: Hold, amount: int) -> Event:
    words = {**step_words(of), "mode": "project", "amount": yen(amount)}
    return an_event("milestone.changed", {**a_step("milestone.changed"), **words})


def test_a_changed_milestone_is_quoted_anew_until_it_is_funded(store: Store) -> None:
    of = keep_hold(store)
    assert hear(store, changed(of, 60_000)) == [None]
    assert store.get(HOLDS, of.id).quote.worker_gets.amount == 57_000
    pay(store, of)
    assert hear(store, changed(of, 50_000)) == [None]
    assert [type_ for type_, _ in facts(store, of.id)][1::2] == ["hold.changed", "hold.refused"]
    after = store.get(HOLDS, of.id)
    assert (after.amount.amount, after.held) == (60_000, 60_000)
    sound(store)


def test_a_change_of_what_is_not_here_yet_waits(store: Store) -> None:
    of = keep_hold(store)
    event = changed(replace(of, id=ids.new("hld")), 1_000)
    assert isinstance(hear(store, event)[0], Unknown)


def test_a_tip_is_taken_from_the_wallet_or_waits_to_be_funded(store: Store) -> None:
    first = an_event("tip.given", a_step("tip.given", 1_000))
    assert hear(store, first) == [None]
    assert store.get(HOLDS, first.data["hold_id"]).state == "opened"
    funded = keep_funded(store)
    hear(store, cancelled(funded))
    assert wallet(store, CLIENT) == 75_000
    second = an_event("tip.given", a_step("tip.given", 2_000))
    assert hear(store, second, again(second)) == [None, None]
    assert store.get(HOLDS, second.data["hold_id"]).state == "released"
    ledger.change(
        store, HOLDS, first.data["hold_id"], funding.from_wallet, by=CLIENT, now=clock.now()
    )
    assert (wallet(store, CLIENT), wallet(store, WORKER)) == (72_000, 2_850)
    sound(store)


# Disputes and cancellations


@pytest.mark.parametrize("type_", ["dispute.settled", "dispute.decided"])
def test_a_disputed_hold_is_divided(store: Store, type_: str) -> None:
    of = keep_funded(store)
    words = {"worker_gets": yen(30_000), "client_gets": yen(45_000), "by": "ops", "reason": "late"}
    event = an_event(type_, step_words(of, **words))
    assert hear(store, event, again(event)) == [None, None]
    assert store.get(HOLDS, of.id).state == "split"
    assert (wallet(store, WORKER), wallet(store, CLIENT)) == (28_500, 45_000)
    assert facts(store, of.id)[-1][1]["cause"] == type_
    sound(store)


def test_a_division_that_is_not_the_whole_moves_nothing(store: Store) -> None:
    of = keep_funded(store)
    words = {"worker_gets": yen(30_000), "client_gets": yen(1), "by": "ops", "reason": "late"}
    why = hear(store, an_event("dispute.decided", step_words(of, **words)))[0]
    assert getattr(why, "code", "") == "not_the_whole"
    assert store.get(HOLDS, of.id).state == "funded"


def test_a_cancelled_contract_pays_what_was_agreed_and_refunds_the_rest(store: Store) -> None:
    first, second = keep_funded(store), keep_funded(store)
    event = cancelled(first, second)
    part = {"hold_id": first.id, "amount": yen(20_000)}
    assert hear(store, replace(event, data={**event.data, "parts": [part]})) == [None]
    assert [store.get(HOLDS, one.id).state for one in (first, second)] == ["split", "refunded"]
    assert (wallet(store, WORKER), wallet(store, CLIENT)) == (19_000, 130_000)
    sound(store)


# Withholding


def test_tax_is_withheld_of_people_and_not_of_companies(store: Store) -> None:
    member = {"display_name": "x", "locale": "ja", "email": "x@example.com", "state": "active"}
    for id_, kind in ((CLIENT, "company"), (WORKER, "individual"), (SECOND, "company")):
        words = {"member_id": id_, "kind": kind, **member}
        assert hear(store, an_event("member.registered", words)) == [None]
    of = a_job(store, paid=False, reward=10_000, slots=2)
    store.db["holds"].update_one({"_id": of.id}, {"$set": {"withheld": True}})
    pay(store, of)
    assert hear(store, approved(of, 10_000), approved(of, 10_000, SECOND)) == [None, None]
    assert (wallet(store, WORKER), wallet(store, SECOND)) == (9_500 - 1_021, 9_500)
    assert proof.proof(store.db)["currencies"]["JPY"]["tax"] == 1_021
    sound(store)
