"""Saved searches: a member's own, and told once of each job that opens and fits."""

import itertools
from typing import Any

import pytest
from flask import Flask
from hypothesis import given

from services.jobs import alerts
from services.jobs.domain import saved
from services.jobs.domain.job import Job
from services.jobs.domain.saved import Search
from services.jobs.domain.wanted import fits
from services.jobs.personal import WIPES
from services.jobs.queries import searches
from services.jobs.reactions import REACTIONS
from services.jobs.records import JOBS
from services.jobs.search_records import MATCHES, SEARCHES
from shared import clock, engine, faults, ids, personal
from shared.events import Event
from shared.standing import MEMBERS
from shared.store import Db, Store
from tests.callers import Caller, Signer, a_caller
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    STRANGER,
    WORKER,
    a_job,
    an_event,
    job_words,
    keep,
)
from tests.jobs.test_wanted import jobs_made, queries
from tests.racers import at_once
from tests.spying import scans, spied

LOGO: dict[str, Any] = {"category": "design", "skill": ["Illustrator"], "min_amount": 10_000}


def words(**over: Any) -> dict[str, Any]:
    return {"name": "ロゴの仕事", "query": LOGO, "alert": "instant", **over}


def save(caller: Caller, **over: Any) -> str:
    answer = caller.post("/v1/searches", words(**over))
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def a_search(n: int = 1, **over: Any) -> Search:
    said: dict[str, Any] = {
        "id": ids.new("sea"),
        "member_id": WORKER,
        "name": "s",
        "query": {},
        "alert": "instant",
        "seat": n,
        "created_at": NOON,
        **over,
    }
    return Search(**said)


def opened(job: Job) -> Event:
    said = {"job_id": job.id, "client_id": job.client_id, "mode": job.mode, "title": job.title}
    return an_event("job.opened", {**said, "category": job.category}, subject=job.id)


def told(db: Db) -> list[tuple[str, str]]:
    """Return the member and the search of each fact that was said, sorted."""
    facts = [fact for doc in db[MATCHES.collection].find() for fact in doc["outbox"]]
    assert {fact["type"] for fact in facts} <= {"search.matched"}
    return sorted((fact["data"]["member_id"], fact["data"]["search_id"]) for fact in facts)


def hear(store: Store, *events: Event) -> None:
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())


# over HTTP


def test_a_search_is_saved_listed_changed_and_deleted(worker: Caller) -> None:
    answer = worker.post("/v1/searches", words(), key="k")
    path = answer.headers["Location"]
    said = worker.get(path)
    assert (answer.status_code, answer.json) == (201, said.json)
    assert said.json["query"] == LOGO
    assert (said.json["name"], said.json["alert"]) == ("ロゴの仕事", "instant")
    assert worker.post("/v1/searches", words(), key="k").headers["Location"] == path
    assert worker.post("/v1/searches", words(name="b"), key="k").status_code == 422

    later = save(worker, name="後", query={"deadline_before": "2100-01-01T09:00:00+09:00"})
    listed = worker.get("/v1/searches").json
    assert [one["id"] for one in listed["items"]] == [later, said.json["id"]]
    assert listed["items"][0]["query"] == {"deadline_before": "2100-01-01T00:00:00.000Z"}

    tag = said.headers["ETag"]
    changed = worker.send("PATCH", path, {"query": {"q": "猫"}, "alert": "none"}, If_Match=tag)
    assert changed.json == {**said.json, "query": {"q": "猫"}, "alert": "none"}
    assert worker.send("PATCH", path, {"name": "x"}, If_Match=tag).status_code == 412
    assert worker.send("PATCH", path, {"name": "x"}).status_code == 428

    assert worker.send("DELETE", path).status_code == 204
    assert [one["id"] for one in worker.get("/v1/searches").json["items"]] == [later]
    for method in ("GET", "DELETE"):
        assert worker.send(method, path).json["code"] == "no_such_search"


def test_a_deleted_search_keeps_no_words(worker: Caller, store: Store) -> None:
    id_ = save(worker)
    worker.send("DELETE", f"/v1/searches/{id_}")
    kept = store.load(SEARCHES, id_).doc

    assert (kept["name"], kept["query"], kept["key"], kept["seat"]) == ("", {}, None, None)


def test_another_s_search_is_not_there(worker: Caller, stranger: Caller, nobody: Caller) -> None:
    path = f"/v1/searches/{save(worker)}"
    for method, said in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = stranger.send(method, path, said, If_Match="*")
        assert (answer.status_code, answer.json["code"]) == (404, "no_such_search")
        assert nobody.send(method, path, said, If_Match="*").status_code == 401
    assert stranger.get("/v1/searches").json["items"] == []
    assert worker.get(path).json["name"] == "ロゴの仕事"


@pytest.mark.parametrize(
    "over",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"alert": "hourly"},
        {"query": None},
        {"query": []},
        {"query": {"state": "draft"}},
        {"query": {"mine": True}},
        {"query": {"sort": "new"}},
        {"query": {"q": {"$gt": ""}}},
        {"query": {"skill": "Illustrator"}},
        {"query": {"skill": []}},
        {"query": {"skill": ["x"] * 21}},
        {"query": {"category": "nothing"}},
        {"query": {"min_amount": "1"}},
        {"query": {"min_amount": True}},
        {"query": {"max_amount": -1}},
        {"query": {"client_verified": "true"}},
        {"query": {"client_rejection_max": 7}},
        {"query": {"deadline_after": "tomorrow"}},
        {"query": {"client_id": "me"}},
        {"member_id": CLIENT},
        {"seat": 1},
        {"key": "all"},
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(
    worker: Caller, store: Store, over: dict[str, Any]
) -> None:
    assert worker.post("/v1/searches", words(**over)).status_code == 422
    assert store.db[SEARCHES.collection].count_documents({}) == 0


def test_a_member_has_twenty_searches_at_most_and_a_deleted_one_makes_room(
    worker: Caller, stranger: Caller
) -> None:
    made = [save(worker, name=str(n)) for n in range(saved.SEARCHES_MAX)]
    full = worker.post("/v1/searches", words())
    assert (full.status_code, full.json["code"]) == (409, "too_many_searches")
    save(stranger)

    worker.send("DELETE", f"/v1/searches/{made[7]}")
    save(worker)
    assert worker.post("/v1/searches", words()).status_code == 409


def test_racers_never_save_more_than_twenty(app: Flask, signer: Signer, store: Store) -> None:
    worker = a_caller(app, signer)
    for n in range(saved.SEARCHES_MAX - 3):
        save(worker, name=str(n))
    answers = at_once(8, lambda _: worker.post("/v1/searches", words()))

    codes = sorted(a.status_code for a in answers)
    assert codes == [201] * 3 + [409] * 5
    assert len(searches.mine(store.db, worker.id)) == saved.SEARCHES_MAX


# what is told


def test_who_looks_for_such_a_job_is_told_when_it_opens(
    client: Caller, worker: Caller, store: Store
) -> None:
    id_ = save(worker)
    save(worker, query={"category": "writing"})
    save(worker, query={**LOGO, "min_amount": 50_001})
    save(worker, alert="none")
    job = client.post("/v1/jobs", job_words()).json["id"]
    client.post(f"/v1/jobs/{job}/publish")
    [fact] = [f for f in store.timeline(job, JOBS.collection) if f["type"] == "job.opened"]
    hear(store, an_event("job.opened", fact["data"], subject=job))

    assert told(store.db) == [(worker.id, id_)]
    [match] = store.db[MATCHES.collection].find()
    assert match["outbox"][0]["data"] == {
        "search_id": id_,
        "member_id": worker.id,
        "name": "ロゴの仕事",
        "alert": "instant",
        "job_id": job,
        "mode": "project",
        "title": job_words()["title"],
    }


def test_hearing_of_a_job_again_tells_nobody_again(store: Store, db: Db) -> None:
    job = a_job()
    keep(db, JOBS, job)
    keep(db, SEARCHES, a_search())
    hear(store, *[opened(job)] * 3)

    assert len(told(db)) == 1


def test_neither_its_client_nor_who_is_blocked_or_barred_is_told(store: Store, db: Db) -> None:
    job = a_job()
    keep(db, JOBS, job)
    blocking, blocked, gone, fine = (ids.new("mem") for _ in range(4))
    keep(db, SEARCHES, *[a_search(member_id=m) for m in (CLIENT, blocking, blocked, gone, fine)])
    for one, other in ((blocking, CLIENT), (CLIENT, blocked)):
        pair = {"member_id": one, "other_id": other, "is_on": True, "version": 1}
        db[MEMBERS].insert_one({"_id": f"{one} {other}", **pair})
    db[MEMBERS].insert_one({"_id": gone, "version": 2, "display_name": "x", "state": "suspended"})
    hear(store, opened(job))

    assert [member for member, _ in told(db)] == [fine]


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled"])
def test_a_job_that_is_not_open_by_then_is_told_to_nobody(store: Store, db: Db, state: str) -> None:
    job = a_job(state=state)
    keep(db, JOBS, job)
    keep(db, SEARCHES, a_search())
    alerts.on_opened(store, opened(job), NOON)

    assert told(db) == []


def test_after_a_stop_half_way_the_others_are_told_and_nobody_twice(
    store: Store, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "READ_AT_ONCE", 10)
    job = a_job()
    keep(db, JOBS, job)
    keep(db, SEARCHES, *[a_search(member_id=ids.new("mem")) for _ in range(35)])
    count = itertools.count()

    def stop(name: str) -> None:
        if name == "after_write" and next(count) == 1:
            raise ConnectionError("stopped")

    monkeypatch.setattr(faults, "point", stop)
    with pytest.raises(ConnectionError):
        alerts.on_opened(store, opened(job), NOON)
    assert len(told(db)) == 20
    alerts.on_opened(store, opened(job), NOON)

    assert len(told(db)) == len(set(told(db))) == 35


def test_workers_that_hear_it_at_once_tell_each_once(store: Store, db: Db) -> None:
    job = a_job()
    keep(db, JOBS, job)
    keep(db, SEARCHES, *[a_search(member_id=ids.new("mem")) for _ in range(30)])
    at_once(4, lambda _: alerts.on_opened(store, opened(job), NOON))

    assert len(told(db)) == len(set(told(db))) == 30


def test_who_is_erased_has_no_search_any_more(store: Store, db: Db) -> None:
    job = a_job()
    keep(db, JOBS, job)
    keep(db, SEARCHES, a_search(name="猫", query={"q": "ロゴ"}))
    personal.wipe(store, WIPES, WORKER)
    hear(store, opened(job))

    assert told(db) == []
    kept = db[SEARCHES.collection].find_one({})
    assert kept is not None
    assert (kept["name"], kept["query"], kept["seat"]) == ("", {}, None)


# how they are found


@pytest.mark.pure
@given(job=jobs_made, query=queries)
def test_a_search_that_a_job_fits_is_found_by_one_of_the_job_s_keys(
    job: Job, query: dict[str, Any]
) -> None:
    search = a_search(query={n: v for n, v in query.items() if n != "sort"})
    doc = JOBS.to_doc(job)

    if fits(doc, search.wanted):
        assert search.key in saved.keys_of(doc)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("query", "key"),
    [
        ({}, "all"),
        ({"min_amount": 5}, "all"),
        ({"mode": "task", "experience": "none"}, "mode:task"),
        ({"category": "design", "mode": "task", "client_paid": True}, "category:design"),
        ({"category": "design", "q": "ロゴ"}, "gram:ロゴ"),
        ({"q": "字", "category": "design"}, "category:design"),
        ({"skill": ["PHP", "Illustrator"], "q": "ロゴ"}, "skill:illustrator"),
        ({"client_id": STRANGER, "skill": ["PHP"]}, f"client:{STRANGER}"),
    ],
)
def test_a_search_is_found_by_what_few_jobs_meet(query: dict[str, Any], key: str) -> None:
    assert a_search(query=query).key == key
    assert a_search(query=query, alert="none").key is None
    assert a_search(query=query, seat=None).key is None


def test_what_goes_in_comes_out(store: Store) -> None:
    search = a_search(query={"skill": ["a"], "deadline_after": NOON + DAY, "client_paid": True})
    store.create(SEARCHES, search, [], now=NOON)
    assert store.get(SEARCHES, search.id) == search

    match = saved.Match(id="mat_1", search_id="s", member_id="m", job_id="j", at=NOON)
    store.create(MATCHES, match, [], now=NOON)
    assert store.get(MATCHES, match.id) == match


def test_searches_are_found_by_indexes(db: Db, mongo_url: str) -> None:
    keep(db, SEARCHES, *[a_search(member_id=ids.new("mem")) for _ in range(30)])
    keys = saved.keys_of(JOBS.to_doc(a_job(description="".join(map(chr, range(0x4E00, 0x5200))))))
    assert len(keys) > 1_000
    with spied(mongo_url, db.name) as (seen, spy):
        assert sum(len(some) for some in searches.waiting(seen, keys)) == 30
        searches.mine(seen, WORKER)
        searches.told(seen, ["mat_1"])
        searches.barred(seen, [WORKER])

        assert len(spy.commands) == 4
        assert scans(seen, spy) == []
