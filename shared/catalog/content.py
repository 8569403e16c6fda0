"""What jobs and contracts say of what members write: held, released, removed, reported."""

from typing import Any

from marshmallow import fields, validate

from shared.catalog.words import many, maybe, text, when


def held(*kinds: str) -> dict[str, Any]:
    """A text is held back until operators have decided; `words` is the beginning of it."""
    return {
        "content_id": text(),
        "content_kind": text(validate=validate.OneOf(kinds)),
        "where_id": text(),
        "author_id": text(),
        "other_id": maybe(fields.String),
        "words": text(),
        "findings": many(fields.String()),
        "release_at": when(),
    }


def released(*kinds: str) -> dict[str, Any]:
    """It is held back no longer."""
    return {
        "content_id": text(),
        "content_kind": text(validate=validate.OneOf(kinds)),
        "where_id": text(),
        "author_id": text(),
        "other_id": maybe(fields.String),
        "by": text(validate=validate.OneOf(["silence", "ops"])),
    }


def removed(*kinds: str) -> dict[str, Any]:
    """Operators have removed it."""
    return {
        "content_id": text(),
        "content_kind": text(validate=validate.OneOf(kinds)),
        "where_id": text(),
        "author_id": text(),
        "other_id": maybe(fields.String),
        "reason": text(),
    }


def reported(*kinds: str) -> dict[str, Any]:
    """The answer to `report.made`: whose it is, and the beginning of what it says."""
    return {
        "case_id": text(),
        "content_id": text(),
        "content_kind": text(validate=validate.OneOf(kinds)),
        "where_id": text(),
        "author_id": text(),
        "words": text(),
    }
