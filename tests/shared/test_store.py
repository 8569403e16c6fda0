"""One document, one atomic write: against racers, repeats, and a broker that is away."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from pymongo import timeout
from pymongo.errors import DocumentTooLarge

from shared import clock
from shared import store as stores
from shared.documents import Doc, Folded, Loaded, Once, stamp
from shared.errors import Conflict, Invalid, Stale, Unavailable, Unknown
from shared.moves import Outcome
from shared.store import Db, Store
from tests.racers import at_once
from tests.shared.toys import BOXES, NOW, Box, a_box, after, boxes, bump, give, refuse, rest, said


def keep(store: Store, box: Box | None = None, **how: Any) -> Box:
    made = box or a_box()
    store.create(BOXES, made, [], now=NOW, **how)
    return made


def doc_of(store: Store, box: Box) -> Doc:
    doc = store.db["boxes"].find_one({"_id": box.id})
    assert doc is not None
    return doc


def fill_outbox(store: Store, box: Box, count: int) -> None:
    waiting = stamp([said(box)] * count, version=1, now=NOW)
    store.db["boxes"].update_one({"_id": box.id}, {"$set": {"outbox": waiting}})


# reading


def test_what_is_not_there_is_unknown_by_its_name(store: Store) -> None:
    with pytest.raises(Unknown) as no:
        store.load(BOXES, "box_none")
    assert no.value.code == "no_such_box"
    assert store.find(BOXES, "box_none") is None


def test_a_thing_comes_back_as_it_was_kept(store: Store) -> None:
    box = keep(store, a_box(due=after(days=1), owner="me", count=3))
    assert store.get(BOXES, box.id) == box
    assert store.load(BOXES, box.id).version == 1


# changing


def test_a_change_raises_the_version_and_keeps_its_facts(store: Store) -> None:
    box = keep(store)

    done = store.change(BOXES, box.id, bump, now=NOW, by=5)

    doc = doc_of(store, box)
    assert (done.thing.count, done.version, done.replayed) == (5, 2, False)
    assert (doc["count"], doc["version"], len(doc["outbox"])) == (5, 2, 1)


def test_a_fact_names_its_version_its_time_and_who_caused_it(store: Store) -> None:
    box = keep(store)

    with structlog.contextvars.bound_contextvars(
        actor="mem_1", request_id="req_1", traceparent="00-1"
    ):
        store.change(BOXES, box.id, bump, now=NOW)

    [entry] = doc_of(store, box)["outbox"]
    assert (entry["version"], entry["time"], entry["actor"]) == (2, NOW, "mem_1")
    assert (entry["correlation"], entry["traceparent"]) == ("req_1", "00-1")
    assert set(entry) == {
        *("id", "type", "time", "version", "actor", "correlation", "traceparent", "data")
    }


def test_a_refusal_writes_nothing_and_spends_no_key(store: Store) -> None:
    box = keep(store)
    before = doc_of(store, box)

    with pytest.raises(Conflict):
        store.change(BOXES, box.id, refuse, now=NOW, once=Once("key"))

    assert doc_of(store, box) == before
    assert not store.change(BOXES, box.id, bump, now=NOW, once=Once("key")).replayed


def test_a_rule_that_changes_nothing_writes_nothing(store: Store) -> None:
    box = keep(store)
    before = doc_of(store, box)
    store.change(BOXES, box.id, rest, now=NOW)
    assert doc_of(store, box) == before


def test_a_key_is_spent_even_when_nothing_had_to_change(store: Store) -> None:
    box = keep(store)
    store.change(BOXES, box.id, rest, now=NOW, once=Once("key"))
    assert store.change(BOXES, box.id, bump, now=NOW, once=Once("key")).replayed


def test_a_replay_answers_what_was_answered_first(store: Store) -> None:
    box = keep(store)
    store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "h", {"location": "/first"}))

    again = store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "h", {"location": "/x"}))

    assert again.replayed
    assert (again.answer, again.thing.count) == ({"location": "/first"}, 1)


def test_the_same_key_eight_times_at_once_changes_once(store: Store) -> None:
    box = keep(store)

    done = at_once(
        8, lambda _: store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "hash"))
    )

    assert sorted(d.replayed for d in done) == [False] + [True] * 7
    assert (doc_of(store, box)["count"], len(doc_of(store, box)["outbox"])) == (1, 1)


def test_a_key_with_other_words_is_refused_and_changes_nothing(store: Store) -> None:
    box = keep(store)
    store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "these words"))
    before = doc_of(store, box)

    with pytest.raises(Invalid) as no:
        store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "other words"))

    assert no.value.code == "idempotency_key_reused"
    assert doc_of(store, box) == before


def test_the_key_that_made_a_thing_cannot_change_it(store: Store) -> None:
    box = keep(store, once=Once("key", "hash"))
    assert store.change(BOXES, box.id, bump, now=NOW, once=Once("key", "hash")).replayed


def test_a_key_is_good_for_a_day_and_forgotten_later(store: Store) -> None:
    box = keep(store)
    store.change(BOXES, box.id, bump, now=NOW, once=Once("key"))
    almost = after(hours=23, minutes=59)
    store.change(BOXES, box.id, bump, now=almost, once=Once("other"))
    assert store.change(BOXES, box.id, bump, now=almost, once=Once("key")).replayed

    store.change(BOXES, box.id, bump, now=after(hours=24, seconds=1), once=Once("third"))

    names = [r["name"] for r in doc_of(store, box)["receipts"]]
    assert names == ["other", "third"]


def test_a_lost_race_is_run_again_on_what_the_winner_left(store: Store) -> None:
    box = keep(store)
    seen: list[int] = []

    def slow(it: Box, *, now: Any) -> Outcome[Box]:
        seen.append(it.count)
        if len(seen) == 1:
            store.change(BOXES, box.id, bump, now=NOW, by=10)
        return bump(it, now=now)

    done = store.change(BOXES, box.id, slow, now=NOW)

    assert seen == [0, 10]
    assert (done.thing.count, done.version) == (11, 3)


def test_of_two_acts_that_exclude_each_other_the_loser_is_refused(store: Store) -> None:
    box = keep(store)

    def take_once(it: Box, *, now: Any) -> Outcome[Box]:
        return refuse(it, now=now) if it.count else bump(it, now=now)

    took = at_once(8, lambda _: store.change(BOXES, box.id, take_once, now=NOW))

    assert sum(isinstance(t, Conflict) for t in took) == 7
    assert doc_of(store, box)["count"] == 1


def test_many_racers_on_one_thing_all_count(store: Store) -> None:
    box = keep(store)

    done = at_once(8, lambda _: [store.change(BOXES, box.id, bump, now=NOW) for _ in range(5)])

    assert [d for d in done if isinstance(d, Exception)] == []
    doc = doc_of(store, box)
    assert (doc["count"], doc["version"], len(doc["outbox"])) == (40, 41, 40)
    assert sorted(e["version"] for e in doc["outbox"]) == list(range(2, 42))


def test_an_edit_of_an_old_version_is_stale_and_changes_nothing(store: Store) -> None:
    box = keep(store)
    store.change(BOXES, box.id, bump, now=NOW, if_match=1)
    before = doc_of(store, box)

    with pytest.raises(Stale):
        store.change(BOXES, box.id, bump, now=NOW, if_match=1)

    assert doc_of(store, box) == before


def test_a_replay_is_no_stale_edit(store: Store) -> None:
    box = keep(store)
    for _ in range(2):
        done = store.change(BOXES, box.id, bump, now=NOW, once=Once("key"), if_match=1)
    assert done.replayed


def test_of_edits_of_one_version_at_once_one_wins(store: Store) -> None:
    box = keep(store)
    done = at_once(8, lambda _: store.change(BOXES, box.id, bump, now=NOW, if_match=1))
    assert sum(isinstance(d, Stale) for d in done) == 7
    assert doc_of(store, box)["count"] == 1


def test_a_change_into_anothers_place_is_refused_by_its_name(store: Store) -> None:
    keep(store, a_box(1, owner="me"))
    box = keep(store, a_box(2))
    before = doc_of(store, box)

    with pytest.raises(Conflict) as no:
        store.change(BOXES, box.id, give, now=NOW, to="me")

    assert no.value.code == "has_a_box"
    assert doc_of(store, box) == before


# the outbox


def test_clearing_and_changing_at_once_lose_no_fact_and_revive_none(store: Store) -> None:
    """Changers add facts while others pull theirs out, as the relays of many processes do."""
    box = keep(store)
    cleared: list[str] = []

    def change_or_clear(n: int) -> list[str]:
        if n % 2:
            for _ in range(10):
                store.change(BOXES, box.id, bump, now=NOW)
            return []
        gone = []
        for _ in range(30):
            waiting = [e["id"] for e in doc_of(store, box)["outbox"]]
            some = random.sample(waiting, len(waiting) // 2)
            pull = {"$pull": {"outbox": {"id": {"$in": some}}}}
            store.db["boxes"].update_one({"_id": box.id}, pull)
            gone += some
        return gone

    for gone in at_once(6, change_or_clear):
        assert isinstance(gone, list), gone
        cleared += gone

    doc = doc_of(store, box)
    left = [e["id"] for e in doc["outbox"]]
    assert (doc["count"], doc["version"]) == (30, 31), "clearing leaves the version"
    assert len(left) + len(set(cleared)) == 30
    assert not set(left) & set(cleared)


def test_500_facts_that_wait_for_the_broker_make_a_thing_unavailable(store: Store) -> None:
    box = keep(store)
    fill_outbox(store, box, 499)
    store.change(BOXES, box.id, bump, now=NOW, once=Once("the last"))
    before = doc_of(store, box)

    with pytest.raises(Unavailable):
        store.change(BOXES, box.id, bump, now=NOW, once=Once("key"))

    assert doc_of(store, box) == before
    store.change(BOXES, box.id, rest, now=NOW), "what says nothing still works"
    fill_outbox(store, box, 0)
    assert not store.change(BOXES, box.id, bump, now=NOW, once=Once("key")).replayed


def test_the_publisher_is_told_of_each_write_that_said_something(store: Store) -> None:
    told: list[stores.Written] = []
    store.on_written = told.extend
    box = keep(store)
    store.change(BOXES, box.id, rest, now=NOW)
    store.change(BOXES, box.id, bump, now=NOW)

    assert [(w.collection, w.id, len(w.entries)) for w in told] == [("boxes", box.id, 1)]
    assert told[0].entries == doc_of(store, box)["outbox"]


def test_a_timeline_has_what_was_published_and_what_still_waits(store: Store) -> None:
    box = keep(store)
    for _ in range(3):
        store.change(BOXES, box.id, bump, now=NOW)
    first, second, third = doc_of(store, box)["outbox"]
    for entry in (second, first):
        fact = {"_id": entry["id"], "subject": box.id, **entry}
        store.db["facts"].insert_one(fact)
    pull = {"$pull": {"outbox": {"id": first["id"]}}}
    store.db["boxes"].update_one({"_id": box.id}, pull)

    told = store.timeline(box.id, "boxes")

    assert [f["_id"] for f in told] == [first["id"], second["id"], third["id"]]


# creating


def test_created_by_eight_racers_with_one_key_there_is_one(store: Store) -> None:
    done = at_once(
        8,
        lambda n: store.create(
            BOXES, a_box(n), [said(a_box(n))], now=NOW, once=Once("key", "h", {"n": n})
        ),
    )

    [doc] = store.db["boxes"].find()
    assert sorted(d.replayed for d in done) == [False] + [True] * 7
    assert {d.thing.id for d in done} == {doc["_id"]}
    assert len({d.answer["n"] for d in done}) == 1
    assert len(doc["outbox"]) == 1


def test_a_creation_repeated_with_other_words_is_refused(store: Store) -> None:
    keep(store, a_box(1), once=Once("key", "these"))
    with pytest.raises(Invalid) as no:
        keep(store, a_box(2), once=Once("key", "others"))
    assert no.value.code == "idempotency_key_reused"
    assert store.db["boxes"].count_documents({}) == 1


def test_a_creation_is_remembered_for_ever_and_as_it_is_now(store: Store) -> None:
    box = keep(store, a_box(1), once=Once("key"))
    later = after(days=400)
    store.change(BOXES, box.id, bump, now=later, once=Once("x"))

    again = store.create(BOXES, a_box(2), [], now=later, once=Once("key"))
    born = store.born(BOXES, Once("key"))

    assert again.replayed
    assert (again.thing.id, again.thing.count, again.version) == (box.id, 1, 2)
    assert born is not None
    assert born.thing == again.thing
    assert store.born(BOXES, Once("other")) is None


def test_the_same_id_from_an_event_is_made_once(store: Store) -> None:
    done = at_once(8, lambda _: store.create(BOXES, a_box(), [said(a_box())], now=NOW))
    assert sorted(d.replayed for d in done) == [False] + [True] * 7
    [doc] = store.db["boxes"].find()
    assert len(doc["outbox"]) == 1


def test_a_thing_in_anothers_place_is_refused_by_its_name(store: Store) -> None:
    keep(store, a_box(1, owner="me"))
    with pytest.raises(Conflict) as no:
        keep(store, a_box(2, owner="me"), once=Once("key"))
    assert no.value.code == "has_a_box"
    assert store.db["boxes"].count_documents({}) == 1


# many at once


def load(store: Store, *made: Box) -> dict[str, Loaded[Box]]:
    return store.load_many(BOXES, [b.id for b in made])


def fold(loaded: Loaded[Box], **words: Any) -> Folded:
    thing, facts = bump(loaded.thing, now=NOW, **words)
    entries = stamp(facts, version=loaded.version + 1, now=NOW)
    return Folded(thing=thing, doc=loaded.doc, applied=1, entries=entries)


def test_of_many_writes_the_losers_are_named_and_the_others_stand(store: Store) -> None:
    one, two, three = (keep(store, a_box(n)) for n in (1, 2, 3))
    there = load(store, one, two, three)
    store.change(BOXES, two.id, bump, now=NOW, by=10)

    lost = store.write_many(BOXES, [fold(it) for it in there.values()], now=NOW)

    assert lost == {two.id}
    assert [doc_of(store, b)["count"] for b in (one, two, three)] == [1, 10, 1]


@pytest.mark.parametrize("count", [stores.MANY - 1, stores.MANY, 4 * stores.MANY])
def test_however_many_are_written_each_gets_its_own_change(store: Store, count: int) -> None:
    made = [keep(store, a_box(n, due=after(days=1) if n % 3 else None)) for n in range(count)]
    fill_outbox(store, made[1], 2)
    store.change(BOXES, made[2].id, bump, now=NOW, by=100)
    ended = [replace(b, due=None, owner=f"$a.{n}", count=n) for n, b in enumerate(made)]
    there = load(store, *made)
    folds = [
        Folded(
            thing=e, doc=there[e.id].doc, applied=3, entries=stamp([said(e)], version=4, now=NOW)
        )
        for e in ended
    ]
    store.change(BOXES, made[0].id, bump, now=NOW, by=50)

    lost = store.write_many(BOXES, folds, now=NOW)

    docs = [doc_of(store, box) for box in made]
    assert lost == {made[0].id}
    assert [doc["count"] for doc in docs] == [50, *range(1, count)]
    assert [doc["version"] for doc in docs] == [2, 4, 5, *[4] * (count - 3)]
    assert [len(doc["outbox"]) for doc in docs] == [1, 3, 2, *[1] * (count - 3)]
    assert ["wake_at" in doc for doc in docs] == [False] * count
    assert [doc["owner"] for doc in docs[1:]] == [f"$a.{n}" for n in range(1, count)]
    assert all(doc["outbox"][-1]["data"]["notification_id"] == doc["_id"] for doc in docs)


def test_changes_too_large_for_one_update_are_an_error_that_changes_nothing(store: Store) -> None:
    made = [keep(store, a_box(n)) for n in range(2 * stores.MANY)]
    large = "x" * 1_000_000
    folds = [
        Folded(thing=replace(it.thing, state=large), doc=it.doc, applied=1, entries=[])
        for it in load(store, *made).values()
    ]

    with pytest.raises(DocumentTooLarge):
        store.write_many(BOXES, folds, now=NOW)

    assert [doc_of(store, box)["version"] for box in made] == [1] * len(made)


def test_a_new_thing_in_anothers_place_loses_alone(store: Store) -> None:
    keep(store, a_box(1, owner="me"))
    taken = Folded(thing=a_box(2, owner="me"), doc=None, applied=1, entries=[])
    free = Folded(thing=a_box(3, owner="you"), doc=None, applied=2, entries=[])

    lost = store.write_many(BOXES, [taken, free], now=NOW)

    assert lost == {taken.thing.id}
    assert doc_of(store, free.thing)["version"] == 2


# projections and kept documents


def known(store: Store) -> Doc | None:
    return store.db["known"].find_one({"_id": "a"})


def test_a_projection_never_goes_back_to_an_older_version(store: Store) -> None:
    versions = list(range(1, 9)) * 2
    random.shuffle(versions)
    for version in versions:
        store.project("known", {"_id": "a", "version": version, "name": f"n{version}"})
    assert known(store) == {"_id": "a", "version": 8, "name": "n8"}


def test_racing_projections_end_with_the_newest(store: Store) -> None:
    at_once(8, lambda n: store.project("known", {"_id": "a", "version": n, "name": f"n{n}"}))
    store.project("known", {"_id": "a", "version": 7, "name": "n7"})
    assert known(store) == {"_id": "a", "version": 7, "name": "n7"}


def test_a_projection_is_replaced_whole_and_its_words_are_no_code(store: Store) -> None:
    store.project("known", {"_id": "a", "version": 1, "old": 1})
    store.project("known", {"_id": "a", "version": 2, "name": "$version", "x": {"$add": [1]}})
    assert known(store) == {"_id": "a", "version": 2, "name": "$version", "x": {"$add": [1]}}


def test_documents_kept_once_stay_as_they_are(store: Store) -> None:
    store.keep("kept", [{"_id": 1, "n": "first"}])
    store.keep("kept", [{"_id": 1, "n": "again"}, {"_id": 2, "n": "new"}])
    store.keep("kept", [])
    assert [d["n"] for d in store.db["kept"].find().sort("_id")] == ["first", "new"]


def test_marking_counts_what_it_met(store: Store) -> None:
    store.keep("kept", [{"_id": n, "read": False} for n in range(3)])
    assert store.mark("kept", {"_id": {"$lt": 2}}, {"read": True}) == 2


# the connection


def test_a_database_that_is_away_is_told_from_a_wrong_write() -> None:
    db = stores.connect("mongodb://127.0.0.1:9/", "none")
    with db.client, timeout(0.2), pytest.raises(Exception, match="refused") as away:
        Store(db, "toys").find(BOXES, "x")
    assert stores.is_away(away.value)
    assert not stores.is_away(ValueError())


def test_a_wrong_write_is_not_taken_for_an_absence(store: Store) -> None:
    with pytest.raises(Exception, match="conflict") as wrong:
        store.db["boxes"].update_one({}, {"$set": {"a": 1}, "$unset": {"a": ""}})
    assert not stores.is_away(wrong.value)


def test_indexes_may_be_made_any_number_of_times(db: Db) -> None:
    at_once(4, lambda _: stores.ensure_indexes(db, [BOXES, boxes(collection="more")]))
    assert set(db["more"].index_information()) == {
        *("_id_", "outbox_waiting", "wake", "born", "one_box")
    }


def test_times_are_kept_to_the_millisecond(store: Store) -> None:
    at = clock.now() + timedelta(days=1)
    box = keep(store, a_box(due=at))
    assert doc_of(store, box)["wake_at"] == at
    assert store.get(BOXES, box.id).due == at
