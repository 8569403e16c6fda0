"""Events as their publishers would say them, and members to tell."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from shared import catalog, clock, ids
from shared.events import Event
from shared.store import Store

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
LATER = "2026-12-07T00:00:00.000Z"
CLIENT = ids.derived("mem", "client")
WORKER = ids.derived("mem", "worker")
STRANGER = ids.derived("mem", "stranger")
JOB = ids.derived("job", "cafe")
CONTRACT = ids.derived("con", "cafe")
OFFER = ids.derived("off", "cafe")
TITLE = "カフェのホームページリニューアル"

_IDS = {
    "client_id": CLIENT,
    "worker_id": WORKER,
    "member_id": WORKER,
    "sender_id": CLIENT,
    "recipient_id": WORKER,
    "reviewer_id": CLIENT,
    "reviewee_id": WORKER,
    "asker_id": CLIENT,
    "answerer_id": WORKER,
    "reporter_id": CLIENT,
    "operator_id": WORKER,
    "author_id": WORKER,
    "job_id": JOB,
    "contract_id": CONTRACT,
    "offer_id": OFFER,
    "proposal_id": ids.derived("pro", "cafe"),
    "question_id": ids.derived("qst", "cafe"),
    "hold_id": ids.derived("hld", "cafe"),
    "payout_id": ids.derived("pay", "cafe"),
    "review_id": ids.derived("rev", "cafe"),
    "thread": CONTRACT,
    "where_id": CONTRACT,
    "ref": CONTRACT,
    "title": TITLE,
    "display_name": "山田太郎",
    "action": "fund",
    "otherwise": "cancelled",
}


def data_of(type_: str) -> dict[str, Any]:
    """Return words that an event of this type might carry."""
    words = catalog.PUBLISHERS[catalog.PUBLISHER_OF[type_]][type_]
    return {name: _value(name, field) for name, field in words.items()}


def _value(name: str, field: fields.Field[Any]) -> Any:
    if name in _IDS:
        return _IDS[name]
    if name == "message_id":
        return ids.new("msg")
    match field:
        case fields.Nested():
            schema = field.schema
            assert isinstance(schema, Schema)
            if "currency" in schema.fields:
                return {"amount": 75_000, "currency": "JPY"}
            return {inner: _value(inner, f) for inner, f in schema.fields.items()}
        case fields.List():
            return [_value(name, field.inner)]
        case fields.Boolean():
            return True
        case fields.Integer():
            return 1
    choices = [v.choices for v in field.validators if isinstance(v, validate.OneOf)]
    return next(iter(choices[0])) if choices else _text(name, field)


def _text(name: str, field: fields.Field[Any]) -> str:
    try:
        field.deserialize(name)
    except ValidationError:
        return LATER
    return name


def an_event(type_: str, *, version: int = 1, **words: Any) -> Event:
    """Return an event that has just happened."""
    data = {**data_of(type_), **words}
    catalog.said(type_, data)
    return Event(
        id=ids.new("evt"),
        type=type_,
        source=catalog.PUBLISHER_OF[type_],
        subject=data.get("contract_id") or data.get("offer_id") or data.get("job_id") or "",
        time=clock.text(NOW),
        version=version,
        data=data,
    )


def a_member(store: Store, member_id: str, name: str, locale: str = "ja") -> None:
    """Make a member known to notify."""
    store.project(
        "members", {"_id": member_id, "version": 1, "display_name": name, "locale": locale}
    )
