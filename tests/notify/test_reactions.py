"""What arrives is told once, and what is moot is withdrawn, in whatever order it arrives."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from services.notify import queries
from services.notify.reactions import REACTIONS
from services.notify.records import KINDS
from shared import clock, engine, sweep
from shared.events import Event
from shared.paging import Page
from shared.store import Store
from tests.notify.builders import CLIENT, WORKER, an_event


def hear(store: Store, *events: Event) -> None:
    """Let notify hear these events as one batch."""
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=clock.now())
    assert not any(verdicts.values()), verdicts


def forget(store: Store) -> None:
    """Empty the database, as if nothing had been heard."""
    for name in ("notices", "tombstones", "feed"):
        store.db[name].delete_many({})


def todo(store: Store, member_id: str) -> list[str]:
    """Return the actions on a member's to-do list."""
    found, _ = queries.todo(store.db, member_id, Page(100), now=clock.now())
    return [str(n.action) for n in found]


def inbox(store: Store, member_id: str) -> list[str]:
    """Return the types of everything a member was told."""
    found, _ = queries.inbox(store.db, member_id, Page(100), unread=None, muted=(), now=clock.now())
    return sorted(n.type for n in found)


FAR = "2126-12-07T00:00:00.000Z"


def a_story() -> list[tuple[Event, list[str], list[str]]]:
    """Return a hire with one round of changes: each event, and the to-do lists after it."""
    return [
        (an_event("proposal.submitted"), ["select"], []),
        (an_event("proposal.selected", version=2), [], []),
        (an_event("offer.sent", answer_by=FAR), [], ["answer"]),
        (an_event("offer.accepted", version=2), [], []),
        (an_event("contract.formed", fund_by=FAR), ["fund"], []),
        (an_event("contract.reminded", version=2, by=FAR), ["fund"], []),
        (an_event("escrow.funded", version=2), [], []),
        (an_event("milestone.funded", version=3), [], ["deliver"]),
        (an_event("delivery.submitted", version=4), ["inspect"], []),
        (an_event("changes.requested", version=5), [], ["deliver"]),
        (an_event("delivery.submitted", version=6), ["inspect"], []),
        (an_event("delivery.recalled", version=7), [], ["deliver"]),
        (an_event("delivery.submitted", version=8), ["inspect"], []),
        (an_event("delivery.accepted", version=9), [], []),
        (an_event("contract.completed", version=10, review_by=FAR), ["review"], ["review"]),
        (
            an_event("review.written", version=11, reviewer_id=CLIENT, reviewee_id=WORKER),
            [],
            ["review"],
        ),
        (an_event("review.revealed", version=12), [], []),
    ]


def test_the_to_do_lists_follow_a_hire(store: Store) -> None:
    for event, client, worker in a_story():
        hear(store, event)

        assert (todo(store, CLIENT), todo(store, WORKER)) == (client, worker), event.type


def test_any_order_and_any_batches_lead_to_the_same_lists(store: Store) -> None:
    for seed in range(20):
        forget(store)
        dice = random.Random(seed)
        story = a_story()
        length = dice.randrange(1, len(story) + 1)
        events = [event for event, _, _ in story[:length]] * 2
        dice.shuffle(events)

        while events:
            size = dice.randrange(1, 5)
            batch, events = events[:size], events[size:]
            hear(store, *{e.id: e for e in batch}.values())

        _, client, worker = story[length - 1]
        assert (todo(store, CLIENT), todo(store, WORKER)) == (client, worker), seed


PAIRS: list[tuple[Event, Event, str]] = [
    (an_event("offer.sent", answer_by=FAR), an_event(f"offer.{end}", version=2), WORKER)
    for end in ("accepted", "declined", "withdrawn", "expired")
]
PAIRS += [
    (an_event("proposal.submitted"), an_event(f"proposal.{end}", version=2), CLIENT)
    for end in ("withdrawn", "declined", "lapsed", "selected")
]
PAIRS += [
    (an_event(opened), an_event(f"job.{end}", version=2), CLIENT)
    for opened in ("proposal.submitted", "question.asked")
    for end in ("closed", "cancelled", "completed")
]
PAIRS += [
    (an_event("question.asked"), an_event("question.answered"), CLIENT),
    (an_event("contract.formed", fund_by=FAR), an_event("escrow.funded"), CLIENT),
    (an_event("contract.formed", fund_by=FAR), an_event("hold.cancelled"), CLIENT),
    (an_event("contract.formed", fund_by=FAR), an_event("contract.cancelled", version=2), CLIENT),
    (an_event("milestone.funded", version=2), an_event("delivery.submitted", version=3), WORKER),
    (an_event("milestone.funded", version=2), an_event("contract.cancelled", version=3), WORKER),
    (an_event("milestone.overdue", version=2), an_event("delivery.submitted", version=3), WORKER),
    (an_event("milestone.overdue", version=2), an_event("contract.cancelled", version=3), WORKER),
    (an_event("delivery.submitted", version=3), an_event("changes.requested", version=4), CLIENT),
    (an_event("delivery.submitted", version=3), an_event("delivery.recalled", version=4), CLIENT),
    (an_event("delivery.submitted", version=3), an_event("delivery.accepted", version=4), CLIENT),
    (an_event("contract.completed", review_by=FAR), an_event("review.written"), CLIENT),
    (an_event("contract.completed", review_by=FAR), an_event("review.revealed"), WORKER),
]


@pytest.mark.parametrize(("opens", "closes", "whose"), PAIRS, ids=lambda x: getattr(x, "type", ""))
def test_what_is_moot_leaves_the_list_in_every_order(
    store: Store, opens: Event, closes: Event, whose: str
) -> None:
    orders: list[list[tuple[Event, ...]]] = [
        [(opens,), (closes,)],
        [(closes,), (opens,)],
        [(opens, closes)],
        [(closes, opens)],
        [(closes,), (opens,), (closes,), (opens,)],
    ]
    for batches in orders:
        forget(store)
        for batch in batches:
            hear(store, *batch)

        told = store.db["notices"].find_one({"event_id": opens.id, "member_id": whose})
        assert told is not None
        assert told["action"] is not None
        assert told["withdrawn_at"] is not None


def test_what_nothing_has_closed_stays_on_the_list(store: Store) -> None:
    for opens, _, whose in PAIRS:
        forget(store)
        hear(store, opens)

        assert todo(store, whose), opens.type


def test_a_reminder_takes_the_place_of_what_it_reminds_of(store: Store) -> None:
    hear(store, an_event("contract.formed", fund_by=FAR))
    hear(store, an_event("contract.reminded", version=2, by=FAR))
    hear(store, an_event("contract.reminded", version=3, by=FAR))

    assert todo(store, CLIENT) == ["fund"]
    assert inbox(store, CLIENT) == ["contract.formed", *["contract.reminded"] * 2]


def test_what_is_withdrawn_in_the_meantime_does_not_remind(store: Store) -> None:
    """The rungs are 7 days and 1 day before; the worker answers after the first."""
    by = clock.now() + timedelta(days=14)
    hear(store, an_event("offer.sent", answer_by=clock.text(by)))
    sweep.timers(store, KINDS, by - timedelta(days=7))
    (told,) = store.db["notices"].find({"member_id": WORKER})
    assert [f["type"] for f in told["outbox"]] == ["notification.made", "notification.reminded"]

    hear(store, an_event("offer.accepted", version=2))
    fired = sweep.timers(store, KINDS, by - timedelta(days=1))

    (told,) = store.db["notices"].find({"member_id": WORKER})
    assert (fired, len(told["outbox"])) == (0, 2)


def test_a_reminder_fires_once_however_many_sweep(store: Store) -> None:
    by = clock.now() + timedelta(days=14)
    hear(store, an_event("offer.sent", answer_by=clock.text(by)))
    at = by - timedelta(days=7) + timedelta(minutes=1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sweep.timers(store, KINDS, at), range(4)))

    (told,) = store.db["notices"].find({"member_id": WORKER})
    assert [f["type"] for f in told["outbox"]] == ["notification.made", "notification.reminded"]


def test_a_review_is_no_longer_to_do_when_its_window_is_over(store: Store) -> None:
    hear(store, an_event("contract.completed", review_by="2026-01-01T00:00:00.000Z"))

    assert todo(store, CLIENT) == []


def test_an_event_heard_eight_times_is_one_notice_and_one_fact(store: Store) -> None:
    event = an_event("contract.formed", fund_by=FAR)

    for _ in range(8):
        engine.handle_one(store, REACTIONS, event, now=clock.now())

    assert inbox(store, CLIENT) == ["contract.formed"]
    assert inbox(store, WORKER) == ["contract.formed"]
    assert store.db["feed"].count_documents({}) == 1
    docs = list(store.db["notices"].find())
    assert [[entry["type"] for entry in doc["outbox"]] for doc in docs] == [
        ["notification.made"]
    ] * 2


def test_a_fact_said_again_revives_nothing(store: Store) -> None:
    hear(store, an_event("contract.formed", fund_by=FAR))
    hear(store, an_event("escrow.funded"))

    hear(store, an_event("contract.formed", version=7, fund_by=FAR))

    assert todo(store, CLIENT) == []
    assert inbox(store, CLIENT) == ["contract.formed"]


def test_what_is_read_or_withdrawn_is_not_revived_by_the_same_event(store: Store) -> None:
    event = an_event("offer.sent", answer_by=FAR)
    hear(store, event)
    hear(store, an_event("offer.declined", version=2))

    hear(store, event)

    assert todo(store, WORKER) == []


def test_a_notice_says_who_was_told_of_what_unless_it_was_moot_at_birth(store: Store) -> None:
    offer = an_event("offer.sent", answer_by=FAR)
    hear(store, an_event("offer.expired", version=2))
    hear(store, offer)

    expired = store.db["notices"].find_one({"type": "offer.expired", "member_id": WORKER}) or {}
    born_moot = store.db["notices"].find_one({"type": "offer.sent"}) or {}

    (fact,) = expired["outbox"]
    assert fact["data"] == {
        "notification_id": expired["_id"],
        "member_id": WORKER,
        "about": offer.subject,
    }
    assert born_moot["outbox"] == []
    assert inbox(store, WORKER) == ["offer.expired"]


def test_being_told_is_in_the_feed_and_tells_nobody(store: Store) -> None:
    hear(store, an_event("notification.made", member_id=WORKER))

    assert inbox(store, WORKER) == []
    assert store.db["feed"].count_documents({"concerns": WORKER}) == 1


def test_what_concerns_no_member_is_not_kept(store: Store) -> None:
    event = an_event("offer.sent", client_id="nobody", worker_id="no one", answer_by=FAR)

    hear(store, event)

    assert store.db["feed"].count_documents({}) == 0


def test_who_members_are_is_known_from_what_accounts_said_last(store: Store) -> None:
    hear(store, an_event("member.changed", version=3, display_name="佐藤", locale="en"))
    hear(store, an_event("member.registered", version=1, display_name="さとう", locale="ja"))

    assert queries.names(store.db, [WORKER]) == {WORKER: "佐藤"}
    assert queries.locale_of(store.db, WORKER) == "en"


def test_racing_workers_never_leave_a_moot_notice(store: Store) -> None:
    barrier = Barrier(2)

    def race(event: Event) -> None:
        barrier.wait(10)
        engine.handle_one(store, REACTIONS, event, now=clock.now())

    for n in range(40):
        opened = an_event("offer.sent", offer_id=f"off_{n}", answer_by=FAR)
        closed = an_event("offer.withdrawn", version=2, offer_id=f"off_{n}")
        both: Sequence[Event] = (opened, closed)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(race, both))

    assert todo(store, WORKER) == []
