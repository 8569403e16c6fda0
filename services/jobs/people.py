"""Members as jobs knows them: named, and with the record that accounts keeps of them."""

from collections.abc import Mapping

from marshmallow import Schema, fields

from shared.documents import Doc
from shared.events import Event

RECORDS = "records"
"""Projection of accounts: `{_id: member, version, ...}` as `record.changed` says it."""
PAYERS = "payers"
"""Members out of whose holds somebody was paid: `{_id, version, is_told}`, once their jobs know."""
_SAID = (
    *("contracts_completed", "contracts_cancelled", "reviews_satisfied", "reviews_unsatisfied"),
    *("level", "as_client", "as_worker"),
)


class ToldMedianShape(Schema):
    """A median in seconds, and of how many; null of none."""

    median_s = fields.Integer(required=True, allow_none=True)
    sample = fields.Integer(required=True)


class ToldRateShape(Schema):
    """How many of how many."""

    hits = fields.Integer(required=True)
    sample = fields.Integer(required=True)


class ToldAsClientShape(Schema):
    """How somebody is as a client."""

    time_to_fund = fields.Nested(ToldMedianShape(), required=True)
    time_to_accept = fields.Nested(ToldMedianShape(), required=True)
    rejection_rate = fields.Nested(ToldRateShape(), required=True)
    dispute_rate = fields.Nested(ToldRateShape(), required=True)


class ToldAsWorkerShape(Schema):
    """How somebody works."""

    on_time_rate = fields.Nested(ToldRateShape(), required=True)
    completion_rate = fields.Nested(ToldRateShape(), required=True)
    task_approval_rate = fields.Nested(ToldRateShape(), required=True)
    dispute_rate = fields.Nested(ToldRateShape(), required=True)


class ToldRecordShape(Schema):
    """What a member did here so far (docs/records.md); of a new member everything is 0 or null."""

    contracts_completed = fields.Integer(required=True)
    contracts_cancelled = fields.Integer(required=True)
    reviews_satisfied = fields.Integer(required=True)
    reviews_unsatisfied = fields.Integer(required=True)
    level = fields.Integer(required=True, allow_none=True)
    as_client = fields.Nested(ToldAsClientShape(), required=True, allow_none=True)
    as_worker = fields.Nested(ToldAsWorkerShape(), required=True, allow_none=True)


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


def say_record(doc: Mapping[str, object] | None) -> Doc:
    """Return a record as it is shown; of somebody without one, zeros."""
    counts = dict.fromkeys(_SAID[:4], 0)
    rest = dict.fromkeys(_SAID[4:])
    return {**counts, **rest, **{name: doc[name] for name in _SAID if doc and name in doc}}
