"""The edge, by a small service of its own: what every route of every service does."""

import itertools
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import structlog
from flask import Flask, Response
from marshmallow import Schema, fields
from openapi_spec_validator import validate
from pymongo import IndexModel
from pymongo.errors import AutoReconnect, DocumentTooLarge, OperationFailure

from shared import ids, web
from shared.documents import Kind
from shared.errors import Conflict, Forbidden, Invalid, TooMany, Unavailable
from shared.moves import Outcome
from shared.store import Db
from tests.callers import Caller, Signer, a_caller

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    id: str
    name: str
    count: int = 0


def raised(thing: Thing, *, now: datetime, by: int) -> Outcome[Thing]:
    if thing.name == "closed":
        raise Conflict("wrong_state", "it is closed", state="closed")
    return replace(thing, count=thing.count + by), []


THINGS: Kind[Thing] = Kind(
    name="thing",
    prefix="thg",
    collection="things",
    to_doc=lambda t: {"_id": t.id, "name": t.name, "count": t.count},
    from_doc=lambda d: Thing(id=d["_id"], name=d["name"], count=d["count"]),
    indexes=(IndexModel([("name", 1)], name="one_name", unique=True),),
    uniques={"one_name": ("name_taken", "there is one of this name")},
)


class Making(Schema):
    name = web.Text(20, line=True, required=True)
    price = web.MoneyField()
    at = web.When()
    friend = web.IdField("mem")
    note = web.Text(200)
    link = web.Link()
    size = web.Whole(1, 9)
    urgent = web.Flag()
    free = fields.Dict(keys=fields.String(), values=fields.String())


class Raising(Schema):
    by = web.Whole(1, 10, required=True)


class Listing(web.PageArgs):
    name = web.Text(20, load_default=None)


def said(thing: Thing) -> dict[str, Any]:
    return {"id": thing.id, "name": thing.name, "count": thing.count}


blp = web.blueprint("things", __name__)
BUGS: dict[str, Exception] = {
    "bug": KeyError("secret detail"),
    "forbidden": Forbidden("not_yours", "it is not yours"),
    "too_many": TooMany("too_often", "wait", retry_after_s=7),
    "invalid": Invalid("bad_day", "no such day", fields={"day": ["no"]}, other=5),
    "unavailable": Unavailable("contended"),
    "away": AutoReconnect("connection closed"),
    "too_large": DocumentTooLarge("17 MB"),
    "overflow": OverflowError("MongoDB can only handle up to 8-byte ints"),
    "recursion": RecursionError("too deep"),
    "mongo_bug": OperationFailure("bad query", 2),
}


@blp.post("/things")
@blp.arguments(Making())
@blp.response(201)
def make(words: dict[str, Any]) -> Response:
    """Make. 201, 409 name_taken."""
    thing = Thing(id=ids.new("thg"), name=words["name"])
    once = web.once(status=201, location=f"/v1/things/{thing.id}")
    done = web.store().create(THINGS, thing, [], now=web.now(), once=once)
    return web.answer(said(done.thing), 201, done=done, location=f"/v1/things/{done.thing.id}")


@blp.post("/things/<id>/raise")
@blp.arguments(Raising())
def raise_it(words: dict[str, Any], id: str) -> Response:
    once = web.once(required=True, status=202)
    done = web.store().change(THINGS, id, raised, now=web.now(), once=once, **words)
    return web.answer(said(done.thing), 202, done=done)


@blp.patch("/things/<id>")
@blp.arguments(Raising())
def edit(words: dict[str, Any], id: str) -> Response:
    """Edit. 200, 412 stale_version, 428 if_match_required."""
    match = web.if_match()
    done = web.store().change(THINGS, id, raised, now=web.now(), if_match=match, **words)
    return web.answer(said(done.thing), done=done)


@blp.post("/things/<id>/touch")
def touch(id: str) -> Response:
    return web.answer({"id": id, "who": web.caller().id})


@blp.get("/things/<id>")
@web.public
def see(id: str) -> Response:
    loaded = web.store().load(THINGS, id)
    return web.answer(said(loaded.thing), version=loaded.version)


@blp.get("/things")
@blp.arguments(Listing(), location="query")
@web.public
def see_all(words: dict[str, Any]) -> Response:
    page = web.page(words)
    docs, following = page.find(web.store().db["things"], {})
    return web.listing([doc["name"] for doc in docs], following)


@blp.get("/export")
@web.public
@web.offers("text/csv", "application/json")
def export() -> Response:
    return Response("a,b", mimetype="text/csv")


@blp.post("/hook")
@web.public
@web.raw
def hook() -> Response:
    from flask import request

    return web.answer({"bytes": len(request.get_data()), "from": web.address()})


@blp.get("/go-wrong/<how>")
@web.public
def go_wrong(how: str) -> Response:
    raise BUGS[how]


@blp.get("/context")
@web.public
def context() -> Response:
    return web.answer(structlog.contextvars.get_contextvars())


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    app = web.make_app("things", [blp], [THINGS], signer.settings(mongo_url, db.name))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def me(app: Flask, signer: Signer) -> Caller:
    return a_caller(app, signer)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.data
    assert response.content_type == PROBLEM
    words: dict[str, Any] = orjson.loads(response.data)
    assert (words["status"], words["code"]) == (status, code)
    assert words["request_id"] == response.headers["X-Request-ID"]
    assert {"type", "title", "detail"} <= set(words)
    return words


# bodies


def send(me: Caller, raw: bytes, type_: str | None = JSON, **headers: str) -> Any:
    return me.app.test_client().post(
        "/v1/things",
        data=raw,
        content_type=type_,
        headers={"Authorization": f"Bearer {me.token}", **headers},
    )


@pytest.mark.parametrize(
    "type_",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=shift_jis",
        "application/problem+json",
        "application/jsonp",
        None,
    ],
)
def test_another_content_type_is_415(me: Caller, db: Db, type_: str | None) -> None:
    problem(send(me, b'{"name": "a"}', type_), 415, "unsupported_media_type")
    assert db["things"].count_documents({}) == 0


@pytest.mark.parametrize("type_", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_in_utf8_is_read(me: Caller, type_: str) -> None:
    assert send(me, b'{"name": "a"}', type_).status_code == 201


def test_a_compressed_body_is_415(me: Caller) -> None:
    problem(send(me, b"\x1f\x8b", **{"Content-Encoding": "gzip"}), 415, "unsupported_encoding")


def test_a_body_over_a_mebibyte_is_413(me: Caller, db: Db) -> None:
    raw = b'{"name": "' + b"a" * 1024 * 1024 + b'"}'
    problem(send(me, raw), 413, "body_too_large")
    assert db["things"].count_documents({}) == 0


def test_a_body_that_cannot_be_read_is_400(me: Caller) -> None:
    problem(send(me, b'{"name": "a", "name": "b"}'), 400, "malformed_json")


def test_an_empty_post_says_nothing_and_lacks_what_is_required(me: Caller) -> None:
    words = problem(send(me, b"", None), 422, "invalid_words")
    assert words["fields"] == {"name": ["Missing data for required field."]}


def test_an_empty_patch_is_malformed(me: Caller) -> None:
    problem(
        me.send("PATCH", "/v1/things/x", If_Match='"1"', Content_Type=JSON), 400, "malformed_json"
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"state": "done"}, "state"),
    "1,000 unknown fields": ({f"x{n}": n for n in range(1000)}, "x7"),
    "a number for a text": ({"name": 5}, "name"),
    "an object for a text": ({"name": {"gt": ""}}, "name"),
    "null": ({"name": None}, "name"),
    "empty after trimming": ({"name": "  "}, "name"),
    "a long text": ({"name": "x" * 100_000}, "name"),
    "a line break in a line": ({"name": "a\nb"}, "name"),
    "a bidi override": ({"name": "a\u202eb"}, "name"),
    "a bidi isolate": ({"note": "a\u2066b"}, "note"),
    "an escape": ({"note": "\x1b[31m"}, "note"),
    "money 0": ({"price": {"amount": 0, "currency": "JPY"}}, "price.amount"),
    "money negative": ({"price": {"amount": -1, "currency": "JPY"}}, "price.amount"),
    "money a fraction": ({"price": {"amount": 1.5, "currency": "JPY"}}, "price.amount"),
    "money 1e2": ({"price": {"amount": 1e2, "currency": "JPY"}}, "price.amount"),
    "money a text": ({"price": {"amount": "100", "currency": "JPY"}}, "price.amount"),
    "money full-width": ({"price": {"amount": "１００", "currency": "JPY"}}, "price.amount"),
    "money true": ({"price": {"amount": True, "currency": "JPY"}}, "price.amount"),
    "money too much": ({"price": {"amount": 10**12 + 1, "currency": "JPY"}}, "price.amount"),
    "money of nowhere": ({"price": {"amount": 1, "currency": "XXX"}}, "price.currency"),
    "money with more": ({"price": {"amount": 1, "currency": "JPY", "x": 1}}, "price.x"),
    "money a number": ({"price": 100}, "price"),
    "time without zone": ({"at": "2026-01-01T00:00:00"}, "at"),
    "a day": ({"at": "2026-01-01"}, "at"),
    "year 9999": ({"at": "9999-12-31T23:59:59Z"}, "at"),
    "year 10000": ({"at": "10000-01-01T00:00:00Z"}, "at"),
    "year 1 east": ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
    "a time as a number": ({"at": 1767225600}, "at"),
    "id of another kind": ({"friend": ids.new("con")}, "friend"),
    "id with a line break": ({"friend": ids.new("mem") + "\n"}, "friend"),
    "id not an id": ({"friend": "../"}, "friend"),
    "a script for a link": ({"link": "javascript:alert(1)"}, "link"),
    "a link with a password": ({"link": "https://a:b@example.com/"}, "link"),
    "size 10": ({"size": 10}, "size"),
    "size true": ({"size": True}, "size"),
    "urgent 1": ({"urgent": 1}, "urgent"),
    "urgent yes": ({"urgent": "yes"}, "urgent"),
}


@pytest.mark.parametrize(("words", "where"), WRONG.values(), ids=WRONG.keys())
def test_wrong_words_are_422_and_keep_nothing(
    me: Caller, db: Db, words: dict[str, Any], where: str
) -> None:
    found = problem(me.post("/v1/things", {"name": "a", **words}), 422, "invalid_words")
    assert where in found["fields"]
    assert db["things"].count_documents({}) == 0


def test_good_words_arrive_as_what_they_mean(app: Flask) -> None:
    words = Making().load(
        {
            "name": "  絵  ",
            "note": "line 1\nline 2 😀",
            "at": "2026-01-01T09:00:00.123456+09:00",
            "link": "https://例え.jp/?q=1#x",
            "price": {"amount": 10**12, "currency": "JPY"},
        }
    )
    assert words["name"] == "絵"
    assert words["at"] == datetime(2026, 1, 1, 0, 0, 0, 123000, UTC)
    assert words["price"].amount == 10**12


def test_a_route_without_words_takes_nothing_or_an_empty_object(me: Caller) -> None:
    assert me.post("/v1/things/x/touch").status_code == 200
    assert me.post("/v1/things/x/touch", {}).status_code == 200
    problem(me.post("/v1/things/x/touch", {"state": 1}), 422, "invalid_words")


def test_a_raw_route_reads_its_body_itself(app: Flask) -> None:
    answered = app.test_client().post("/v1/hook", data=b"\x00\xff", content_type="x/y")
    assert orjson.loads(answered.data)["bytes"] == 2


# who calls


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer \xff"]
)
def test_no_good_token_is_401_before_anything_else(app: Flask, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answered = app.test_client().post(
        "/v1/things?x=1", data=b"[", content_type="x/y", headers=headers
    )
    assert answered.status_code == 401
    assert answered.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_says_so(app: Flask, signer: Signer) -> None:
    old = Caller(app, signer.token(ids.new("mem"), iat=1_700_000_000, exp=1_700_000_600))
    problem(old.post("/v1/things", {"name": "a"}), 401, "token_expired")


def test_a_public_route_needs_no_token_but_no_bad_one_either(app: Flask) -> None:
    assert Caller(app).get("/v1/things").status_code == 200
    problem(Caller(app, "a.b.c").get("/v1/things"), 401, "bad_token")


def test_headers_that_claim_to_be_somebody_are_ignored(app: Flask) -> None:
    answered = Caller(app).post("/v1/things", {"name": "a"}, X_User_Id=ids.new("mem"))
    assert answered.status_code == 401


@pytest.mark.parametrize(
    ("hops", "header", "address"),
    [
        (0, "1.2.3.4", "127.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "127.0.0.1"),
        (1, "", ""),
    ],
)
def test_only_our_own_proxies_are_believed(
    mongo_url: str, db: Db, signer: Signer, hops: int, header: str, address: str
) -> None:
    config = signer.settings(mongo_url, db.name, proxy_hops=hops)
    app = web.make_app("things", [blp], [], config)
    answered = app.test_client().post("/v1/hook", headers={"X-Forwarded-For": header})
    assert orjson.loads(answered.data)["from"] == address
    app.extensions["ukeoi_store"].db.client.close()


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


# routing and negotiation


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/things", "/v1/things/", "//v1/things", "/v1/%2e%2e/things", "/a%00b"]
)
def test_an_unknown_path_is_404(me: Caller, path: str) -> None:
    problem(me.get(path), 404, "no_such_path")


@pytest.mark.parametrize("id_", ["1", "zzzzzzzzzzzzzzzzzzzzzzzz", "thg_x", "%00", "%F0%9F%98%80"])
def test_an_id_that_is_none_is_404(me: Caller, id_: str) -> None:
    problem(me.get(f"/v1/things/{id_}"), 404, "no_such_thing")


@pytest.mark.parametrize("method", ["PUT", "TRACE", "DELETE"])
def test_a_wrong_method_is_405_and_says_which_are_right(me: Caller, method: str) -> None:
    answered = me.send(method, "/v1/things")
    problem(answered, 405, "method_not_allowed")
    assert set(answered.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_method_in_a_header_is_ignored(me: Caller) -> None:
    assert me.get("/v1/things", X_HTTP_Method_Override="DELETE").status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/json", 200),
        ("application/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("image/png, text/csv", 406),
    ],
)
def test_what_excludes_json_is_406(me: Caller, accept: str | None, status: int) -> None:
    answered = me.get("/v1/things", **({} if accept is None else {"Accept": accept}))
    assert answered.status_code == status


def test_a_route_may_offer_other_types(app: Flask) -> None:
    assert Caller(app).get("/v1/export", Accept="text/csv").status_code == 200
    problem(Caller(app).get("/v1/export", Accept="text/html"), 406, "not_acceptable")


# what goes wrong


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("bug", 500, "internal_error"),
        ("mongo_bug", 500, "internal_error"),
        ("forbidden", 403, "not_yours"),
        ("too_many", 429, "too_often"),
        ("invalid", 422, "bad_day"),
        ("unavailable", 503, "unavailable"),
        ("away", 503, "unavailable"),
        ("too_large", 422, "unkeepable"),
        ("overflow", 422, "unkeepable"),
        ("recursion", 422, "unkeepable"),
    ],
)
def test_each_refusal_has_its_status(app: Flask, how: str, status: int, code: str) -> None:
    problem(Caller(app).get(f"/v1/go-wrong/{how}"), status, code)


def test_a_bug_tells_the_caller_nothing_and_the_log_everything(app: Flask) -> None:
    with structlog.testing.capture_logs() as lines:
        answered = Caller(app).get("/v1/go-wrong/bug")
    assert b"secret detail" not in answered.data
    [bug] = [line for line in lines if line["event"] == "bug"]
    assert "secret detail" in repr(bug["exc_info"])


def test_who_is_to_wait_is_told_how_long(app: Flask) -> None:
    assert Caller(app).get("/v1/go-wrong/too_many").headers["Retry-After"] == "7"
    assert int(Caller(app).get("/v1/go-wrong/away").headers["Retry-After"]) > 0


def test_details_and_fields_are_said(app: Flask) -> None:
    words = problem(Caller(app).get("/v1/go-wrong/invalid"), 422, "bad_day")
    assert (words["fields"], words["details"]) == ({"day": ["no"]}, {"other": 5})


def test_a_taken_name_is_409(me: Caller, db: Db) -> None:
    me.post("/v1/things", {"name": "a"})
    problem(me.post("/v1/things", {"name": "a"}), 409, "name_taken")
    assert db["things"].count_documents({}) == 1


# ids of a request


def test_request_id_and_traceparent_are_taken_answered_and_bound(me: Caller) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    answered = me.get("/v1/context", X_Request_ID="abc-1.2:3_4", traceparent=trace)
    assert answered.headers["X-Request-ID"] == "abc-1.2:3_4"
    assert answered.headers["traceparent"] == trace
    bound = orjson.loads(answered.data)
    assert bound == {"request_id": "abc-1.2:3_4", "traceparent": trace, "actor": me.id}


@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "a;b", "絵".encode().decode("latin-1")])
def test_a_bad_request_id_is_replaced(me: Caller, bad: str) -> None:
    answered = me.get("/v1/context", X_Request_ID=bad)
    assert answered.headers["X-Request-ID"].startswith("req_")


@pytest.mark.parametrize(
    "bad", ["00-" + "0" * 32 + "-" + "b" * 16 + "-01", "00-abc", "ff-" + "a" * 32, "00\n-x"[:2]]
)
def test_a_bad_traceparent_is_replaced(me: Caller, bad: str) -> None:
    made = me.get("/v1/context", traceparent=bad).headers["traceparent"]
    assert made != bad
    assert len(made) == 55


def test_nothing_of_one_request_is_bound_in_the_next(me: Caller) -> None:
    me.get("/v1/context", X_Request_ID="first")
    bound = orjson.loads(Caller(me.app).get("/v1/context").data)
    assert "actor" not in bound
    assert bound["request_id"] != "first"


def test_a_request_is_one_line_without_its_words(me: Caller) -> None:
    with structlog.testing.capture_logs() as lines:
        me.post("/v1/things", {"name": "canary"}, key="canary-key")
        me.get("/v1/things/thg_0123456789abcdef0123456789abcdef")
        me.get("/v1/things/some-secret")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(r["method"], r["route"], r["status"]) for r in requests] == [
        ("POST", "/v1/things", 201),
        ("GET", "/v1/things/<id>", 404),
        ("GET", "/v1/things/<id>", 404),
    ]
    assert requests[1]["ids"] == ["thg_0123456789abcdef0123456789abcdef"]
    everything = repr(lines)
    assert not any(secret in everything for secret in ("canary", "some-secret", me.token))


def test_answers_are_private_and_what_they_say_they_are(me: Caller) -> None:
    for answered in (me.get("/v1/things"), me.get("/v1/nothing"), me.get("/v1/things/x")):
        assert answered.headers["Cache-Control"] == "no-store"
        assert answered.headers["X-Content-Type-Options"] == "nosniff"


# operations


def test_alive_and_ready(app: Flask, db: Db) -> None:
    assert Caller(app).get("/healthz").status_code == 200
    assert Caller(app).get("/readyz").status_code == 200
    assert "one_name" in db["things"].index_information()


def test_figures_are_by_route_and_never_by_id(me: Caller) -> None:
    me.get("/v1/things/some-id")
    text = me.get("/metrics").data.decode()
    assert 'http_requests_total{method="GET",route="/v1/things/<id>"' in text
    assert "http_request_duration_seconds_bucket" in text
    assert "some-id" not in text


def test_without_mongodb_it_comes_up_lives_and_answers_503(signer: Signer) -> None:
    away = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=300"
    app = web.make_app("things", [blp], [THINGS], signer.settings(away, "x"))
    me = a_caller(app, signer)
    assert me.get("/healthz").status_code == 200
    answered = me.get("/readyz")
    problem(answered, 503, "not_ready")
    answered = me.post("/v1/things", {"name": "a"})
    problem(answered, 503, "unavailable")
    assert "Retry-After" in answered.headers
    assert Caller(app).post("/v1/things", {"name": "a"}).status_code == 401
    app.extensions["ukeoi_store"].db.client.close()


def test_its_document_is_valid_openapi_and_says_what_happens(app: Flask) -> None:
    spec = orjson.loads(Caller(app).get("/openapi.json").data)
    validate(spec)
    assert spec["openapi"] == "3.1.0"
    make_ = spec["paths"]["/v1/things"]["post"]
    assert {"401", "409", "422", "503"} <= set(make_["responses"])
    assert {"$ref": "#/components/parameters/Idempotency-Key"} in make_["parameters"]
    assert "security" not in make_
    assert {} in spec["paths"]["/v1/things"]["get"]["security"]
    edit_ = spec["paths"]["/v1/things/{id}"]["patch"]
    assert {"$ref": "#/components/parameters/If-Match"} in edit_["parameters"]
    for response in spec["components"]["responses"].values():
        assert set(response["content"]) == {PROBLEM}


def test_the_standard_librarys_warnings_are_lines_too(app: Flask) -> None:
    assert logging.getLogger("pika").isEnabledFor(logging.WARNING)


def test_every_route_but_the_public_ones_needs_a_token(app: Flask) -> None:
    spec = orjson.loads(Caller(app).get("/openapi.json").data)
    operations = itertools.chain.from_iterable(
        ((path, method, how) for method, how in item.items() if method != "parameters")
        for path, item in spec["paths"].items()
    )
    for path, method, how in operations:
        answered = Caller(app).send(method.upper(), path.replace("{", "").replace("}", ""))
        assert (answered.status_code == 401) == ("security" not in how), path
