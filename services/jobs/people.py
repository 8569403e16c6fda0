"""Members as jobs knows them: named, and with the record that accounts keeps of them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from shared.documents import Doc
from shared.events import Event
from shared.web.record import AsClientShape, AsWorkerShape, say

RECORDS = "records"
"""Projection of accounts: `{_id: member, version, ...}` as `record.changed` says it."""
PAYERS = "payers"
"""Members out of whose holds somebody was paid: `{_id, version, is_told}`, once their jobs know."""
_COUNTS = (
    "contracts_completed",
    "contracts_cancelled",
    "reviews_satisfied",
    "reviews_unsatisfied",
)
_FIGURES = {"as_client": AsClientShape, "as_worker": AsWorkerShape}
_SAID = (*_COUNTS, "level", *_FIGURES)


class ToldRecordShape(Schema):
    """What a member did here so far (docs/records.md); of a new member everything is 0 or null."""

    contracts_completed = fields.Integer(required=True)
    contracts_cancelled = fields.Integer(required=True)
    reviews_satisfied = fields.Integer(required=True)
    reviews_unsatisfied = fields.Integer(required=True)
    level = fields.Integer(required=True, allow_none=True)
    as_client = fields.Nested(AsClientShape(), required=True, allow_none=True)
    as_worker = fields.Nested(AsWorkerShape(), required=True, allow_none=True)


class PersonShape(Schema):
    """A member; the name is null until accounts has told of it."""

    id = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)


class KnownPersonShape(PersonShape):
    """A member before one decides to work with them: with what they did here so far."""

    record = fields.Nested(ToldRecordShape(), required=True)


def record_of(event: Event) -> Doc:
    """Return what accounts said of a member's record."""
    said = {name: event.data.get(name) for name in _SAID}
    return {"_id": event.data["member_id"], "version": event.version, **said}


def say_record(doc: Mapping[str, Any] | None) -> Doc:
    """Return a record as it is shown; of somebody without one, zeros."""
    doc = doc or {}
    counts = {name: doc.get(name, 0) for name in _COUNTS}
    return {**counts, "level": doc.get("level"), **{name: _figures(doc, name) for name in _FIGURES}}


def _figures(doc: Mapping[str, Any], name: str) -> Doc | None:
    return say(_FIGURES[name], doc[name]) if doc.get(name) else None
