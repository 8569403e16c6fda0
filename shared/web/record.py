"""The figures of a member's record as callers see them; docs/records.md says how they come about.

Accounts shows them of what it derives, jobs of what `record.changed` has told.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields


class MedianShape(Schema):
    """The middle of so many times, in seconds; of none it is null."""

    median_s = fields.Integer(required=True, allow_none=True)
    sample = fields.Integer(required=True)


class RateShape(Schema):
    """`hits` of `sample`, and their share, 0 to 1; of none it is null."""

    rate = fields.Float(required=True, allow_none=True)
    hits = fields.Integer(required=True)
    sample = fields.Integer(required=True)


class AsClientShape(Schema):
    """How a client answers, awards, funds, accepts and rejects."""

    time_to_answer = fields.Nested(MedianShape(), required=True)
    time_to_award = fields.Nested(MedianShape(), required=True)
    time_to_fund = fields.Nested(MedianShape(), required=True)
    time_to_accept = fields.Nested(MedianShape(), required=True)
    rejection_rate = fields.Nested(RateShape(), required=True)
    dispute_rate = fields.Nested(RateShape(), required=True)


class AsWorkerShape(Schema):
    """How a worker answers, delivers and completes, and who comes back."""

    time_to_answer = fields.Nested(MedianShape(), required=True)
    on_time_rate = fields.Nested(RateShape(), required=True)
    completion_rate = fields.Nested(RateShape(), required=True)
    task_approval_rate = fields.Nested(RateShape(), required=True)
    repeat_client_rate = fields.Nested(RateShape(), required=True)
    dispute_rate = fields.Nested(RateShape(), required=True)


def say(shape: type[Schema], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures, `{median_s, sample}` or `{hits, sample}` each, as this shape shows them.

    One that was not told yet is of nothing.
    """
    names = shape._declared_fields
    return {name: _say(told.get(name), name.endswith("_rate")) for name in names}


def _say(told: Mapping[str, Any] | None, is_rate: bool) -> dict[str, Any]:
    if not is_rate:
        return dict(told or {"median_s": None, "sample": 0})
    hits, sample = (told["hits"], told["sample"]) if told else (0, 0)
    return {"rate": share(hits, sample), "hits": hits, "sample": sample}


def share(hits: int, sample: int) -> float | None:
    """Return the share to three places; of nothing it is not known."""
    return round(hits / sample, 3) if sample else None
