"""What several services answer in one form: the next act, the acts a caller has, the timeline."""

from marshmallow import Schema, fields, validate

from shared.web.fields import When

ACTORS = ("client", "worker", "ops", "system")


class NextShape(Schema):
    """Who must act, by when, and what happens if they do not."""

    actor = fields.String(required=True, validate=validate.OneOf(ACTORS))
    action = fields.String(required=True)
    by = When(required=True, allow_none=True)
    otherwise = fields.String(required=True, allow_none=True)


class ActionShape(Schema):
    """What this caller may do now; where it is not allowed, the codes of why not."""

    name = fields.String(required=True)
    href = fields.String(required=True)
    method = fields.String(required=True)
    allowed = fields.Boolean(required=True)
    reasons = fields.List(fields.String(), required=True)


class WarningShape(Schema):
    """What was found in the caller's own words: the code of a rule, and what it says."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class PastShape(Schema):
    """Something that happened."""

    at = When(required=True)
    what = fields.String(required=True)
    by = fields.String(required=True)


class FutureShape(Schema):
    """Something that silence would cause."""

    at = When(required=True)
    what = fields.String(required=True)
    condition = fields.String(required=True, data_key="if")


class TimelineShape(Schema):
    """The past, and the dry run of the automatic future."""

    past = fields.List(fields.Nested(PastShape()), required=True)
    future = fields.List(fields.Nested(FutureShape()), required=True)
