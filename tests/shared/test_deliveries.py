"""Deliveries that could not be done: tried again for a while, then a person's; never lost."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared import deliveries, ids, sweep
from shared import store as stores
from shared.deliveries import BACKOFF_MAX_S, CRASHES_MAX, EARLY_TRIES_MAX, TRIES_MAX, backoff
from shared.documents import Doc
from shared.errors import Conflict, Forbidden, Invalid, Malformed, NotYet, Unavailable, Unknown
from shared.events import Event
from shared.reactions import Handle, Reactions
from shared.store import Db, Store
from tests.racers import at_once
from tests.shared.toys import BOXES, NOW, REACTIONS, a_box, after, an_event


def one(db: Db) -> Doc:
    [doc] = db["deliveries"].find()
    return doc


def let_time_pass(store: Store, reactions: Reactions = REACTIONS, **time: float) -> int:
    return sweep.due_deliveries(store, reactions, after(**time))


@pytest.mark.pure
def test_waiting_doubles_from_half_a_second_to_a_minute_with_jitter() -> None:
    for tries in range(1, 30):
        whole = min(BACKOFF_MAX_S, 0.5 * 2 ** (tries - 1))
        waits = [backoff(tries).total_seconds() for _ in range(50)]
        assert whole * 0.7 <= min(waits) <= max(waits) <= whole * 1.3
        assert len(set(waits)) > 1


@pytest.mark.parametrize("why", [NotYet("x"), Unknown("x"), Unavailable("x"), ValueError("x")])
def test_what_may_work_later_is_kept_to_be_tried_again(store: Store, why: Exception) -> None:
    event = an_event("payout.sent")

    deliveries.failed(store.db, event, why, now=NOW)

    doc = one(store.db)
    assert (doc["_id"], doc["state"], doc["tries"]) == (event.id, "retry", 1)
    assert NOW < doc["due"] <= after(seconds=1)
    assert deliveries.claim_due(store.db, now=after(seconds=1)) == event


@pytest.mark.parametrize("why", [Malformed("x"), Invalid("x"), Forbidden("x"), Conflict("x")])
def test_what_will_never_work_is_parked_at_once_with_its_reason(
    store: Store, why: Exception
) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), why, now=NOW)
    doc = one(store.db)
    assert doc["state"] == "parked"
    assert doc["reason"] == "x: x"
    assert type(why).__name__ in doc["stack"]


def test_a_delivery_is_tried_eight_times_and_then_a_persons(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), NotYet("too_early"), now=NOW)
    tried = 0
    while one(store.db)["state"] == "retry":
        tried += 1
        assert let_time_pass(store, hours=tried) == 1
    assert one(store.db)["tries"] == TRIES_MAX
    assert tried == TRIES_MAX - 1, "the first try was the hearing itself"


def test_what_came_too_early_is_tried_once_an_hour_for_a_day_while_it_is_parked(
    store: Store,
) -> None:
    event = an_event("payout.sent")
    at_last = dataclasses.replace(event, tries=TRIES_MAX - 1)
    deliveries.failed(store.db, at_last, NotYet("too_early"), now=NOW)

    assert let_time_pass(store, minutes=59) == 0
    hours = [let_time_pass(store, hours=hour) for hour in range(1, 60)]
    assert sum(hours) == EARLY_TRIES_MAX - TRIES_MAX
    assert [doc["_id"] for doc in deliveries.parked(store.db)] == [event.id]
    assert one(store.db)["due"] is None, "from now on it is only a person's"


def test_what_is_parked_and_whose_cause_comes_late_is_done_by_itself(store: Store) -> None:
    event = dataclasses.replace(an_event("payout.sent"), tries=TRIES_MAX - 1)
    deliveries.failed(store.db, event, NotYet("too_early"), now=NOW)
    store.create(BOXES, a_box(), [], now=NOW)

    assert let_time_pass(store, hours=2) == 1

    assert store.db["deliveries"].count_documents({}) == 0
    assert store.get(BOXES, a_box().id).state == "sent"


def test_what_a_person_has_to_judge_is_never_tried_by_itself(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), Conflict("no"), now=NOW)
    deliveries.unreadable(store.db, b"?", {}, ValueError("no"), NOW)
    assert let_time_pass(store, days=9) == 0
    assert len(deliveries.parked(store.db)) == 2


def test_a_delivery_that_is_not_due_is_left_alone(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), NotYet("too_early"), now=NOW)
    assert let_time_pass(store) == 0
    assert one(store.db)["tries"] == 1


def test_a_delivery_whose_cause_has_come_is_done_and_gone(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), NotYet("too_early"), now=NOW)
    store.create(BOXES, a_box(), [], now=NOW)

    assert let_time_pass(store, minutes=1) == 1

    assert store.get(BOXES, a_box().id).state == "sent"
    assert store.db["deliveries"].count_documents({}) == 0


def counting(calls: list[str], why: Exception | None = None) -> Reactions:
    def count(_: Store, event: Event, now: Any) -> None:
        calls.append(event.id)
        if why:
            raise why

    return {"payout.sent": (Handle(count),)}


def test_many_sweepers_try_each_delivery_once(store: Store) -> None:
    for n in range(20):
        deliveries.failed(store.db, an_event("payout.sent", n), NotYet("x"), now=NOW)
    calls: list[str] = []

    counts = at_once(4, lambda _: let_time_pass(store, counting(calls), minutes=1))

    assert sum(counts) == 20
    assert len(calls) == len(set(calls)) == 20
    assert store.db["deliveries"].count_documents({}) == 0


def test_a_delivery_whose_sweeper_died_is_tried_by_another_after_its_lease(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), NotYet("x"), now=NOW)
    assert deliveries.claim_due(store.db, now=after(minutes=1)) is not None
    calls: list[str] = []
    assert let_time_pass(store, counting(calls), minutes=1) == 0
    assert let_time_pass(store, counting(calls), minutes=2) == 1
    assert len(calls) == 1


def test_a_delivery_that_kills_every_sweeper_is_parked_and_the_next_one_tried(
    store: Store, a_new_process: Callable[[], None]
) -> None:
    killer, good = an_event("payout.sent", 1), an_event("payout.sent", 2)
    deliveries.failed(store.db, killer, NotYet("x"), now=NOW)
    for hour in range(1, CRASHES_MAX + 1):  # claimed, and never heard of again
        a_new_process()
        assert deliveries.claim_due(store.db, now=after(hours=hour)) == killer
    a_new_process()
    deliveries.failed(store.db, good, NotYet("x"), now=after(hours=8))
    calls: list[str] = []

    let_time_pass(store, counting(calls), hours=9)

    assert calls == [good.id]
    doc = one(store.db)
    assert (doc["_id"], doc["state"]) == (killer.id, "parked")
    assert "its process ended" in doc["reason"]


def test_tries_that_end_well_or_badly_are_no_crashes(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent"), NotYet("x"), now=NOW)
    calls: list[str] = []
    for hour in range(1, TRIES_MAX):
        let_time_pass(store, counting(calls, NotYet("x")), hours=hour)
    assert len(calls) == TRIES_MAX - 1
    assert one(store.db)["reason"] == "x: x"


# attempts that are recorded before they run


@pytest.fixture
def a_new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What records attempts from now on is another process."""
    return lambda: monkeypatch.setattr(deliveries, "PROCESS", ids.new("prc"))


def test_a_message_that_ends_its_process_is_parked_after_its_recorded_attempts(
    db: Db, a_new_process: Callable[[], None]
) -> None:
    event = an_event("payout.sent")
    attempts = []
    for _ in range(CRASHES_MAX + 1):
        a_new_process()
        attempts.append(deliveries.record_attempt(db, event, now=NOW))
    assert attempts == [True] * CRASHES_MAX + [False]
    assert one(db)["state"] == "parked"
    assert deliveries.parked(db)[0]["_id"] == event.id


def test_attempts_that_a_lost_database_cut_short_are_no_crashes(db: Db) -> None:
    """The process lives on: it was never this message that ended it."""
    event = an_event("payout.sent")
    for _ in range(CRASHES_MAX * 2):
        assert deliveries.record_attempt(db, event, now=NOW)
    assert (one(db)["state"], one(db)["crashes"]) == ("running", 1)


def test_a_message_that_did_not_end_its_process_is_forgotten(db: Db) -> None:
    event = an_event("payout.sent")
    for _ in range(CRASHES_MAX * 2):
        assert deliveries.record_attempt(db, event, now=NOW)
        deliveries.survived(db, event.id)
    assert db["deliveries"].count_documents({}) == 0


def test_a_message_that_waits_beside_one_that_kills_is_not_parked_for_it(db: Db) -> None:
    """It was tried before the killer in every one of those processes, and came too early."""
    event = an_event("payout.sent")
    for _ in range(CRASHES_MAX * 2):
        assert deliveries.record_attempt(db, event, now=NOW)
        deliveries.failed(db, event, NotYet("too_early"), now=NOW)
        deliveries.survived(db, event.id)
    assert (one(db)["state"], one(db)["reason"]) == ("retry", "too_early: too early")


# what a person does


def park(db: Db, n: int = 1) -> Event:
    event = an_event("payout.sent", n)
    deliveries.failed(db, event, Conflict("no"), now=after(minutes=n))
    return event


def test_what_is_parked_is_listed_oldest_first(db: Db) -> None:
    deliveries.failed(db, an_event("payout.sent", 9), NotYet("x"), now=NOW)
    second, first = park(db, 2), park(db, 1)
    assert [d["_id"] for d in deliveries.parked(db)] == [first.id, second.id]
    assert len(deliveries.parked(db, limit=1)) == 1


def test_a_replayed_delivery_is_tried_again_from_the_start(store: Store) -> None:
    event = park(store.db)
    store.create(BOXES, a_box(), [], now=NOW)

    assert deliveries.replay(store.db, event.id, now=NOW)

    doc = one(store.db)
    assert (doc["state"], doc["tries"], doc["event"]["tries"]) == ("retry", 0, 0)
    assert let_time_pass(store) == 1
    assert store.get(BOXES, a_box().id).state == "sent"


def test_a_replay_of_what_still_fails_has_all_its_tries_again(store: Store) -> None:
    event = park(store.db)
    deliveries.replay(store.db, event.id, now=NOW)
    let_time_pass(store)
    assert (one(store.db)["state"], one(store.db)["tries"]) == ("retry", 1)


def test_a_dropped_delivery_stays_readable_and_is_never_tried(store: Store) -> None:
    event = park(store.db)
    assert deliveries.drop(store.db, event.id, by="ops", now=NOW)
    assert deliveries.parked(store.db) == []
    assert let_time_pass(store, days=9) == 0
    doc = one(store.db)
    assert (doc["state"], doc["dropped_by"], doc["dropped_at"]) == ("dropped", "ops", NOW)


def test_a_dropped_delivery_that_is_delivered_again_stays_dropped(store: Store) -> None:
    event = park(store.db)
    deliveries.drop(store.db, event.id, by="ops", now=NOW)
    deliveries.failed(store.db, event, Conflict("no"), now=NOW)
    assert one(store.db)["state"] == "dropped"


def test_only_what_is_parked_can_be_replayed_or_dropped(db: Db) -> None:
    event = an_event("payout.sent")
    assert not deliveries.replay(db, event.id, now=NOW)
    deliveries.failed(db, event, NotYet("x"), now=NOW)
    assert not deliveries.replay(db, event.id, now=NOW)
    assert not deliveries.drop(db, event.id, by="ops", now=NOW)


def test_a_message_that_is_no_event_is_kept_with_its_bytes_and_cannot_be_replayed(db: Db) -> None:
    deliveries.unreadable(db, b"\xff\x00{", {"a": b"\xff"}, Malformed("x", "not JSON"), NOW)
    doc = one(db)
    assert (doc["raw"], doc["state"], doc["reason"]) == (b"\xff\x00{", "parked", "not JSON")
    assert not deliveries.replay(db, doc["_id"], now=NOW)
    assert deliveries.message(doc) == "\ufffd\x00{"
    assert deliveries.drop(db, doc["_id"], by="ops", now=NOW)


def test_what_was_said_is_shown_as_json_and_of_a_timer_nothing(db: Db) -> None:
    event = park(db)
    shown = orjson.loads(deliveries.message(one(db)))
    assert (shown["id"], shown["data"]) == (event.id, event.data)
    deliveries.timer_parked(db, "con_1", "contract", ValueError("x"), tries=8, now=NOW)
    assert deliveries.message(db["deliveries"].find_one({"_id": "con_1 wake"}) or {}) == ""


def nested(depth: int) -> Any:
    return {"x": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    "data",
    [
        {"a\x00b": 1},
        nested(50),
        {"n": 2**64 - 1},
        {"$ref": "a", "$id": "b", "$db": 5},
        {"$set": {"a.b": 1}, "": ""},
        {"x": "y" * 200_000},
    ],
    ids=["nul", "deep", "huge number", "reference", "operators", "long"],
)
@pytest.mark.parametrize("keep", ["failed", "recorded"])
def test_words_that_no_document_can_hold_are_parked_all_the_same(
    db: Db, data: Any, keep: str, a_new_process: Callable[[], None]
) -> None:
    stores.ensure_indexes(db, [])
    event = an_event("payout.sent", data=data)
    if keep == "failed":
        deliveries.failed(db, event, Invalid("bad_event"), now=NOW)
    else:
        while deliveries.record_attempt(db, event, now=NOW):
            a_new_process()
    assert one(db)["state"] == "parked"
    assert one(db)["_id"] == event.id


def test_a_delivery_that_is_done_is_no_longer_there(db: Db) -> None:
    event = park(db)
    deliveries.done(db, event.id)
    assert db["deliveries"].count_documents({}) == 0


def test_the_last_wait_of_a_retried_delivery_is_at_most_a_minute_or_so(store: Store) -> None:
    deliveries.failed(store.db, an_event("payout.sent", tries=6), NotYet("x"), now=NOW)
    assert one(store.db)["due"] - NOW < timedelta(seconds=90)
