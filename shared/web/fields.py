"""The kinds of words that callers send. Schemas take no unknown fields (marshmallow's default)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from shared import clock
from shared.money import AMOUNT_MAX, CURRENCIES, Money
from shared.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor

# Line breaks and tabs are text; other controls are not, nor what turns the direction of a line.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_BREAKS = re.compile("[\t\n\r\u2028\u2029]")
YEARS = range(2000, 2200)


class Text(fields.String):
    """A text of `least` to `most` characters once its ends are trimmed.

    Controls and bidirectional overrides are refused; with `line=True` also line breaks.
    """

    def __init__(self, most: int, *, least: int = 1, line: bool = False, **how: Any) -> None:
        also = how.pop("validate", [])
        also = also if isinstance(also, list) else [also]
        super().__init__(validate=[validate.Length(least, most), *also], **how)
        self._line = line

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _UNSAFE.search(text) or (self._line and _BREAKS.search(text.strip())):
            raise ValidationError("Contains characters that are not text.")
        return text.strip()


class Link(Text):
    """A web address, http or https: a host by its name, no password, nothing that breaks a page."""

    _LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
    _SHAPE = re.compile(
        rf"https?://(?:localhost|(?:{_LABEL}\.)+(?!\d+(?:[:/?#]|$)){_LABEL})(?::\d{{1,5}})?"
        r"""(?:[/?#][^\s\\"<>^`{|}]*)?""",
        re.IGNORECASE,
    )

    def __init__(self, most: int = 500, **how: Any) -> None:
        super().__init__(most, line=True, **how)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self._SHAPE.fullmatch(text):
            raise ValidationError("Not a web address.")
        return text


class IdField(fields.String):
    """An id of one kind of thing: `IdField("mem")`."""

    def __init__(self, prefix: str, **how: Any) -> None:
        super().__init__(
            validate=[
                validate.Length(equal=len(prefix) + 33),
                validate.Regexp(rf"^{prefix}_[0-9a-f]{{32}}$", error=f"Not the id of a {prefix}_."),
            ],
            **how,
        )


class When(fields.AwareDateTime):
    """A time, RFC 3339 with its zone, loaded as UTC of whole milliseconds."""

    def __init__(self, **how: Any) -> None:
        super().__init__(format="iso", **how)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or len(value) < 16 or not value.isascii():
            raise self.make_error("invalid", input=value, obj_type="datetime")
        at: datetime = super()._deserialize(value, attr, data, **kwargs)
        if at.year not in YEARS:
            raise ValidationError("Not a time of these two centuries.")
        at = at.astimezone(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return clock.text(value) if isinstance(value, datetime) else value


class Whole(fields.Integer):
    """A whole number: never 5.0, "5" or true."""

    def __init__(self, least: int, most: int, **how: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **how)

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Flag(fields.Boolean):
    """true or false, never 1 or "yes"."""

    def __init__(self, **how: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **how)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


class MoneyWords(Schema):
    """Money as a caller sends it: 1 to 10^12 minor units."""

    amount = Whole(1, AMOUNT_MAX, required=True)
    currency = fields.String(required=True, validate=validate.OneOf(list(CURRENCIES)))

    @post_load
    def _money(self, words: dict[str, Any], **_: Any) -> Money:
        return Money(words["amount"], words["currency"])


class MoneyAnswer(Schema):
    """Money as it is answered, in minor units."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True, validate=validate.OneOf(list(CURRENCIES)))


class MoneyField(fields.Nested):
    """Money in a request, loaded as `Money`."""

    def __init__(self, **how: Any) -> None:
        super().__init__(MoneyWords(), **how)


class MoneyShape(fields.Nested):
    """Money in an answer; it documents, nothing is loaded."""

    def __init__(self, **how: Any) -> None:
        super().__init__(MoneyAnswer(), **how)


class _Limit(fields.Integer):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class _CursorField(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return Cursor.of(super()._deserialize(value, attr, data, **kwargs))


class NoWords(Schema):
    """For a route that takes no words: `{}` or nothing."""


class PageArgs(Schema):
    """`?limit=` 1 to 100 and `?cursor=`; a list's own filters stand in a subclass."""

    limit = _Limit(load_default=LIMIT_DEFAULT, validate=validate.Range(1, LIMIT_MAX))
    cursor = _CursorField(load_default=None)


def flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Return marshmallow's nested messages as `{"budget.min": ["..."]}`."""
    if not isinstance(messages, Mapping):
        return {path or "_": [str(m) for m in messages]}
    found: dict[str, list[str]] = {}
    for name, inner in messages.items():
        at = path if name in ("_schema", "json", "query") else f"{path}.{name}".lstrip(".")
        found.update(flat(inner, at))
    return found
