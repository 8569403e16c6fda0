"""The figures of a record as callers see them: docs/records.md says how they are derived."""

from marshmallow import Schema, fields

from services.accounts.domain.measures import Measures, Median, Rate
from services.accounts.domain.member import Record, level_of
from shared.documents import Doc


class MedianShape(Schema):
    """The middle of so many times, in seconds; of none it is null."""

    median_s = fields.Integer(required=True, allow_none=True)
    sample = fields.Integer(required=True)


class RateShape(Schema):
    """A share of so many, 0 to 1; of none it is null."""

    rate = fields.Float(required=True, allow_none=True)
    sample = fields.Integer(required=True)


class AsClientShape(Schema):
    """How a client funds, accepts and rejects."""

    time_to_fund = fields.Nested(MedianShape(), required=True)
    time_to_accept = fields.Nested(MedianShape(), required=True)
    rejection_rate = fields.Nested(RateShape(), required=True)
    dispute_rate = fields.Nested(RateShape(), required=True)


class AsWorkerShape(Schema):
    """How a worker delivers and completes."""

    on_time_rate = fields.Nested(RateShape(), required=True)
    completion_rate = fields.Nested(RateShape(), required=True)
    task_approval_rate = fields.Nested(RateShape(), required=True)
    dispute_rate = fields.Nested(RateShape(), required=True)


class MissingShape(Schema):
    """One thing that the next level needs."""

    what = fields.String(required=True)
    has = fields.Float(required=True)
    needs = fields.Float(required=True)


class LevelShape(Schema):
    """A worker's level, 0 to 3, and what is missing for the next."""

    level = fields.Integer(required=True)
    missing = fields.List(fields.Nested(MissingShape()), required=True)


def figures(record: Record, measured: Measures) -> Doc:
    """Return level, medians and rates."""
    client, worker = measured.as_client, measured.as_worker
    reached = level_of(record, measured)
    return {
        "level": {"level": reached.level, "missing": reached.missing},
        "as_client": {
            "time_to_fund": _median(client.time_to_fund),
            "time_to_accept": _median(client.time_to_accept),
            "rejection_rate": _rate(client.rejection),
            "dispute_rate": _rate(client.dispute),
        },
        "as_worker": {
            "on_time_rate": _rate(worker.on_time),
            "completion_rate": _rate(worker.completion),
            "task_approval_rate": _rate(worker.task_approval),
            "dispute_rate": _rate(worker.dispute),
        },
    }


def _median(time: Median) -> Doc:
    return {"median_s": time.seconds, "sample": time.sample}


def _rate(rate: Rate) -> Doc:
    return {"rate": rate.share, "sample": rate.sample}
