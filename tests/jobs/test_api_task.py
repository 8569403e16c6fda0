"""Tasks over HTTP, with racers; escrow's part is played by the rules that hear it."""

import csv
import io
import json
from typing import Any

from flask import Flask

from services.jobs import tasks
from services.jobs.domain import assignment, task
from services.jobs.records import ASSIGNMENTS, JOBS
from shared import clock, ids
from shared.errors import Conflict
from shared.store import Store
from tests.callers import Caller, Signer, a_caller
from tests.jobs.builders import DAY, an_event, job_words, yen
from tests.racers import at_once

ANSWERS = {"shop": "珈琲店", "stars": 4}
REASON = {"criterion_id": "complete", "note": "住所がありません"}


def words(**over: Any) -> dict[str, Any]:
    """Return the words of a complete task."""
    said = job_words()
    for name in ("budget", "proposals_close_at", "openings"):
        del said[name]
    return {
        **said,
        "mode": "task",
        "reward": yen(100).words(),
        "slots": 5,
        "per_worker_limit": 2,
        "form": [
            {"id": "shop", "type": "text", "label": "店名", "required": True},
            {"id": "stars", "type": "rating", "label": "評価"},
        ],
        "criteria": [{"id": "complete", "text": "すべて入力されている"}],
        **over,
    }


def opened(client: Caller, store: Store, **over: Any) -> str:
    """Publish a task, let escrow say that it is funded, and mint its slots."""
    made = client.post("/v1/jobs", words(**over))
    assert made.status_code == 201, made.json
    job_id: str = made.json["id"]
    assert client.post(f"/v1/jobs/{job_id}/publish").status_code == 202
    store.change(JOBS, job_id, task.hear, now=clock.now(), what="escrow.funded")
    event = an_event("job.opened", {"job_id": job_id, "mode": "task"})
    tasks.on_opened(store, event, clock.now())
    tasks.on_opened(store, event, clock.now())
    return job_id


def started(worker: Caller, job_id: str) -> str:
    """Take a slot."""
    claimed = worker.post(f"/v1/jobs/{job_id}/assignments")
    assert claimed.status_code == 201, claimed.json
    assert claimed.headers["Location"] == f"/v1/assignments/{claimed.json['id']}"
    return str(claimed.json["id"])


def submitted(worker: Caller, job_id: str, **answers: Any) -> str:
    """Take a slot and hand it in."""
    id_ = started(worker, job_id)
    done = worker.post(f"/v1/assignments/{id_}/submit", {"answers": {**ANSWERS, **answers}})
    assert (done.status_code, done.json["state"]) == (200, "submitted")
    return id_


def code(answer: Any) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json["code"]


def silence(store: Store, id_: str, days: float) -> None:
    """Let so many days pass for an assignment."""
    assert ASSIGNMENTS.on_wake is not None
    store.change(ASSIGNMENTS, id_, ASSIGNMENTS.on_wake, now=clock.now() + days * DAY)


def test_a_task_says_what_it_is(client: Caller, nobody: Caller, store: Store) -> None:
    job_id = opened(client, store)

    said = nobody.get(f"/v1/jobs/{job_id}").json
    assert (said["slots"], said["slots_by_state"]) == (5, {"free": 5})
    assert (said["reward"], said["per_worker_limit"]) == (yen(100).words(), 2)
    assert said["next"]["action"] == "start"
    assert nobody.get("/v1/jobs?mode=task&min_amount=100").json["items"][0]["id"] == job_id


def test_a_slot_is_taken_drafted_and_handed_in(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    id_ = started(worker, job_id)
    path = f"/v1/assignments/{id_}"
    assert worker.get(path).json["next"]["otherwise"] == "expired"
    drafted = worker.send("PUT", f"{path}/draft", {"answers": {"shop": "喫茶"}})
    assert (drafted.status_code, drafted.json["answers"]) == (200, {"shop": "喫茶"})
    wrong = worker.send("PUT", f"{path}/draft", {"answers": {"shop": ["x"]}})
    assert code(wrong) == (422, "wrong_answers")
    assert stranger.get(path).status_code == 404
    assert code(client.post(f"{path}/submit")) == (403, "not_the_worker")
    assert client.get(path).json["answers"] is None

    done = worker.post(f"{path}/submit", key="k")
    again = worker.post(f"{path}/submit", key="k")

    assert (done.status_code, done.json["state"]) == (200, "submitted")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.get(path).json["answers"] == {"shop": "喫茶"}
    assert [a["name"] for a in client.get(path).json["actions"] if a["allowed"]] == [
        "approve",
        "reject",
    ]
    assert code(worker.post(f"{path}/return")) == (409, "wrong_state")


def test_the_same_claim_asked_twice_is_one(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store)
    path = f"/v1/jobs/{job_id}/assignments"
    first, again = worker.post(path, key="k"), worker.post(path, key="k")

    assert first.json["id"] == again.json["id"]
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len(worker.get(path).json["items"]) == 1
    assert len(client.get(path).json["items"]) == 1


def test_why_one_cannot_start_is_said_in_full(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store, per_worker_limit=1)
    started(worker, job_id)
    client.post(f"/v1/jobs/{job_id}/close")

    (start, _) = worker.get(f"/v1/jobs/{job_id}").json["actions"]
    assert (start["allowed"], start["reasons"]) == (False, ["job_not_open", "limit_reached"])
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (409, "job_not_open")
    assert code(client.post(f"/v1/jobs/{job_id}/assignments")) == (403, "own_job")


def test_a_person_takes_no_more_than_the_limit(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    first = started(worker, job_id)
    started(worker, job_id)
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (409, "limit_reached")

    worker.post(f"/v1/assignments/{first}/return")

    started(worker, job_id)


def test_a_slot_that_ends_unpaid_is_there_again(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store, slots=1)
    id_ = started(worker, job_id)
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (409, "no_slot_left")
    silence(store, id_, 1)
    freed = an_event("slot.freed", {"assignment_id": id_})
    tasks.on_freed(store, freed, clock.now())
    tasks.on_freed(store, freed, clock.now())

    assert worker.get(f"/v1/assignments/{id_}").json["state"] == "expired"
    assert started(worker, job_id) != id_
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (409, "no_slot_left")


def test_closing_gives_back_free_slots_only_and_later_ends_their_own(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    kept, returned = submitted(worker, job_id), started(worker, job_id)

    closed = client.post(f"/v1/jobs/{job_id}/close").json
    assert (closed["state"], closed["remaining"]) == ("closed", yen(300).words())
    tasks.on_closing(store, an_event("task.closing", {"job_id": job_id}), clock.now())
    worker.post(f"/v1/assignments/{returned}/return")
    freed = an_event("slot.freed", {"assignment_id": returned})
    tasks.on_freed(store, freed, clock.now())
    tasks.on_freed(store, freed, clock.now())

    said = store.timeline(returned, ASSIGNMENTS.collection)
    assert [f["type"] for f in said] == ["slot.freed", "slot.closed"]
    assert client.post(f"/v1/assignments/{kept}/approve").json["state"] == "approved"
    assert [f["type"] for f in store.timeline(job_id, JOBS.collection)].count("job.closed") == 1


def test_rejections_need_a_criterion_and_stay_within_the_cap(
    client: Caller, app: Flask, signer: Signer, store: Store
) -> None:
    job_id = opened(client, store, slots=8)
    workers = [a_caller(app, signer) for _ in range(4)]
    handed_in = [submitted(each, job_id) for each in workers]
    path = "/v1/assignments/{}/reject".format
    unknown = client.post(path(handed_in[0]), {"criterion_id": "other", "note": "n"})
    assert code(unknown) == (422, "invalid_words")
    assert code(workers[0].post(path(handed_in[0]), REASON)) == (403, "not_the_client")

    done = [client.post(path(id_), REASON) for id_ in handed_in]

    assert [each.status_code for each in done] == [200, 200, 200, 409]
    assert done[3].json["code"] == "rejection_cap"
    assert done[0].json["answers"] is None
    assert workers[0].get(f"/v1/assignments/{handed_in[0]}").json["answers"] == ANSWERS
    # Taken back, there is room for another one.
    assert client.post(f"/v1/assignments/{handed_in[0]}/approve").status_code == 200
    assert client.post(path(handed_in[3]), REASON).status_code == 200


def test_a_small_task_knows_no_rejection(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store, slots=3)
    refused = client.post(f"/v1/assignments/{submitted(worker, job_id)}/reject", REASON)
    assert code(refused) == (409, "rejection_cap")


def test_an_appeal_is_answered_or_silence_approves(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    first, second = submitted(worker, job_id), submitted(worker, job_id)
    for id_ in (first, second):
        client.post(f"/v1/assignments/{id_}/reject", REASON)
        assert code(client.post(f"/v1/assignments/{id_}/appeal", {"note": "n"}))[0] == 403
        assert worker.post(f"/v1/assignments/{id_}/appeal", {"note": "n"}).status_code == 200

    silence(store, first, 8)
    refused = client.post(f"/v1/assignments/{second}/reject", REASON)

    assert worker.get(f"/v1/assignments/{first}").json["state"] == "approved"
    assert (refused.json["state"], refused.json["next"]) == ("rejected", None)
    assert worker.post(f"/v1/assignments/{second}/appeal", {"note": "n"}).status_code == 409


def test_many_are_approved_at_once(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    path = f"/v1/jobs/{job_id}/approvals"
    named, started_only = submitted(worker, job_id), started(worker, job_id)
    others = [submitted(stranger, job_id), submitted(stranger, job_id)]

    some = client.post(path, {"assignment_ids": [named, started_only, ids.new("asg")]})
    assert some.json["approved"] == [named]
    assert [each["code"] for each in some.json["refused"]] == ["wrong_state", "no_such_assignment"]
    assert code(worker.post(path, {"assignment_ids": "all"})) == (403, "not_the_client")
    assert code(client.post(path, {"assignment_ids": []})) == (422, "invalid_words")
    assert client.post(path, {"assignment_ids": "all"}).json["all"] is True
    event = an_event("approvals.requested", {"job_id": job_id})
    tasks.on_approve_all(store, event, clock.now())
    tasks.on_approve_all(store, event, clock.now())

    for id_ in others:
        said = store.timeline(id_, ASSIGNMENTS.collection)
        assert [f["type"] for f in said] == ["assignment.submitted", "assignment.approved"]
    assert worker.get(f"/v1/assignments/{started_only}").json["state"] == "reserved"


def test_results_hide_what_is_rejected_and_are_no_formulas(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    kept, rejected = submitted(worker, job_id, shop='=cmd|"x"'), submitted(worker, job_id)
    client.post(f"/v1/assignments/{rejected}/reject", REASON)
    path = f"/v1/jobs/{job_id}/results"

    lines = [json.loads(line) for line in client.get(path).text.splitlines()]
    table = {
        row["id"]: row for row in csv.DictReader(io.StringIO(client.get(f"{path}?format=csv").text))
    }

    assert {line["id"]: line["answers"] for line in lines} == {
        kept: {**ANSWERS, "shop": '=cmd|"x"'},
        rejected: None,
    }
    assert (table[kept]["shop"], table[kept]["stars"]) == ('\'=cmd|"x"', "4")
    assert (table[rejected]["shop"], table[rejected]["state"]) == ("", "rejected")
    assert code(stranger.get(path)) == (403, "not_the_client")
    assert code(client.get(f"{path}?format=xls")) == (422, "invalid_words")


def test_64_racers_never_oversell_the_last_of_10_000_slots(client: Caller, store: Store) -> None:
    job_id = opened(client, store, slots=10_000)
    job = store.get(JOBS, job_id)
    assert store.db[ASSIGNMENTS.collection].count_documents({"state": "free"}) == 10_000
    taken = {"_id": {"$gt": sorted(assignment.minted(job, n).id for n in range(10_000))[9]}}
    store.move(ASSIGNMENTS, taken, {"state": "closed"})

    def run(n: int) -> str:
        try:
            by = ids.derived("mem", str(n))
            return tasks.claim(store, job, by=by, now=clock.now(), once=None).id
        except Conflict as why:
            return why.code

    outcomes = at_once(64, run)

    assert len({one for one in outcomes if one.startswith("asg_")}) == 10
    assert outcomes.count("no_slot_left") == 54


def test_one_person_racing_against_themselves_stays_within_the_limit(
    client: Caller, store: Store
) -> None:
    job_id = opened(client, store, slots=100, per_worker_limit=3)
    job, by = store.get(JOBS, job_id), ids.new("mem")

    def run(_: int) -> str:
        try:
            return tasks.claim(store, job, by=by, now=clock.now(), once=None).id
        except Conflict as why:
            return why.code

    outcomes = at_once(16, run)

    assert len({one for one in outcomes if one.startswith("asg_")}) == 3
    assert outcomes.count("limit_reached") == 13
