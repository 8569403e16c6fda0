"""Once, versions and pages at the edge."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from flask import Flask

from shared.store import Db
from tests.callers import Caller, Signer, a_caller
from tests.shared.web.things import problem, send

# once


def test_the_same_key_and_words_act_once_and_answer_the_same(me: Caller, db: Db) -> None:
    first = me.post("/v1/things", {"name": "a"}, key="k1")
    again = me.post("/v1/things", {"name": "a"}, key="k1")
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert db["things"].count_documents({}) == 1


def test_the_order_of_names_and_the_spaces_are_no_other_words(me: Caller, db: Db) -> None:
    headers = {"Idempotency-Key": "k1"}
    send(me, b'{"name": "a", "size": 1}', **headers)
    assert send(me, b'{ "size":1,"name":"a"}', **headers).headers["Idempotency-Replayed"]
    assert db["things"].count_documents({}) == 1


def test_the_same_key_with_other_words_is_422(me: Caller, db: Db) -> None:
    me.post("/v1/things", {"name": "a"}, key="k1")
    problem(me.post("/v1/things", {"name": "b"}, key="k1"), 422, "idempotency_key_reused")
    assert db["things"].count_documents({}) == 1


def test_a_key_belongs_to_its_caller_method_and_path(
    app: Flask, signer: Signer, me: Caller
) -> None:
    made = me.post("/v1/things", {"name": "a"}, key="k")
    other = a_caller(app, signer)
    assert other.post("/v1/things", {"name": "b"}, key="k").status_code == 201
    raised_once = me.post(made.headers["Location"] + "/raise", {"by": 2}, key="k")
    assert "Idempotency-Replayed" not in raised_once.headers


def test_a_replay_shows_the_thing_as_it_is_now(me: Caller) -> None:
    path = me.post("/v1/things", {"name": "a"}, key="k").headers["Location"] + "/raise"
    me.post(path, {"by": 2}, key="k1")
    me.post(path, {"by": 3}, key="k2")
    again = me.post(path, {"by": 2}, key="k1")
    assert (again.status_code, orjson.loads(again.data)["count"]) == (202, 5)


def test_a_refused_request_does_not_spend_its_key(me: Caller, db: Db) -> None:
    made = me.post("/v1/things", {"name": "closed"}).headers["Location"]
    refused = me.post(made + "/raise", {"by": 2}, key="k")
    assert problem(refused, 409, "wrong_state")["details"] == {"state": "closed"}
    db["things"].update_one({}, {"$set": {"name": "open"}})
    assert me.post(made + "/raise", {"by": 2}, key="k").status_code == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "鍵", "a,b", "a\x7f"])
def test_a_bad_key_is_400(me: Caller, key: str) -> None:
    header = key.encode().decode("latin-1")
    problem(me.post("/v1/things", {"name": "a"}, key=header), 400, "bad_idempotency_key")


def test_two_keys_are_400(me: Caller) -> None:
    headers = [
        ("Idempotency-Key", "a"),
        ("Idempotency-Key", "b"),
        ("Authorization", f"Bearer {me.token}"),
    ]
    answered = me.app.test_client().post("/v1/things", json={"name": "a"}, headers=headers)
    problem(answered, 400, "bad_idempotency_key")


def test_a_missing_key_is_400_where_one_is_required(me: Caller) -> None:
    problem(me.post("/v1/things/x/raise", {"by": 1}), 400, "idempotency_key_required")


def test_eight_at_once_with_one_key_act_once(me: Caller, db: Db) -> None:
    with ThreadPoolExecutor(8) as racers:
        answers = list(
            racers.map(lambda _: me.post("/v1/things", {"name": "a"}, key="k"), range(8))
        )
    assert {a.status_code for a in answers} == {201}
    assert len({a.headers["Location"] for a in answers}) == 1
    assert sum("Idempotency-Replayed" not in a.headers for a in answers) == 1
    path = answers[0].headers["Location"] + "/raise"
    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(lambda _: me.post(path, {"by": 1}, key="k"), range(8)))
    assert {a.status_code for a in answers} == {202}
    assert db["things"].find_one()["count"] == 1  # type: ignore[index]


# versions


def test_an_edit_names_the_version_it_changes(me: Caller, db: Db) -> None:
    made = me.post("/v1/things", {"name": "a"})
    path, tag = made.headers["Location"], made.headers["ETag"]
    problem(me.send("PATCH", path, {"by": 1}), 428, "if_match_required")
    edited = me.send("PATCH", path, {"by": 1}, If_Match=tag)
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    problem(me.send("PATCH", path, {"by": 1}, If_Match=tag), 412, "stale_version")
    for other in ('W/"2"', "2", '"2", "3"', '"x"', '"-1"'):
        problem(me.send("PATCH", path, {"by": 1}, If_Match=other), 412, "stale_version")
    assert me.send("PATCH", path, {"by": 1}, If_Match="*").status_code == 200
    assert db["things"].find_one()["count"] == 2  # type: ignore[index]


def test_of_two_edits_of_one_version_one_is_stale(me: Caller) -> None:
    made = me.post("/v1/things", {"name": "a"})
    path = made.headers["Location"]
    with ThreadPoolExecutor(8) as racers:
        answers = racers.map(
            lambda _: me.send("PATCH", path, {"by": 1}, If_Match='"1"').status_code, range(8)
        )
    assert sorted(answers) == [200] + [412] * 7


# queries and lists


def test_a_list_is_walked_page_by_page(me: Caller) -> None:
    for n in range(5):
        me.post("/v1/things", {"name": f"t{n}"})
    found: list[str] = []
    path = "/v1/things?limit=2"
    for _ in range(3):
        words = orjson.loads(me.get(path).data)
        found += words["items"]
        path = f"/v1/things?limit=2&cursor={words['next_cursor']}"
    assert found == ["t4", "t3", "t2", "t1", "t0"]
    assert words["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_words"),
        ("limit=-1", "invalid_words"),
        ("limit=101", "invalid_words"),
        ("limit=1000000000", "invalid_words"),
        ("limit=abc", "invalid_words"),
        ("limit=1&limit=2", "invalid_words"),
        ("name=a&name=b", "invalid_words"),
        ("limit=1.0", "invalid_words"),
        ("limit=%EF%BC%91", "invalid_words"),
        ("limit=1_0", "invalid_words"),
        ("limit=", "invalid_words"),
        ("cursor=abc", "bad_cursor"),
        ("cursor=", "bad_cursor"),
        ("unknown=1", "invalid_words"),
        ("name[$ne]=x", "invalid_words"),
        ("name=%00", "unsafe_text"),
        ("offset=-1", "invalid_words"),
    ],
)
def test_a_wrong_query_is_422(me: Caller, query: str, code: str) -> None:
    problem(me.get(f"/v1/things?{query}"), 422, code)


def test_a_route_without_a_query_refuses_one(me: Caller) -> None:
    words = problem(me.get("/v1/context?a=1"), 422, "invalid_words")
    assert words["fields"] == {"a": ["Unknown field."]}
