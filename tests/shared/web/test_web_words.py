"""Words at the edge: bodies and what stands in them."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from flask import Flask

from shared import ids
from shared.store import Db
from tests.callers import Caller
from tests.shared.web.things import JSON, Making, problem, send

# bodies


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
    "a link with a backslash": ({"link": "https://good.example\\.evil"}, "link"),
    "a link without a name": ({"link": "https://-"}, "link"),
    "a link with half an address": ({"link": "https://[::1"}, "link"),
    "a link to a number": ({"link": "http://127.0.0.1/"}, "link"),
    "a link that ends an attribute": ({"link": 'https://a.example/"onload=x'}, "link"),
    "a link that begins a tag": ({"link": "https://a.example/<b>"}, "link"),
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
