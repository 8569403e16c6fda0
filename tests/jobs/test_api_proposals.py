"""The routes of proposals and questions: what each answers, and that a refusal changes nothing."""

from typing import Any

import pytest

from services.jobs.domain import job as jobs
from services.jobs.records import PROPOSALS
from shared import clock
from shared.store import Db
from tests.callers import Caller
from tests.jobs.builders import (
    DAY,
    a_proposal,
    keep,
    proposal_words,
    yen,
)
from tests.jobs.test_api import allowed, everything, kept, published, suspend


def proposed(worker: Caller, path: str, **over: Any) -> str:
    """Propose for a job; return the proposal's path."""
    made = worker.post(f"{path}/proposals", proposal_words(**over))
    assert made.status_code == 201, made.json
    return str(made.headers["Location"])


def in_state(db: Db, client: Caller, worker: Caller, state: str) -> str:
    """Keep a proposal for an open job in this state; return its path."""
    job_id = kept(db, client, "open").rpartition("/")[2]
    now = clock.now()
    found = a_proposal(
        job_id=job_id,
        client_id=client.id,
        worker_id=worker.id,
        state=state,
        created_at=now,
        changed_at=now,
        deliver_by=now + 20 * DAY,
    )
    keep(db, PROPOSALS, found)
    return f"/v1/proposals/{found.id}"


# proposing


def test_a_proposal_is_answered_whole(client: Caller, worker: Caller) -> None:
    path = published(client)
    made = worker.post(f"{path}/proposals", proposal_words())

    assert made.status_code == 201
    said = made.json
    assert made.headers["Location"] == f"/v1/proposals/{said['id']}"
    assert set(said) == {
        *("id", "job_id", "client_id", "worker", "title", "message", "amount", "deliver_by"),
        *("milestones", "state", "offer_id", "contract_id", "created_at", "next", "actions"),
        *("visibility", "warnings"),
    }
    assert said["state"] == "submitted"
    assert said["amount"] == {"amount": 40_000, "currency": "JPY"}
    assert said["next"]["actor"] == "client"
    assert allowed(made) == {"withdraw": []}
    assert worker.get(made.headers["Location"]).json == said
    assert set(allowed(client.get(made.headers["Location"]))) == {"shortlist", "select", "decline"}
    assert client.get(path).json["proposals"] == 1
    assert allowed(worker.get(path))["propose"] == ["already_proposed"]


def test_nobody_proposes_for_their_own_job(db: Db, client: Caller) -> None:
    path = published(client)
    before = everything(db)

    refused = client.post(f"{path}/proposals", proposal_words())

    assert (refused.status_code, refused.json["code"]) == (403, "own_job")
    assert everything(db) == before


def test_a_person_proposes_once_until_that_has_ended(client: Caller, worker: Caller) -> None:
    path = published(client)
    first = proposed(worker, path)

    refused = worker.post(f"{path}/proposals", proposal_words())
    assert (refused.status_code, refused.json["code"]) == (409, "already_proposed")

    worker.post(f"{first}/withdraw")
    assert proposed(worker, path) != first


def test_the_same_request_proposes_once(db: Db, client: Caller, worker: Caller) -> None:
    path, words = published(client), proposal_words()
    first = worker.post(f"{path}/proposals", words, key="k")
    client.post(f"{path}/close")
    again = worker.post(f"{path}/proposals", words, key="k")
    other = worker.post(f"{path}/proposals", proposal_words(message="別"), key="k")

    assert again.status_code == first.status_code == 201
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["state"] == "lapsed"
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert db[PROPOSALS.collection].count_documents({}) == 1


@pytest.mark.parametrize("state", sorted(set(jobs.STATES) - {"open", "draft"}))
def test_only_an_open_job_takes_proposals(
    db: Db, client: Caller, worker: Caller, state: str
) -> None:
    path = kept(db, client, state)

    refused = worker.post(f"{path}/proposals", proposal_words())

    assert (refused.status_code, refused.json["code"]) == (409, "job_not_open")
    assert db[PROPOSALS.collection].count_documents({}) == 0


def test_a_draft_takes_no_proposals_as_nobody_knows_of_it(
    db: Db, client: Caller, worker: Caller, nobody: Caller
) -> None:
    path = kept(db, client, "draft")

    assert worker.post(f"{path}/proposals", proposal_words()).status_code == 404
    assert nobody.post(f"{path}/proposals", proposal_words()).status_code == 401


def test_a_suspended_member_does_not_propose(db: Db, client: Caller, worker: Caller) -> None:
    path = published(client)
    suspend(db, worker)

    refused = worker.post(f"{path}/proposals", proposal_words())

    assert (refused.status_code, refused.json["code"]) == (403, "member_suspended")
    assert allowed(worker.get(path))["propose"] == ["member_suspended"]


def part(amount: int, days: int = 5) -> dict[str, Any]:
    """Return the words of a milestone."""
    at = clock.text(clock.now() + days * DAY)
    return {"title": "ラフ", "amount": yen(amount).words(), "deliver_by": at}


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"milestones": [part(10_000), part(29_999)]}, "milestones_sum"),
        ({"milestones": [part(1)] * 51}, "invalid_words"),
        ({"milestones": [part(10_000, 21), part(30_000, 22)]}, "invalid_words"),
        ({"deliver_by": "2020-01-01T00:00:00Z"}, "invalid_words"),
        ({"deliver_by": "9999-01-01T00:00:00Z"}, "invalid_words"),
        ({"amount": {"amount": 10, "currency": "USD"}}, "invalid_words"),
        ({"amount": {"amount": 0, "currency": "JPY"}}, "invalid_words"),
        ({"message": " "}, "invalid_words"),
        ({"message": "あ" * 5_001}, "invalid_words"),
        ({"state": "selected"}, "invalid_words"),
        ({"worker_id": "mem_1"}, "invalid_words"),
    ],
)
def test_wrong_words_are_refused(
    db: Db, client: Caller, worker: Caller, over: dict[str, Any], code: str
) -> None:
    refused = worker.post(f"{published(client)}/proposals", proposal_words(**over))

    assert (refused.status_code, refused.json["code"]) == (422, code)
    assert refused.json["fields"]
    assert db[PROPOSALS.collection].count_documents({}) == 0


def test_milestones_are_kept_as_they_were_said(client: Caller, worker: Caller) -> None:
    path = proposed(worker, published(client), milestones=[part(10_000), part(30_000, 10)])

    milestones = client.get(path).json["milestones"]

    assert [m["amount"]["amount"] for m in milestones] == [10_000, 30_000]


# who sees what


def test_the_client_sees_all_a_worker_their_own_others_nothing(
    client: Caller, worker: Caller, stranger: Caller, nobody: Caller
) -> None:
    path = published(client)
    mine, theirs = proposed(worker, path), proposed(stranger, path)

    def seen(caller: Caller, query: str = "") -> list[str]:
        items = caller.get(f"{path}/proposals{query}").json["items"]
        return [f"/v1/proposals/{item['id']}" for item in items]

    assert seen(client) == [theirs, mine]
    assert seen(client, "?state=declined") == []
    assert seen(worker) == [mine]
    assert [worker.get(theirs + r).status_code for r in ("", "/timeline")] == [404, 404]
    assert nobody.get(f"{path}/proposals").status_code == 401
    assert nobody.get(mine).status_code == 401


def test_who_has_not_proposed_is_told_of_no_proposals(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = published(client)
    proposed(worker, path)

    refused = stranger.get(f"{path}/proposals")

    assert (refused.status_code, refused.json["code"]) == (404, "no_such_proposal")


def test_a_worker_lists_their_own_proposals(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    first = proposed(worker, published(client))
    proposed(stranger, published(client))
    second = proposed(worker, published(client))
    worker.post(f"{first}/withdraw")

    def seen(query: str) -> list[str]:
        items = worker.get(f"/v1/proposals{query}").json["items"]
        return [f"/v1/proposals/{item['id']}" for item in items]

    assert seen("") == [second, first]
    assert seen("?state=withdrawn") == [first]
    assert worker.get("/v1/proposals?state=gone").status_code == 422


MOVES = ("shortlist", "withdraw", "decline", "select")


@pytest.mark.parametrize("move", MOVES)
def test_a_stranger_moves_nothing(
    db: Db, client: Caller, worker: Caller, stranger: Caller, nobody: Caller, move: str
) -> None:
    path = proposed(worker, published(client))
    before = everything(db)

    assert stranger.post(f"{path}/{move}").status_code == 404
    assert nobody.post(f"{path}/{move}").status_code == 401
    assert client.post(f"/v1/proposals/pro_{'0' * 32}/{move}").status_code == 404
    assert everything(db) == before


@pytest.mark.parametrize(
    ("move", "by", "code"),
    [
        ("withdraw", "client", "not_the_worker"),
        ("shortlist", "worker", "not_the_client"),
        ("decline", "worker", "not_the_client"),
        ("select", "worker", "not_the_client"),
    ],
)
def test_each_side_has_its_own_moves(
    db: Db, client: Caller, worker: Caller, move: str, by: str, code: str
) -> None:
    path = proposed(worker, published(client))
    before = everything(db)

    refused = {"client": client, "worker": worker}[by].post(f"{path}/{move}")

    assert (refused.status_code, refused.json["code"]) == (403, code)
    assert everything(db) == before


@pytest.mark.parametrize(
    ("move", "state"),
    [("shortlist", "shortlisted"), ("withdraw", "withdrawn"), ("decline", "declined")],
)
def test_a_move_is_made_once(client: Caller, worker: Caller, move: str, state: str) -> None:
    path = proposed(worker, published(client))
    mover = worker if move == "withdraw" else client

    first = mover.post(f"{path}/{move}", key="k")
    again = mover.post(f"{path}/{move}", key="k")
    twice = mover.post(f"{path}/{move}")

    assert (first.status_code, first.json["state"]) == (200, state)
    assert (again.status_code, again.json) == (200, first.json)
    assert (twice.status_code, twice.json["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("state", ["selected", "declined", "withdrawn", "lapsed"])
@pytest.mark.parametrize("move", MOVES)
def test_what_no_longer_waits_is_not_moved(
    db: Db, client: Caller, worker: Caller, move: str, state: str
) -> None:
    path = in_state(db, client, worker, state)
    before = everything(db)

    refused = (worker if move == "withdraw" else client).post(f"{path}/{move}")

    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    assert everything(db) == before
