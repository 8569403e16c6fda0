"""Contracts over HTTP: from the offer to the reviews, and who may see what."""

from typing import Any

import pytest

from shared.store import Db
from tests.callers import Caller
from tests.contracts.test_asking import keep, money, of
from tests.contracts.test_offers import _sent


def test_an_accepted_offer_is_a_contract_that_both_see(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    answer = worker.post(f"/v1/offers/{_sent(client, worker)}/accept", key="k")

    assert answer.status_code == 201
    path = answer.headers["Location"]
    assert answer.json["state"] == "awaiting_funding"
    for caller in (client, worker):
        said = caller.get(path).json
        assert said["next"]["action"] == "fund"
        assert [c["id"] for c in caller.get("/v1/contracts").json["items"]] == [said["id"]]
    assert stranger.get(path).status_code == 404
    assert stranger.get("/v1/contracts").json["items"] == []
    assert Caller(client.app).get(path).status_code == 401


def test_work_is_delivered_sent_back_and_accepted(client: Caller, worker: Caller, db: Db) -> None:
    path = keep(db, of(client, worker))
    step = f"{path}/milestones/1"

    assert client.post(f"{step}/deliver", {"note": "-"}).json["code"] == "not_the_worker"
    assert worker.post(f"{step}/deliver", {"note": "できました"}).status_code == 200
    assert worker.post(f"{step}/recall").json["milestones"][0]["state"] == "funded"
    worker.post(f"{step}/deliver", {"note": "できました"})
    back = client.post(f"{step}/request-changes", {"note": "色を濃く"}).json
    assert back["milestones"][0]["state"] == "changes_requested"
    worker.post(f"{step}/deliver", {"note": "直しました"})
    less = {"amount": money(70_000), "reason": "一部未対応", "fault": "incomplete"}
    assert client.post(f"{step}/accept", {"amount": money(70_000)}).status_code == 422
    assert client.post(f"{step}/accept", {**less, "fault": "mood"}).status_code == 422
    accepted = client.post(f"{step}/accept", less).json
    assert accepted["milestones"][0]["state"] == "accepted"
    assert client.post(f"{step}/accept").json["code"] == "wrong_state"
    assert client.post(f"{path}/reviews", {"satisfied": True, "comment": "-"}).status_code == 409


@pytest.mark.parametrize("move", ["deliver", "recall", "accept", "request-changes"])
def test_before_the_money_is_there_nothing_may_begin(
    client: Caller, worker: Caller, stranger: Caller, db: Db, move: str
) -> None:
    path = keep(db, of(client, worker, state="awaiting_funding"))
    at = f"{path}/milestones/1/{move}"
    words: dict[str, Any] | None = {"note": "-"} if move in ("deliver", "request-changes") else None
    by = worker if move in ("deliver", "recall") else client
    assert by.post(at, words).json["code"] == "not_funded"
    assert stranger.post(at, words).status_code == 404


def test_the_two_write_to_each_other(client: Caller, worker: Caller, stranger: Caller) -> None:
    at = f"/v1/offers/{_sent(client, worker)}/messages"
    assert worker.post(at, {"text": "質問があります"}).status_code == 201
    assert stranger.post(at, {"text": "-"}).status_code == 404
    assert [m["text"] for m in client.get(at).json["items"]] == ["質問があります"]


def test_the_actions_of_a_contract_say_why_not(client: Caller, worker: Caller, db: Db) -> None:
    path = keep(db, of(client, worker, state="delivered"))
    actions = {a["name"]: a for a in worker.get(path).json["actions"]}
    assert actions["dispute"]["allowed"]
    assert actions["cancel"]["allowed"]
    assert actions["review"]["reasons"] == ["not_completed"]
    assert actions["accept"]["reasons"] == ["not_disputed"]
    assert actions["agree"]["reasons"] == ["nothing_asked"]
