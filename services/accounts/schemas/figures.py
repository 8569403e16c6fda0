"""The figures of a record as callers see them: docs/records.md says how they are derived."""

from marshmallow import Schema, fields

from services.accounts.domain.measures import Measures
from services.accounts.domain.member import Record, figures_of, level_of
from shared.documents import Doc
from shared.web.record import AsClientShape, AsWorkerShape, say


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
    reached = level_of(record, measured)
    told = figures_of(measured)
    return {
        "level": {"level": reached.level, "missing": reached.missing},
        "as_client": say(AsClientShape, told["as_client"]),
        "as_worker": say(AsWorkerShape, told["as_worker"]),
    }
