"""The edge: who calls, routing, what goes wrong, the ids of a request, operations."""

import itertools
import logging

import orjson
import pytest
import structlog
from flask import Flask
from openapi_spec_validator import validate

from shared import ids, web
from shared.store import Db
from tests.callers import Caller, Signer, a_caller
from tests.shared.web.things import PROBLEM, THINGS, blp, problem

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
