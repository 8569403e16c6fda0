"""The kinds of words that events are made of. All are plain JSON: nothing is converted."""

from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from shared.money import AMOUNT_MAX, CURRENCIES


class MoneyWords(Schema):
    """`{"amount": 75000, "currency": "JPY"}`, minor units; 0 is allowed between services."""

    class Meta:
        unknown = EXCLUDE

    amount = fields.Integer(strict=True, required=True, validate=validate.Range(0, AMOUNT_MAX * 2))
    currency = fields.String(required=True, validate=validate.OneOf(CURRENCIES))


def _rfc3339(words: str) -> None:
    try:
        if datetime.fromisoformat(words).tzinfo is None:
            raise ValidationError("a time needs its zone")
    except ValueError as wrong:
        raise ValidationError("not an RFC 3339 time") from wrong


def text(**how: Any) -> fields.Field[Any]:
    """Return a required string."""
    return fields.String(required=True, **how)


def maybe(kind: Any, **how: Any) -> fields.Field[Any]:
    """Return a word that may be null or left out: `maybe(fields.String)`."""
    return kind(required=False, allow_none=True, load_default=None, **how)  # type: ignore[no-any-return]


def number() -> fields.Field[Any]:
    """Return a required whole number."""
    return fields.Integer(strict=True, required=True)


def money() -> fields.Field[Any]:
    """Return a required amount of money."""
    return fields.Nested(MoneyWords, required=True)


def maybe_money() -> fields.Field[Any]:
    """Return an amount of money that may be null or left out."""
    return fields.Nested(MoneyWords, required=False, allow_none=True, load_default=None)


def when() -> fields.Field[Any]:
    """Return a required time, RFC 3339 with zone."""
    return fields.String(required=True, validate=_rfc3339, metadata={"format": "date-time"})


def maybe_when() -> fields.Field[Any]:
    """Return a time that may be null."""
    return maybe(fields.String, validate=_rfc3339, metadata={"format": "date-time"})


def flag() -> fields.Field[Any]:
    """Return a required truth."""
    return fields.Boolean(required=True, truthy={True}, falsy={False})


def many(of: Any) -> fields.Field[Any]:
    """Return a required list."""
    return fields.List(of, required=True)


def maybe_many(of: Any) -> fields.Field[Any]:
    """Return a list that may be null or left out."""
    return fields.List(of, required=False, allow_none=True, load_default=None)


def maybe_group(words: dict[str, Any]) -> fields.Field[Any]:
    """Return a nested group of words that may be null or left out."""

    class Meta:
        unknown = EXCLUDE

    kind = type("Group", (Schema,), {"Meta": Meta, **words})
    return fields.Nested(kind, required=False, allow_none=True, load_default=None)


def hourly() -> fields.Field[Any]:
    """Return the terms of hourly work: the rate, the hours of a week at most, until when."""
    words = {"rate": money(), "weekly_cap_hours": number(), "until": maybe_when()}
    return maybe_group(words)


def answers_about_leaving(service: str) -> dict[str, Any]:
    """Return what a service says of a member who is leaving: nothing of them is open, or this."""
    words = {"member_id": text(), "asked_at": when(), "round": number()}
    return {
        f"member.cleared_by_{service}": words,
        f"member.kept_by_{service}": {**words, "reasons": many(fields.String())},
    }


def group(words: dict[str, Any]) -> fields.Field[Any]:
    """Return a nested group of words, lenient when heard."""

    class Meta:
        unknown = EXCLUDE

    return fields.Nested(type("Group", (Schema,), {"Meta": Meta, **words}), required=True)
