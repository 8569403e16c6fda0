"""Questions about a job over HTTP."""

from typing import Any

import pytest

from services.jobs.records import QUESTIONS
from shared.store import Db
from tests.callers import Caller
from tests.jobs.test_api import allowed, everything, kept, published, suspend


def test_a_question_is_public_and_answered_once(
    client: Caller, worker: Caller, nobody: Caller
) -> None:
    path = published(client)
    asked = worker.post(f"{path}/questions", {"text": "納期は相談できますか?"})

    assert asked.status_code == 201
    assert (asked.json["state"], asked.json["answer"]) == ("asked", None)
    assert asked.json["next"]["action"] == "answer"
    at = asked.headers["Location"]
    assert nobody.get(f"{path}/questions").json["items"] == [nobody.get(at).json]
    assert allowed(client.get(at)) == {"answer": []}

    answered = client.post(f"{at}/answer", {"text": "はい、ご相談ください。"})
    assert (answered.status_code, answered.json["state"]) == (200, "answered")
    assert (answered.json["answer"], answered.json["next"]) == ("はい、ご相談ください。", None)
    twice = client.post(f"{at}/answer", {"text": "やはり無理です。"})
    assert (twice.status_code, twice.json["code"]) == (409, "wrong_state")
    assert nobody.get(at).json["answer"] == "はい、ご相談ください。"


def test_who_may_ask_and_answer(
    db: Db, client: Caller, worker: Caller, stranger: Caller, nobody: Caller
) -> None:
    path = published(client)
    at = worker.post(f"{path}/questions", {"text": "?"}).headers["Location"]
    suspend(db, stranger)
    before = everything(db)

    own = client.post(f"{path}/questions", {"text": "?"})
    suspended = stranger.post(f"{path}/questions", {"text": "?"})
    theirs = worker.post(f"{at}/answer", {"text": "!"})

    assert (own.status_code, own.json["code"]) == (403, "own_job")
    assert (suspended.status_code, suspended.json["code"]) == (403, "member_suspended")
    assert (theirs.status_code, theirs.json["code"]) == (403, "not_the_client")
    assert nobody.post(f"{path}/questions", {"text": "?"}).status_code == 401
    assert nobody.post(f"{at}/answer", {"text": "!"}).status_code == 401
    assert client.post(f"/v1/questions/qst_{'0' * 32}/answer", {"text": "!"}).status_code == 404
    assert everything(db) == before


def test_only_an_open_job_takes_questions(db: Db, client: Caller, worker: Caller) -> None:
    closed = worker.post(f"{kept(db, client, 'closed')}/questions", {"text": "?"})
    hidden = worker.post(f"{kept(db, client, 'draft')}/questions", {"text": "?"})

    assert (closed.status_code, closed.json["code"]) == (409, "job_not_open")
    assert hidden.status_code == 404
    assert db[QUESTIONS.collection].count_documents({}) == 0


@pytest.mark.parametrize("words", [{}, {"text": ""}, {"text": "あ" * 2_001}, {"text": 5}])
def test_a_question_has_words(client: Caller, worker: Caller, words: dict[str, Any]) -> None:
    path = published(client)
    at = worker.post(f"{path}/questions", {"text": "?"}).headers["Location"]

    assert worker.post(f"{path}/questions", words).status_code == 422
    assert client.post(f"{at}/answer", words).status_code == 422


def test_the_same_request_asks_once(db: Db, client: Caller, worker: Caller) -> None:
    path = published(client)
    first = worker.post(f"{path}/questions", {"text": "?"}, key="k")
    client.post(f"{path}/close")
    again = worker.post(f"{path}/questions", {"text": "?"}, key="k")

    assert again.status_code == 201
    assert again.headers["Location"] == first.headers["Location"]
    assert db[QUESTIONS.collection].count_documents({}) == 1
