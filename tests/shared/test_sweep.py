"""What nobody asks for: timers fire once, whoever sweeps, and a failing one harms nobody."""

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest

from shared import deliveries, leases, sweep, waiting
from shared import store as stores
from shared.bus import Sent
from shared.deliveries import TRIES_MAX
from shared.documents import Doc, Kind
from shared.errors import Conflict, Ignored
from shared.moves import Outcome
from shared.store import Db, Store
from tests.racers import at_once
from tests.shared.toys import (
    BOXES,
    NOW,
    REACTIONS,
    Box,
    a_box,
    after,
    an_event,
    boxes,
    bump,
    expire,
)
from tests.spying import scans, spied


def put(store: Store, *numbers: int, due: Any = NOW) -> None:
    for n in numbers:
        store.create(BOXES, a_box(n, due=due), [], now=NOW)


def doc_of(store: Store, n: int = 1) -> Doc:
    doc = store.db["boxes"].find_one({"_id": a_box(n).id})
    assert doc is not None
    return doc


def fire(store: Store, kind: Kind[Box] = BOXES, **time: float) -> int:
    return sweep.timers(store, [kind], after(**time))


# timers


def test_a_timer_that_is_due_fires_once(store: Store) -> None:
    put(store, 1)
    assert [fire(store), fire(store), fire(store, days=9)] == [1, 0, 0]
    doc = doc_of(store)
    assert (doc["state"], doc["count"], len(doc["outbox"])) == ("lost", 1, 1)
    assert not {"wake_at", "leased_until", "wake_tries"} & set(doc)


def test_a_timer_that_is_not_due_waits(store: Store) -> None:
    put(store, 1, due=after(milliseconds=1))
    assert fire(store) == 0
    assert fire(store, milliseconds=1) == 1


def test_timers_fire_once_with_several_sweepers(store: Store) -> None:
    put(store, *range(40))

    counts = at_once(4, lambda _: fire(store))

    assert sum(counts) == 40
    docs = list(store.db["boxes"].find())
    assert {(d["state"], d["count"], d["version"], len(d["outbox"])) for d in docs} == {
        ("lost", 1, 2, 1)
    }


def test_timers_that_fell_due_while_nobody_swept_fire_once_each(store: Store) -> None:
    put(store, 1, 2, 3)
    assert fire(store, days=400) == 3
    assert fire(store, days=401) == 0


def test_a_kind_without_timers_is_not_swept(store: Store) -> None:
    put(store, 1)
    assert fire(store, boxes(on_wake=None)) == 0


def test_several_steps_that_are_due_follow_at_once(store: Store) -> None:
    def step(box: Box, *, now: Any) -> Outcome[Box]:
        box, facts = bump(box, now=now)
        due = box.due + timedelta(days=1) if box.count < 3 and box.due else None
        return Box(id=box.id, count=box.count, due=due), facts

    put(store, 1)
    assert fire(store, boxes(on_wake=step), days=30) == 3
    assert doc_of(store)["count"] == 3


def test_a_timer_whose_sweeper_died_is_fired_by_another_after_its_lease(store: Store) -> None:
    def die(box: Box, *, now: Any) -> Outcome[Box]:
        raise KeyboardInterrupt  # nothing of the sweep may run after it, as after a kill

    put(store, 1)
    with pytest.raises(KeyboardInterrupt):
        fire(store, boxes(on_wake=die))
    assert fire(store, seconds=29) == 0
    assert fire(store, seconds=31) == 1
    assert doc_of(store)["state"] == "lost"


def test_a_timer_that_somebody_moved_meanwhile_keeps_its_new_time(store: Store) -> None:
    def postpone(box: Box, *, now: Any) -> Outcome[Box]:
        return Box(id=box.id, due=after(days=1)), []

    def late(box: Box, *, now: Any) -> Outcome[Box]:
        if box.due == NOW:
            store.change(BOXES, box.id, postpone, now=now)
        return expire(store.get(BOXES, box.id), now=now)

    put(store, 1)
    fire(store, boxes(on_wake=late))
    assert (doc_of(store)["state"], doc_of(store)["wake_at"]) == ("packed", after(days=1))
    assert fire(store, days=1) == 1, "no lease of the first attempt is in the way"


class Failing:
    """A rule of silence that fails as often as it is told to."""

    def __init__(self, why: Exception, times: int = 10**6) -> None:
        self.why = why
        self.left = times
        self.calls = 0

    def __call__(self, box: Box, *, now: Any) -> Outcome[Box]:
        self.calls += 1
        self.left -= 1
        if self.left >= 0 and box.id == a_box(1).id:
            raise self.why
        return expire(box, now=now)


FAILURES = [Conflict("no"), ZeroDivisionError("a bug"), Ignored("not_due")]


@pytest.mark.parametrize("why", FAILURES, ids=["refused", "bug", "never due"])
def test_a_timer_that_fails_backs_off_and_stops_nobody_else(store: Store, why: Exception) -> None:
    put(store, 1, 2)
    rule = Failing(why)

    fire(store, boxes(on_wake=rule))

    assert rule.calls == 2, "one attempt each"
    assert (doc_of(store, 1)["state"], doc_of(store, 2)["state"]) == ("packed", "lost")
    assert NOW < doc_of(store, 1)["leased_until"] < after(seconds=1)
    fire(store, boxes(on_wake=rule))
    assert rule.calls == 2, "not before its time"


@pytest.mark.parametrize("why", FAILURES, ids=["refused", "bug", "never due"])
def test_a_timer_that_always_fails_is_parked_and_tried_once_a_day(
    store: Store, why: Exception
) -> None:
    put(store, 1)
    rule = Failing(why)
    for minute in range(2 * TRIES_MAX):
        fire(store, boxes(on_wake=rule), minutes=2 * minute)
    assert rule.calls == TRIES_MAX
    [parked] = deliveries.parked(store.db)
    assert parked["type"] == "timer of a box"

    fire(store, boxes(on_wake=rule), days=1, hours=2)

    assert rule.calls == TRIES_MAX + 1


def test_a_parked_timer_that_works_again_is_no_longer_parked(store: Store) -> None:
    put(store, 1)
    rule = Failing(Conflict("no"), times=TRIES_MAX)
    for minute in range(TRIES_MAX):
        fire(store, boxes(on_wake=rule), minutes=2 * minute)
    assert len(deliveries.parked(store.db)) == 1

    fire(store, boxes(on_wake=rule), days=2)

    assert doc_of(store)["state"] == "lost"
    assert deliveries.parked(store.db) == []


def test_a_timer_that_ends_its_process_is_held_for_a_day_in_the_end(store: Store) -> None:
    put(store, 1)
    calls = 0

    def die(box: Box, *, now: Any) -> Outcome[Box]:
        nonlocal calls
        calls += 1
        raise KeyboardInterrupt

    for minute in range(20):
        with contextlib.suppress(KeyboardInterrupt):
            fire(store, boxes(on_wake=die), minutes=minute)
    assert calls == TRIES_MAX + 1
    assert len(deliveries.parked(store.db)) == 1


def test_a_rule_of_silence_that_leaves_its_timer_as_it_was_does_not_spin(store: Store) -> None:
    put(store, 1)
    stuck = boxes(on_wake=bump)
    for second in range(60):
        fire(store, stuck, seconds=second / 2)
    doc = doc_of(store)
    assert (doc["count"], doc["version"]) == (1, 2)


# what waits for the broker


def test_the_oldest_waiting_fact_is_known_by_its_age(store: Store) -> None:
    assert waiting.oldest_fact_s(store.db, [BOXES], NOW) == 0
    put(store, 1, 2)
    store.change(BOXES, a_box(1).id, bump, now=after(seconds=5))
    store.change(BOXES, a_box(2).id, bump, now=after(seconds=9))
    assert waiting.oldest_fact_s(store.db, [BOXES], after(seconds=15)) == 10


# leases


def test_a_lease_is_held_by_one_process_until_its_time_is_over(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leases.hold(db, "job", now=NOW)
    assert leases.hold(db, "job", now=after(seconds=1)), "its holder renews it"

    monkeypatch.setattr(leases, "ME", "another process")

    assert not leases.hold(db, "job", now=after(seconds=10.9))
    assert leases.hold(db, "another job", now=after(seconds=1))
    assert leases.hold(db, "job", now=after(seconds=11))


# no query of the hot paths reads a whole collection


def test_no_query_of_the_store_or_the_sweep_scans_a_collection(mongo_url: str, db: Db) -> None:
    with spied(mongo_url, db.name) as (spied_db, spy):
        stores.ensure_indexes(spied_db, [BOXES])
        store = Store(spied_db, source="toys")
        put(store, *range(5))
        deliveries.failed(spied_db, an_event("payout.sent", 1), TimeoutError(), now=NOW)
        later = after(minutes=1)
        sweep.due_deliveries(store, REACTIONS, later)
        sweep.timers(store, [BOXES], later)
        waiting.oldest_fact_s(spied_db, [BOXES], later)
        sweep._outbox_of(spied_db, _Away(), "toys", BOXES, later)  # type: ignore[arg-type]
        store.timeline(a_box(1).id, "boxes")
        store.born(BOXES, stores.Once("key"))
        deliveries.parked(spied_db)
        spied_db["deliveries"].count_documents({"state": "parked"})
        names = {
            c.get("find") or c.get("findAndModify") or c.get("aggregate") for c in spy.commands
        }
        assert names >= {"boxes", "deliveries", "facts"}
        assert scans(spied_db, spy) == []


class _Away:
    """A publisher whose broker takes nothing."""

    def publish(self, _: Any) -> Any:
        return Sent(set(), set())


def test_sweeping_from_many_threads_shares_one_lease_of_the_process(db: Db) -> None:
    gate = threading.Barrier(4)

    def hold(_: int) -> bool:
        gate.wait(5)
        return leases.hold(db, "job", now=NOW)

    assert at_once(4, hold).count(True) >= 1
    assert db["leases"].count_documents({}) == 1
