"""What operators see and do in each service: what waits, what is parked, a thing's story here.

Every service answers these of its own data, below `/v1/ops/<service>`; the console (`/console`)
and an operator's own programs put them together.
"""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app
from marshmallow import Schema, fields, validate

from shared import clock, deliveries, ids, story, waiting
from shared.auth import Caller
from shared.documents import Doc
from shared.errors import Conflict, Forbidden, Unknown
from shared.web import request as at
from shared.web.blueprint import Blueprint
from shared.web.blueprint import blueprint as make_blueprint
from shared.web.fields import Text, When

PARKED_MAX = 100
ALSO_MAX = 100


class StatusShape(Schema):
    """What waits in a service: in its queue, for the broker, another try, a person, its timer."""

    service = fields.String(required=True)
    queued = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "messages in its queue; null: the broker does not say"},
    )
    parked = fields.Integer(required=True)
    later = fields.Integer(required=True)
    outbox_oldest_s = fields.Float(required=True)
    timers_due = fields.Integer(required=True)
    timers_oldest_s = fields.Float(required=True)


class ParkedShape(Schema):
    """A delivery that waits for a person."""

    id = fields.String(required=True)
    type = fields.String(required=True)
    subject = fields.String(required=True)
    reason = fields.String(required=True)
    tries = fields.Integer(required=True)
    at = When(required=True)


class ParkedWholeShape(ParkedShape):
    """A delivery that waits for a person, whole: the message as JSON or as it came, the stack."""

    message = fields.String(required=True)
    stack = fields.String(required=True)


class ParkedListShape(Schema):
    """The oldest hundred that wait."""

    items = fields.List(fields.Nested(ParkedShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DropWords(Schema):
    """Why it is never to be done."""

    reason = Text(1000, required=True)


class DoneShape(Schema):
    """What became of a parked delivery."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["retry", "dropped"]))


class StoryArgs(Schema):
    """`also`: other ids that belong to the story, with commas between."""

    also = fields.String(
        load_default="", validate=validate.Regexp(r"\A([a-z]{3}_[0-9a-f]{32}(,(?=.)|\Z)){0,100}\Z")
    )


class StoryLineShape(Schema):
    """A fact that this service said, or what waits here; `waits` is empty for what is done."""

    at = When(required=True)
    id = fields.String(required=True)
    service = fields.String(required=True)
    what = fields.String(required=True)
    about = fields.String(required=True)
    by = fields.String(required=True)
    waits = fields.String(required=True)


class StoryShape(Schema):
    """What happened here to a thing, and the ids of all that it is about."""

    items = fields.List(fields.Nested(StoryLineShape()), required=True)
    about = fields.List(fields.String(), required=True)


def blueprint(service: str) -> Blueprint:
    """Return a service's routes for operators; the documents of all are one, so names differ."""
    blp = make_blueprint("ops", __name__, prefix=f"/v1/ops/{service}", keys=False)
    named = _namer(service)
    blp.get("/status")(blp.response(200, StatusShape())(named(get_status)))
    blp.get("/parked")(blp.response(200, ParkedListShape())(named(list_parked)))
    blp.get("/parked/<id>")(blp.response(200, ParkedWholeShape())(named(get_parked)))
    replaying = blp.response(200, DoneShape())(named(replay_parked))
    blp.post("/parked/<id>/replay")(replaying)
    dropping = blp.response(200, DoneShape())(named(drop_parked))
    blp.post("/parked/<id>/drop")(blp.arguments(DropWords())(dropping))
    telling = blp.response(200, StoryShape())(named(get_story))
    blp.get("/story/<id>")(blp.arguments(StoryArgs(), location="query")(telling))
    return blp


def _namer(service: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    def named(view: Callable[..., Response]) -> Callable[..., Response]:
        def answering(*args: Any, **kwargs: Any) -> Response:
            _operator()
            return view(*args, **kwargs)

        answering.__name__ = f"{view.__name__}_of_{service}"
        answering.__doc__ = view.__doc__
        return answering

    return named


def _operator() -> Caller:
    who = at.caller()
    if not who.is_ops:
        raise Forbidden("ops_only", "this is for operators")
    return who


def get_status() -> Response:
    """Say what waits in this service. 403 ops_only."""
    store, now = at.store(), at.now()
    kinds = current_app.extensions["ukeoi_kinds"]
    due, oldest_s = waiting.timers_late(store.db, kinds, now)
    kept = store.db["deliveries"]
    relay = current_app.extensions["ukeoi_relay"]
    said = {
        "service": store.source,
        "queued": relay.publisher.depth(store.source) if relay else None,
        "parked": kept.count_documents({"state": "parked"}),
        "later": kept.count_documents({"state": "retry"}),
        "outbox_oldest_s": waiting.oldest_fact_s(store.db, kinds, now),
        "timers_due": due,
        "timers_oldest_s": oldest_s,
    }
    return at.answer(said)


def list_parked() -> Response:
    """List what this service could not do, the oldest first, at most a hundred. 403 ops_only."""
    return at.listing([_say(doc) for doc in deliveries.parked(at.store().db, PARKED_MAX)])


def _say(doc: Doc) -> Doc:
    subject = doc.get("event", {}).get("subject") or doc["_id"].removesuffix(" wake")
    words = {name: doc[name] for name in ("type", "reason", "tries", "at")}
    return {"id": doc["_id"], "subject": subject, **words}


def get_parked(id: str) -> Response:
    """Show a parked delivery whole: what was said, why it failed, where. 403 ops_only; 404."""
    doc = _need(id)
    return at.answer({**_say(doc), "message": deliveries.message(doc), "stack": doc["stack"]})


def replay_parked(id: str) -> Response:
    """Let a parked delivery be tried again.

    403 ops_only; 404 not_parked; 409 cannot_be_replayed: it is no event that can be read, or a
    timer, which is tried by itself.
    """
    _need(id)
    if not deliveries.replay(at.store().db, id, now=at.now()):
        raise Conflict("cannot_be_replayed", "there is no event in it that could be heard again")
    return at.answer({"id": id, "state": "retry"})


def drop_parked(words: Doc, id: str) -> Response:
    """Mark a parked delivery as never to be done, with a reason; it stays readable.

    403 ops_only; 404 not_parked; 422.
    """
    _need(id)
    who = at.caller().id
    deliveries.drop(at.store().db, id, by=who, now=at.now(), reason=words["reason"])
    return at.answer({"id": id, "state": "dropped"})


def _need(id: str) -> Doc:
    if (doc := at.store().db["deliveries"].find_one({"_id": id, "state": "parked"})) is None:
        raise Unknown("not_parked", "no delivery of this id waits here for a person")
    return doc


def get_story(words: Doc, id: str) -> Response:
    """Tell what this service said of a thing, and what of it waits here. 403 ops_only; 404; 422."""
    if not ids.PATTERN.fullmatch(id):
        raise Unknown("no_such_thing", "this is no id")
    store = at.store()
    told = story.tell({store.source: store.db}, id, filter(None, words["also"].split(",")))
    lines = [
        {name: getattr(line, name) for name in ("id", "service", "what", "about", "by", "waits")}
        | {"at": clock.text(line.at)}
        for line in told.lines
    ]
    return at.answer({"items": lines, "about": sorted(told.about)})
