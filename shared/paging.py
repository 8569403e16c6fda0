"""Lists by keyset: a page ends with a cursor that names its last item, so that nothing is skipped
or repeated when things are added meanwhile.

A cursor is base64url JSON `[order, kind of value, value, id]`: opaque to callers, and harmless when
forged, as it only says where to go on.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pymongo.collection import Collection

from shared.errors import Invalid

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
CURSOR_MAX = 500

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_KINDS: dict[str, Any] = {"t": int, "i": int, "f": float, "s": str}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item that was given: the order it stood in, its sort value, its id."""

    order: str
    value: Any
    id: str

    def text(self) -> str:
        """Return it as it is said to the caller."""
        kind, value = _plain(self.value)
        words = orjson.dumps([self.order, kind, value, self.id])
        return base64.urlsafe_b64encode(words).rstrip(b"=").decode()

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """Read what `text` said.

        :raises Invalid: `bad_cursor`: forged, truncated, or none of ours
        """
        try:
            if len(text) > CURSOR_MAX:
                raise ValueError(text)
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            order, kind, value, id_ = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
            if type(order) is not str or type(id_) is not str or type(value) is not _KINDS[kind]:
                raise ValueError(text)
            return cls(order, _EPOCH + value * _MS if kind == "t" else value, id_)
        except (ValueError, TypeError, KeyError, OverflowError, binascii.Error) as wrong:
            raise bad_cursor() from wrong


def bad_cursor() -> Invalid:
    """Return the refusal of a cursor that does not belong to this list."""
    detail = "this cursor does not come from this list"
    return Invalid("bad_cursor", detail, fields={"cursor": [detail]})


def _plain(value: Any) -> tuple[str, Any]:
    if isinstance(value, datetime):
        return "t", (value - _EPOCH) // _MS
    if isinstance(value, str):
        return "s", value
    return ("i" if isinstance(value, int) else "f"), value


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int = LIMIT_DEFAULT
    cursor: Cursor | None = None

    def find(
        self,
        collection: Collection[dict[str, Any]],
        where: Mapping[str, Any],
        *,
        by: str = "_id",
        newest_first: bool = True,
        fields: Mapping[str, Any] | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return the documents of this page and the cursor of the next one, or None at the end.

        Every document has the sort field `by`; ties are ordered by `_id`; an index has both.

        :raises Invalid: `bad_cursor`: the cursor comes from another list
        """
        step = -1 if newest_first else 1
        order = [(by, step)] if by == "_id" else [(by, step), ("_id", step)]
        name = ("-" if newest_first else "+") + by
        filters = [where, *self._beyond(name, by, newest_first=newest_first)]
        rows = list(collection.find({"$and": filters}, fields).sort(order).limit(self.limit + 1))
        if len(rows) <= self.limit:
            return rows, None
        rows.pop()
        return rows, Cursor(name, rows[-1][by], rows[-1]["_id"]).text()

    def _beyond(self, name: str, by: str, *, newest_first: bool) -> list[dict[str, Any]]:
        if (at := self.cursor) is None:
            return []
        if at.order != name:
            raise bad_cursor()
        compare = "$lt" if newest_first else "$gt"
        if by == "_id":
            return [{"_id": {compare: at.id}}]
        return [
            {by: {"$lte" if newest_first else "$gte": at.value}},
            {"$or": [{by: {compare: at.value}}, {by: {"$eq": at.value}, "_id": {compare: at.id}}]},
        ]
