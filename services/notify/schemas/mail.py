"""What mail servers report."""

from marshmallow import Schema, fields, validate

from shared import web


class BounceWords(Schema):
    """An address and what happened to mail for it."""

    address = web.Text(320, line=True, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["hard", "soft", "complaint"]))


class BouncedShape(Schema):
    """`noted`: somebody has this address, and gets no more mail there."""

    noted = fields.Boolean(required=True)
