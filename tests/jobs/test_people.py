"""What a member did here is shown before one decides to work with them."""

from typing import Any

from services.jobs.app import create_app
from services.jobs.reactions import REACTIONS
from shared import clock, engine, ids
from shared.events import Event
from shared.store import Db, Store
from tests.callers import Caller, Signer
from tests.jobs.builders import an_event, job_words, proposal_words
from tests.spying import spied

MEDIAN = {"median_s": 3600, "sample": 3}
RATE = {"hits": 1, "sample": 4}
AS_CLIENT = {
    "time_to_fund": MEDIAN,
    "time_to_accept": {"median_s": None, "sample": 0},
    "rejection_rate": RATE,
    "dispute_rate": RATE,
}
AS_WORKER = dict.fromkeys(
    ("on_time_rate", "completion_rate", "task_approval_rate", "dispute_rate"), RATE
)
# What was told before these were measured.
UNTOLD = {n: {"median_s": None, "sample": 0} for n in ("time_to_answer", "time_to_award")}
SHOWN = {n: {"rate": 0.25, **RATE} for n in ("rejection_rate", "dispute_rate")}


def a_record(member_id: str, version: int, **over: Any) -> Event:
    words = {
        "member_id": member_id,
        "contracts_completed": 3,
        "contracts_cancelled": 1,
        "reviews_satisfied": 2,
        "reviews_unsatisfied": 0,
        "level": 1,
        "as_client": AS_CLIENT,
        "as_worker": AS_WORKER,
        **over,
    }
    return an_event("record.changed", words, version=version, subject=member_id)


def hear(store: Store, *events: Event) -> None:
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())


def published(client: Caller) -> str:
    id_: str = client.post("/v1/jobs", job_words()).json["id"]
    client.post(f"/v1/jobs/{id_}/publish")
    return id_


def test_a_client_s_record_is_shown_to_anybody_before_they_propose(
    client: Caller, nobody: Caller, store: Store
) -> None:
    job = published(client)
    hear(store, a_record(client.id, 7))

    for said in (nobody.get(f"/v1/jobs/{job}").json, nobody.get("/v1/jobs").json["items"][0]):
        record = said["client"]["record"]
        assert (record["contracts_completed"], record["level"]) == (3, 1)
        assert record["as_client"] == {**AS_CLIENT, **UNTOLD, **SHOWN}


def test_an_older_word_never_replaces_a_newer_one(
    client: Caller, nobody: Caller, store: Store
) -> None:
    job = published(client)
    newer, older = a_record(client.id, 9, level=2), a_record(client.id, 8, level=1)
    hear(store, newer, older, newer)
    assert nobody.get(f"/v1/jobs/{job}").json["client"]["record"]["level"] == 2


def test_a_new_client_has_zeros_and_no_figures(client: Caller, nobody: Caller) -> None:
    job = published(client)
    assert nobody.get(f"/v1/jobs/{job}").json["client"]["record"] == {
        "contracts_completed": 0,
        "contracts_cancelled": 0,
        "reviews_satisfied": 0,
        "reviews_unsatisfied": 0,
        "level": None,
        "as_client": None,
        "as_worker": None,
    }


def test_a_worker_s_record_stands_with_the_proposal(
    client: Caller, worker: Caller, store: Store
) -> None:
    job = published(client)
    worker.post(f"/v1/jobs/{job}/proposals", proposal_words())
    hear(store, a_record(worker.id, 2), a_record(ids.new("mem"), 2))
    [proposal] = client.get(f"/v1/jobs/{job}/proposals").json["items"]
    assert proposal["worker"]["record"]["as_worker"] == {
        "time_to_answer": {"median_s": None, "sample": 0},
        "repeat_client_rate": {"rate": None, "hits": 0, "sample": 0},
        **{n: {"rate": 0.25, **RATE} for n in AS_WORKER},
    }


def test_a_record_is_read_only_where_it_is_shown(
    client: Caller, worker: Caller, mongo_url: str, db: Db, signer: Signer
) -> None:
    job = published(client)
    worker.post(f"/v1/jobs/{job}/questions", {"text": "納期は？"})
    worker.post(f"/v1/jobs/{job}/proposals", proposal_words())
    app = create_app(signer.settings(mongo_url, db.name))
    with spied(mongo_url, db.name) as (seen, spy):
        app.extensions["ukeoi_store"].db.client.close()
        app.extensions["ukeoi_store"].db = seen
        asked = Caller(app, client.token)
        asked.get(f"/v1/jobs/{job}/questions")
        read_for_questions = [c for c in spy.commands if c.get("find") == "records"]
        asked.get(f"/v1/jobs/{job}/proposals")
        read_for_proposals = [c for c in spy.commands if c.get("find") == "records"]

    assert (len(read_for_questions), len(read_for_proposals)) == (0, 1)
