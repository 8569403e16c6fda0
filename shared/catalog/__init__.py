"""The published words: every event type, by its publisher, checked when said and when heard.

`said` is strict (an unknown or missing word is our bug, raised before anything is kept); `heard` is
lenient (a newer publisher may say more). The publisher of a type owns its file here; whoever hears
it reads the same file.
"""

from collections.abc import Mapping
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields

from shared.catalog import accounts, contracts, escrow, jobs, notify, quick
from shared.errors import Invalid

PUBLISHERS: dict[str, dict[str, dict[str, Any]]] = {
    "accounts": accounts.FACTS,
    "contracts": contracts.FACTS,
    "escrow": escrow.FACTS,
    "jobs": jobs.FACTS,
    "notify": notify.FACTS,
}


def _schemas(unknown: Literal["raise", "exclude"]) -> dict[str, Schema]:
    return {
        type_: Schema.from_dict(words, name=type_)(unknown=unknown)
        for facts in PUBLISHERS.values()
        for type_, words in facts.items()
    }


def _to_the_letter(schema: Schema) -> Schema:
    """Let what is nested in a schema refuse unknown words as well: it is lenient by itself."""
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            inner.unknown = RAISE
            _to_the_letter(inner.schema)
    return schema


PUBLISHER_OF = {type_: name for name, facts in PUBLISHERS.items() for type_ in facts}
_SAID = {type_: _to_the_letter(schema) for type_, schema in _schemas(RAISE).items()}
_HEARD = _schemas(EXCLUDE)
# Nearly all words are plainly right, and found to be so in a twentieth of the time.
_PLAINLY_RIGHT = {type_: quick.look(schema) for type_, schema in _SAID.items()}
_LEFT_OUT = {
    type_: {name: f.load_default for name, f in schema.fields.items() if not f.required}
    for type_, schema in _HEARD.items()
}


def said(type_: str, data: Mapping[str, Any]) -> None:
    """Check a fact before it is kept.

    :raises ValueError: the publisher breaks its own words: a bug, never a caller's mistake
    """
    if type_ not in _SAID:
        raise ValueError(f"no fact {type_!r} in the catalog")
    if not _PLAINLY_RIGHT[type_](data) and (wrong := _SAID[type_].validate(data)):
        raise ValueError(f"{type_} breaks its words: {wrong}")


def heard(type_: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the words that this service knows of an event that arrived.

    :raises Invalid: `unknown_event` or `bad_event`; the delivery is parked
    """
    if type_ not in _HEARD:
        raise Invalid("unknown_event", f"nobody here knows {type_!r}")
    if _PLAINLY_RIGHT[type_](data):
        left_out = _LEFT_OUT[type_]
        return data if left_out.keys() <= data.keys() else {**left_out, **data}
    try:
        return dict(_HEARD[type_].load(data))
    except ValidationError as wrong:
        raise Invalid("bad_event", f"{type_}: {wrong.messages}") from wrong
