"""Control questions, whom a task lets start, and what it has paid by the hour."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from services.jobs.domain import form
from services.jobs.queries import slots
from services.jobs.reactions import REACTIONS
from services.jobs.records import ASSIGNMENTS, JOBS
from shared import clock, engine
from shared.documents import Doc
from shared.store import Store
from tests.callers import Caller, Signer, a_caller
from tests.jobs.builders import an_event, yen
from tests.jobs.test_api_task import code, opened, started, submitted, words
from tests.spying import scans, spied

FORM: list[dict[str, Any]] = [
    {"id": "shop", "type": "text", "label": "店名", "required": True},
    {"id": "stars", "type": "rating", "label": "評価"},
    {"id": "capital", "type": "text", "label": "日本の首都", "known": "Tokyo"},
    {
        "id": "even",
        "type": "multiple",
        "label": "偶数",
        "options": ["1", "2", "4"],
        "known": ["2", "4"],
    },
]
RIGHT = {"capital": " ｔｏｋｙｏ ", "even": ["4", "2"]}
WRONG = {"capital": "大阪", "even": ["1"]}
CRITERION = {"id": "controls", "text": "確認問題に半分以上正解", "min_controls_percent": 50}


def missed(store: Store, id_: str) -> Doc | None:
    """Return what an assignment has said of controls, and let the worker hear it."""
    said = [
        f for f in store.timeline(id_, ASSIGNMENTS.collection) if f["type"] == "controls.missed"
    ]
    for each in said:
        event = an_event("controls.missed", each["data"])
        engine.handle_one(store, REACTIONS, event, now=clock.now())
        engine.handle_one(store, REACTIONS, event, now=clock.now())
    return said[0]["data"] if said else None


def reasons(worker: Caller, job_id: str) -> list[str]:
    """Return why this person cannot start."""
    (start, _) = worker.get(f"/v1/jobs/{job_id}").json["actions"]
    assert start["allowed"] == (not start["reasons"])
    return list(start["reasons"])


def test_who_works_does_not_see_which_questions_are_controls(
    client: Caller, worker: Caller, nobody: Caller, store: Store
) -> None:
    job_id = opened(client, store, form=FORM)

    for who in (worker, nobody):
        assert all("known" not in one for one in who.get(f"/v1/jobs/{job_id}").json["form"])
        assert "Tokyo" not in who.get("/v1/jobs?mode=task").text
    assert client.get(f"/v1/jobs/{job_id}").json["form"][2]["known"] == "Tokyo"


def test_the_client_sees_how_the_controls_came_out_and_the_worker_does_not(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store, form=FORM)
    id_ = submitted(worker, job_id, **{**RIGHT, "even": ["1"]})

    assert client.get(f"/v1/assignments/{id_}").json["controls"] == {"asked": 2, "right": 1}
    assert worker.get(f"/v1/assignments/{id_}").json["controls"] is None
    assert missed(store, id_) is None
    said = client.get(f"/v1/jobs/{job_id}/results?format=csv").text
    (row,) = csv.DictReader(io.StringIO(said))
    assert row["controls_right"] == "1"


def test_too_few_right_controls_are_rejected_where_a_criterion_says_so(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store, form=FORM, criteria=[*words()["criteria"], CRITERION])
    good, bad = submitted(worker, job_id, **RIGHT), submitted(worker, job_id, **WRONG)

    assert missed(store, good) is None
    assert missed(store, bad) is not None

    said = worker.get(f"/v1/assignments/{bad}").json
    assert (said["state"], said["criterion_id"]) == ("rejected", "controls")
    assert said["next"]["action"] == "appeal"
    assert worker.get(f"/v1/assignments/{good}").json["state"] == "submitted"
    assert client.get(f"/v1/assignments/{bad}").json["answers"] is None


def test_a_rejection_by_controls_stays_within_the_cap(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store, slots=3, form=FORM, criteria=[CRITERION])
    id_ = submitted(worker, job_id, **WRONG)

    assert missed(store, id_) is not None

    assert worker.get(f"/v1/assignments/{id_}").json["state"] == "submitted"


def test_who_misses_too_many_controls_cannot_go_on(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store, form=FORM, per_worker_limit=5, min_controls_percent=60)
    submitted(worker, job_id, **WRONG)
    assert reasons(worker, job_id) == []
    submitted(worker, job_id, **RIGHT)

    assert reasons(worker, job_id) == ["controls_missed"]
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (409, "controls_missed")
    assert len(worker.get(f"/v1/jobs/{job_id}/assignments").json["items"]) == 2
    assert reasons(stranger, job_id) == []


def test_only_who_is_verified_starts_where_the_task_says_so(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store, verified_only=True)
    assert code(worker.post(f"/v1/jobs/{job_id}/assignments")) == (403, "not_verified")
    assert reasons(worker, job_id) == ["not_verified"]

    event = an_event("member.verified", {"member_id": worker.id})
    engine.handle_one(store, REACTIONS, event, now=clock.now())

    assert reasons(worker, job_id) == []
    started(worker, job_id)


def test_every_unmet_condition_is_said_at_once(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store, slots=1, per_worker_limit=1, verified_only=True)
    event = an_event("member.verified", {"member_id": worker.id})
    engine.handle_one(store, REACTIONS, event, now=clock.now())
    started(worker, job_id)

    assert reasons(worker, job_id) == ["limit_reached", "no_slot_left"]
    assert reasons(stranger, job_id) == ["not_verified", "no_slot_left"]


def test_a_task_says_what_it_has_paid_by_the_hour(
    client: Caller, app: Flask, signer: Signer, store: Store
) -> None:
    job_id = opened(client, store)
    assert client.get(f"/v1/jobs/{job_id}").json["hourly_pay"] is None
    for minutes in (3, 4, 600):
        id_ = submitted(a_caller(app, signer), job_id)
        taken = store.get(ASSIGNMENTS, id_).submitted_at
        assert taken is not None
        store.mark(
            ASSIGNMENTS.collection,
            {"_id": id_},
            {"reserved_at": taken - timedelta(minutes=minutes)},
        )
        client.post(f"/v1/assignments/{id_}/approve")

    said = client.get(f"/v1/jobs/{job_id}").json["hourly_pay"]

    assert said == {"amount": yen(1_500).words(), "median_s": 240, "sample": 3}


def test_what_tasks_have_paid_is_read_once_for_a_page(
    client: Caller, store: Store, app: Flask, signer: Signer, mongo_url: str
) -> None:
    paid = [opened(client, store), opened(client, store), opened(client, store)]
    for job_id in paid[:2]:
        worker = a_caller(app, signer)
        client.post(f"/v1/assignments/{submitted(worker, job_id)}/approve")

    with spied(mongo_url, store.db.name) as (db, spy):
        said = slots.worked_s(db, paid)
        nothing = slots.worked_s(db, [])

        assert ({id_: len(each) for id_, each in said.items()}, nothing) == (
            {paid[0]: 1, paid[1]: 1, paid[2]: 0},
            {},
        )
        assert len(spy.commands) == 1
        assert scans(db, spy) == []


def test_a_page_of_twenty_tasks_reads_as_often_as_a_page_of_one(
    client: Caller, worker: Caller, app: Flask, store: Store, mongo_url: str
) -> None:
    asks = {"verified_only": True, "min_approval_percent": 50, "min_controls_percent": 60}
    for _ in range(20):
        opened(client, store, slots=1, form=FORM, **asks)
    with spied(mongo_url, store.db.name) as (db, spy):
        own = app.extensions["ukeoi_store"]
        app.extensions["ukeoi_store"] = Store(db, source="jobs")
        read = {}
        for size in (1, 20):
            before = len(spy.commands)
            page = worker.get(f"/v1/jobs?mode=task&limit={size}").json["items"]
            start = {tuple(job["actions"][0]["reasons"]) for job in page}
            assert (len(page), start) == (size, {("not_verified",)})
            read[size] = len(spy.commands) - before
        app.extensions["ukeoi_store"] = own

    assert read[20] == read[1]


@pytest.mark.parametrize(
    "over",
    [
        {"form": [{"id": "a", "type": "number", "label": "数", "known": "3"}]},
        {"form": [{"id": "a", "type": "single", "label": "色", "options": ["赤"], "known": "青"}]},
        {"form": [{"id": "a", "type": "text", "label": "名", "known": {"$gt": ""}}]},
        {"form": [{"id": "a", "type": "text", "label": "名", "known": None}]},
        {"min_controls_percent": 50},
        {"criteria": [CRITERION]},
    ],
)
def test_controls_that_cannot_be_judged_are_refused(
    client: Caller, store: Store, over: dict[str, Any]
) -> None:
    refused = client.post("/v1/jobs", words(**over))

    assert refused.status_code == 422, refused.json
    assert store.db[JOBS.collection].count_documents({}) == 0


@pytest.mark.pure
def test_answers_are_compared_as_a_person_would() -> None:
    asked = [{"id": "n", "type": "number", "label": "n", "known": 3}, *FORM]
    assert form.controls(asked, {"n": 3.0, **RIGHT}) == (3, 3)
    assert form.controls(asked, {"n": 4, "even": ["2"]}) == (3, 0)
