"""A small service of its own, for the tests of what every service does."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import structlog
from flask import Response, request
from marshmallow import Schema, fields
from pymongo import IndexModel
from pymongo.errors import AutoReconnect, DocumentTooLarge, OperationFailure

from shared import ids, web
from shared.documents import Kind
from shared.errors import Conflict, Forbidden, Invalid, TooMany, Unavailable
from shared.moves import Outcome
from tests.callers import Caller

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
    return web.answer({"bytes": len(request.get_data()), "from": web.address()})


@blp.get("/go-wrong/<how>")
@web.public
def go_wrong(how: str) -> Response:
    raise BUGS[how]


@blp.get("/context")
@web.public
def context() -> Response:
    return web.answer(structlog.contextvars.get_contextvars())


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.data
    assert response.content_type == PROBLEM
    words: dict[str, Any] = orjson.loads(response.data)
    assert (words["status"], words["code"]) == (status, code)
    assert words["request_id"] == response.headers["X-Request-ID"]
    assert {"type", "title", "detail"} <= set(words)
    return words


def send(me: Caller, raw: bytes, type_: str | None = JSON, **headers: str) -> Any:
    return me.app.test_client().post(
        "/v1/things",
        data=raw,
        content_type=type_,
        headers={"Authorization": f"Bearer {me.token}", **headers},
    )
