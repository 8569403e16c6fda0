"""Hearing: the batch way and the one-at-a-time way are one, and nobody suffers for a neighbour."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pymongo import timeout

from shared import engine
from shared import store as stores
from shared.documents import Doc
from shared.errors import Conflict, Ignored, Invalid, NotYet, Unknown
from shared.events import Event
from shared.moves import Outcome
from shared.reactions import IGNORE, Change, Handle, HandleMany, Keep, Make, Project, Reactions
from shared.store import Db, Store
from tests.shared.toys import (
    BOXES,
    NOW,
    REACTIONS,
    Box,
    a_box,
    a_story,
    an_event,
    boxes,
    bump,
    move,
    pack,
    said,
)


def of(event: Event) -> str:
    name: str = event.data["payout_id"]
    return name


def hear(
    store: Store, events: Sequence[Event], reactions: Reactions = REACTIONS
) -> engine.Verdicts:
    return engine.handle_many(store, reactions, events, now=NOW)[0]


def hear_singly(store: Store, events: Sequence[Event]) -> engine.Verdicts:
    """Hear one after the other; who was refused or too early is heard once more at the end."""
    verdicts: engine.Verdicts = {}
    for again in (False, True):
        for event in events:
            if again and verdicts[event.id] is None:
                continue
            try:
                engine.handle_one(store, REACTIONS, event, now=NOW)
                verdicts[event.id] = None
            except (NotYet, Conflict, Invalid) as why:
                verdicts[event.id] = why
    return verdicts


def only_first(events: Sequence[Event]) -> list[Event]:
    return list({e.id: e for e in events}.values())


def kept(store: Store) -> dict[str, Any]:
    """Return everything that has been kept, without what is made anew by every run."""
    made = {doc["_id"]: _comparable(doc) for doc in store.db["boxes"].find()}
    lists = sorted((d["_id"], d["type"]) for d in store.db["heard"].find())
    known = {d["_id"]: d["version"] for d in store.db["known"].find()}
    return {"boxes": made, "heard": lists, "known": known}


def _comparable(doc: Doc) -> Doc:
    facts = [(e["type"], e["version"], e["data"], e["actor"]) for e in doc["outbox"]]
    return {**{k: doc[k] for k in doc if k != "batch"}, "outbox": facts}


def state(store: Store, n: int = 1) -> str:
    return store.get(BOXES, a_box(n).id).state


@pytest.mark.parametrize("seed", range(15))
def test_the_batch_way_and_the_single_way_keep_the_same(mongo: Any, db: Db, seed: int) -> None:
    chance = random.Random(seed)
    story = a_story(chance, size=chance.choice([3, 10, 30]), among=chance.choice([1, 3, 10]))
    size = chance.choice([1, 2, 7, 200])
    other = mongo[f"{db.name}_single"]
    try:
        together, singly = (Store(it, source="toys") for it in (db, other))
        for it in (db, other):
            stores.ensure_indexes(it, [BOXES])
        for start in range(0, len(story), size):
            batch = only_first(story[start : start + size])
            one, two = hear(together, batch), hear_singly(singly, batch)
            assert {k: type(v) for k, v in one.items()} == {k: type(v) for k, v in two.items()}
        assert kept(together) == kept(singly)
    finally:
        mongo.drop_database(other.name)


def test_whatever_the_order_and_however_often_the_end_is_the_same(store: Store) -> None:
    chance = random.Random(7)
    types = ("payout.requested", "payout.sent", "payout.paid")
    events = [an_event(type_, n) for n in range(10) for type_ in types]
    waiting = events * 3
    chance.shuffle(waiting)
    while waiting:
        batch, waiting = only_first(waiting[:20]), waiting[20:]
        verdicts = hear(store, batch)
        waiting += [e for e in batch if verdicts[e.id] is not None]

    assert {state(store, n) for n in range(10)} == {"came"}
    docs = list(store.db["boxes"].find())
    assert {(d["version"], len(d["outbox"])) for d in docs} == {(3, 3)}


def test_one_batch_makes_a_thing_and_moves_it_in_one_write(store: Store) -> None:
    events = [an_event("payout.requested"), an_event("payout.sent"), an_event("payout.paid")]

    verdicts, written = engine.handle_many(store, REACTIONS, events, now=NOW)

    assert set(verdicts.values()) == {None}
    [write] = written
    [doc] = store.db["boxes"].find()
    assert write.entries == doc["outbox"]
    assert (doc["state"], doc["version"]) == ("came", 3)
    assert [e["version"] for e in doc["outbox"]] == [1, 2, 3]


def test_facts_that_follow_are_put_down_to_who_caused_the_event(store: Store) -> None:
    event = an_event("payout.requested", actor="mem_1", correlation="req_1", traceparent="00-1")
    hear(store, [event])
    hear(store, [an_event("payout.requested", 2)])
    [entry] = store.db["boxes"].find_one({"_id": a_box(1).id})["outbox"]  # type: ignore[index]
    assert (entry["actor"], entry["correlation"], entry["traceparent"]) == (
        *("mem_1", "req_1", "00-1"),
    )
    [other] = store.db["boxes"].find_one({"_id": a_box(2).id})["outbox"]  # type: ignore[index]
    assert (other["actor"], other["correlation"]) == ("system", "")


def test_the_same_event_twice_in_one_batch_acts_once(store: Store) -> None:
    event = an_event("payout.requested")
    sent = an_event("payout.sent")
    assert set(hear(store, [event, event, sent, sent]).values()) == {None}
    [doc] = store.db["boxes"].find()
    assert (doc["version"], len(doc["outbox"])) == (2, 2)
    assert store.db["heard"].count_documents({}) == 2


# lost races


def meddling(store: Store, *acts: str) -> Reactions:
    """Return reactions in which another process moves the box while the batch is computed."""
    left = list(acts)

    def rule(box: Box, *, type_: str, now: datetime) -> Outcome[Box]:
        if left:
            store.change(BOXES, box.id, move, now=NOW, type_=left.pop(0))
        return move(box, type_=type_, now=now)

    change = Change(BOXES, id=of, rule=rule, words=lambda e: {"type_": e.type})
    return dict.fromkeys(("payout.sent", "payout.paid", "payout.failed"), (change,))


def test_a_race_lost_in_a_batch_is_run_again_on_what_the_winner_left(store: Store) -> None:
    hear(store, [an_event("payout.requested", n) for n in (1, 2)])

    verdicts = hear(
        store,
        [an_event("payout.sent", n) for n in (1, 2)],
        meddling(store, "payout.sent"),
    )

    assert set(verdicts.values()) == {None}
    assert (state(store, 1), state(store, 2)) == ("sent", "sent")
    assert store.load(BOXES, a_box(1).id).version == 2, "the second sending changed nothing"


def test_an_event_that_was_ignored_in_a_fold_that_lost_is_heard_again(store: Store) -> None:
    """`paid` was rightly ignored after `failed`, but then the write of `failed` was lost."""
    hear(store, [an_event("payout.requested"), an_event("payout.sent")])
    came_back = False

    def rule(box: Box, *, type_: str, now: datetime) -> Outcome[Box]:
        nonlocal came_back
        if type_ == "payout.failed" and came_back:
            raise Ignored("crossed", "it has not failed after all")
        if type_ == "payout.failed":
            came_back = True
            store.change(BOXES, box.id, bump, now=NOW)
        return move(box, type_=type_, now=now)

    change = Change(BOXES, id=of, rule=rule, words=lambda e: {"type_": e.type})
    reactions: Reactions = {"payout.failed": (change,), "payout.paid": (change,)}

    verdicts = hear(store, [an_event("payout.failed"), an_event("payout.paid")], reactions)

    assert set(verdicts.values()) == {None}
    assert state(store) == "came"


# verdicts


def test_what_came_too_early_says_so_and_changes_nothing(store: Store) -> None:
    early = an_event("payout.sent")
    assert isinstance(hear(store, [early])[early.id], NotYet)
    assert store.db["boxes"].count_documents({}) == 0


def test_what_came_too_early_in_its_batch_is_tried_again_after_it(store: Store) -> None:
    paid, sent = an_event("payout.paid"), an_event("payout.sent")
    verdicts = hear(store, [sent, paid, an_event("payout.requested")])
    assert set(verdicts.values()) == {None}
    assert state(store) == "came"


def test_an_event_that_is_not_done_leaves_nothing_behind(store: Store) -> None:
    early = an_event("payout.sent")
    hear(store, [early])
    assert kept(store) == {"boxes": {}, "heard": [], "known": {}}


def test_unknown_types_and_wrong_words_are_refused_and_others_done(store: Store) -> None:
    unknown = an_event("moon.landed")
    wrong = replace(an_event("payout.requested", 2), data={"payout_id": 5})
    good = an_event("payout.requested", 1)

    verdicts = hear(store, [unknown, wrong, good])

    codes = [getattr(v, "code", None) for v in verdicts.values()]
    assert codes == ["unknown_event", "bad_event", None]
    assert store.db["boxes"].count_documents({}) == 1


def test_words_of_a_newer_publisher_are_left_out(store: Store) -> None:
    event = an_event("payout.requested")
    newer = replace(event, data={**event.data, "brand_new": {"$set": 1}})
    assert hear(store, [newer]) == {event.id: None}


def test_a_type_that_nothing_reacts_to_is_done(store: Store) -> None:
    event = an_event("payout.requested")
    assert hear(store, [event], {}) == {event.id: None}


def test_an_event_that_concerns_nothing_here_is_done(store: Store) -> None:
    nothing = Change(BOXES, id=lambda _: None, rule=bump)
    event = an_event("payout.sent")
    reactions: Reactions = {"payout.sent": (nothing, Make(BOXES, make=lambda *_: None))}
    assert hear(store, [event], reactions) == {event.id: None}
    assert hear_one(store, event, reactions) is None


def hear_one(store: Store, event: Event, reactions: Reactions) -> BaseException | None:
    try:
        engine.handle_one(store, reactions, event, now=NOW)
    except Exception as why:  # noqa: BLE001
        return why
    return None


def test_what_is_absent_may_be_none_of_our_concern(store: Store) -> None:
    change = Change(BOXES, id=of, rule=bump, absent=IGNORE)
    event = an_event("payout.sent")
    assert hear(store, [event], {"payout.sent": (change,)}) == {event.id: None}
    assert store.db["boxes"].count_documents({}) == 0


def refusing(no: Exception) -> Reactions:
    def rule(box: Box, *, now: datetime) -> Outcome[Box]:
        if box.id == a_box(2).id:
            raise no
        return bump(box, now=now)

    return {"payout.sent": (Change(BOXES, id=of, rule=rule),)}


@pytest.mark.parametrize("no", [Conflict("no"), Unknown("no"), ZeroDivisionError("a bug")])
def test_a_rule_that_fails_stops_nobody_but_its_own_event(store: Store, no: Exception) -> None:
    hear(store, [an_event("payout.requested", n) for n in (1, 2, 3)])
    events = [an_event("payout.sent", n) for n in (1, 2, 3)]

    verdicts = hear(store, events, refusing(no))

    assert [verdicts[e.id] for e in events] == [None, no, None]
    counts = [store.get(BOXES, a_box(n).id).count for n in (1, 2, 3)]
    assert counts == [1, 0, 1]


def test_a_document_that_cannot_be_read_stops_nobody_but_its_own_events(store: Store) -> None:
    hear(store, [an_event("payout.requested", n) for n in (1, 2, 3)])
    store.db["boxes"].update_one({"_id": a_box(2).id}, {"$unset": {"state": ""}})
    events = [an_event("payout.sent", n) for n in (1, 2, 3)]

    verdicts = hear(store, events)

    assert [type(verdicts[e.id]) for e in events] == [type(None), KeyError, type(None)]
    assert (state(store, 1), state(store, 3)) == ("sent", "sent")


def test_a_document_that_cannot_be_written_stops_nobody_but_its_own_events(store: Store) -> None:
    def rule(box: Box, *, now: datetime) -> Outcome[Box]:
        owner = "x" * 17_000_000 if box.id == a_box(2).id else None
        return replace(box, owner=owner, count=1), [said(box)]

    hear(store, [an_event("payout.requested", n) for n in (1, 2, 3)])
    events = [an_event("payout.sent", n) for n in (1, 2, 3)]

    verdicts = hear(store, events, {"payout.sent": (Change(BOXES, id=of, rule=rule),)})

    assert [verdicts[e.id] is None for e in events] == [True, False, True]
    docs = {d["_id"]: d for d in store.db["boxes"].find()}
    assert [docs[a_box(n).id]["version"] for n in (1, 2, 3)] == [2, 1, 2]


def test_a_fact_that_breaks_its_words_stops_nobody_but_its_own_event(store: Store) -> None:
    def rule(box: Box, *, now: datetime) -> Outcome[Box]:
        about: Any = 5 if box.id == a_box(2).id else "good"
        return replace(box, count=1), [said(box, about)]

    hear(store, [an_event("payout.requested", n) for n in (1, 2)])
    events = [an_event("payout.sent", n) for n in (1, 2)]

    verdicts = hear(store, events, {"payout.sent": (Change(BOXES, id=of, rule=rule),)})

    assert [type(verdicts[e.id]) for e in events] == [type(None), ValueError]
    assert store.get(BOXES, a_box(2).id).count == 0


def test_a_thing_in_anothers_place_is_refused_alone(store: Store) -> None:
    def make(event: Event, now: datetime) -> Outcome[Box]:
        return replace(pack(event, now)[0], owner="me"), []

    events = [an_event("payout.requested", n) for n in (1, 2)]
    verdicts = hear(store, events, {"payout.requested": (Make(BOXES, make=make),)})
    assert sorted(getattr(v, "code", "") for v in verdicts.values()) == ["", "has_a_box"]


def test_two_kinds_may_react_to_one_event(store: Store) -> None:
    others = boxes(name="other", collection="others", indexes=())
    make = Make(BOXES, make=pack)
    reactions: Reactions = {"payout.requested": (make, Make(others, make=pack))}
    hear(store, [an_event("payout.requested", n) for n in (1, 2)], reactions)
    assert store.db["others"].count_documents({}) == store.db["boxes"].count_documents({}) == 2


# the other steps


def test_a_handler_of_many_that_raises_is_handed_each_alone(store: Store) -> None:
    calls: list[int] = []

    def many(_: Store, events: Sequence[Event], now: datetime) -> None:
        calls.append(len(events))
        if any(e.data["payout_id"] == a_box(2).id for e in events):
            raise Conflict("no")

    events = [an_event("payout.sent", n) for n in (1, 2, 3)]
    verdicts = hear(store, events, {"payout.sent": (HandleMany(many),)})
    assert calls == [3, 1, 1, 1]
    assert [verdicts[e.id] is None for e in events] == [True, False, True]


def test_a_handler_that_raises_stops_nobody_else(store: Store) -> None:
    def one(_: Store, event: Event, now: datetime) -> None:
        if event.data["payout_id"] == a_box(2).id:
            raise ZeroDivisionError

    events = [an_event("payout.sent", n) for n in (1, 2, 3)]
    verdicts = hear(store, events, {"payout.sent": (Handle(one),)})
    assert [verdicts[e.id] is None for e in events] == [True, False, True]


def test_a_projection_that_cannot_be_made_stops_nobody_else(store: Store) -> None:
    def doc(event: Event) -> Doc:
        return {"_id": of(event), "version": {1: 1, 2: 2**70, 3: 3}[event.version]}

    events = [an_event("payout.sent", n, version=n) for n in (1, 2, 3)]
    reactions: Reactions = {"payout.sent": (Project("known", doc),)}

    verdicts = hear(store, events, reactions)

    assert [verdicts[e.id] is None for e in events] == [True, False, True]
    assert store.db["known"].count_documents({}) == 2


def test_projections_in_one_batch_end_with_the_newest(store: Store) -> None:
    events = [an_event("payout.sent", version=v) for v in (3, 9, 1, 5)]
    name = Project("known", lambda e: {"_id": of(e), "version": e.version})
    hear(store, events, {"payout.sent": (name,)})
    assert [d["version"] for d in store.db["known"].find()] == [9]


def test_documents_of_an_event_heard_again_are_kept_once(store: Store) -> None:
    keep = Keep("heard", lambda e: [{"_id": f"{e.id} {n}"} for n in range(2)])
    events = [an_event("payout.sent", n) for n in (1, 2)]
    for _ in range(2):
        hear(store, events, {"payout.sent": (keep,)})
    assert store.db["heard"].count_documents({}) == 4


# the database away


def test_nothing_is_judged_while_the_database_is_away() -> None:
    db = stores.connect("mongodb://127.0.0.1:9/", "none")
    with db.client, timeout(0.2), pytest.raises(Exception, match="refused") as away:
        hear(Store(db, "toys"), [an_event("payout.requested")])
    assert stores.is_away(away.value)
