"""The one reader of request bodies: strict JSON, and nothing that MongoDB or people trip on.

What cannot be read is Malformed (400); what can be read and is no good here is Invalid (422).
"""

import json
import re
from typing import Any

from shared.errors import Invalid, Malformed

BODY_MAX_BYTES = 1024 * 1024
DEPTH_MAX = 32
DIGITS_MAX = 4000
INT_MAX = 2**53

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def parse(raw: bytes) -> dict[str, Any]:
    """Return the words of a JSON body.

    :raises Malformed: `malformed_json`: no UTF-8, no JSON, nested too deep, a name twice, NaN
    :raises Invalid: `not_an_object`, `unsafe_text`, `unsafe_key`, `unsafe_number`
    """
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX:
        _refuse_depth(raw)
    try:
        words = _DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as wrong:
        raise Malformed("malformed_json", f"this is not JSON: {_reason(wrong)}") from wrong
    if type(words) is not dict:
        raise Invalid("not_an_object", "the body is to be a JSON object")
    if b"\\u" in raw:
        _refuse_unkeepable(words)
    return words


def _reason(wrong: Exception) -> str:
    if isinstance(wrong, json.JSONDecodeError):
        return f"{wrong.msg} at {wrong.pos}"
    return "not UTF-8" if isinstance(wrong, UnicodeDecodeError) else "not readable"


def _refuse_depth(raw: bytes) -> None:
    depth = 0
    for token in _BRACKETS.finditer(raw):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth > DEPTH_MAX:
                raise Malformed("malformed_json", f"nested deeper than {DEPTH_MAX}")
        elif mark in (b"]", b"}"):
            depth -= 1


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    words = dict(pairs)
    if len(words) != len(pairs):
        raise Malformed("malformed_json", "a name stands twice in one object")
    for name in words:
        if name.startswith("$") or "." in name:
            raise Invalid(
                "unsafe_key", "names may not start with $ or contain a dot", fields={name: ["name"]}
            )
    return words


def _int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise Malformed("malformed_json", f"a number of more than {DIGITS_MAX} digits")
    value = int(digits)
    if not -INT_MAX <= value <= INT_MAX:
        raise Invalid("unsafe_number", "whole numbers go from -2^53 to 2^53")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if value - value != 0:
        raise Malformed("malformed_json", "a number that is too large")
    return value


def _constant(name: str) -> float:
    raise Malformed("malformed_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_int, parse_float=_float, parse_constant=_constant
)


def _refuse_unkeepable(value: Any) -> None:
    if isinstance(value, str):
        if _UNKEEPABLE.search(value):
            raise Invalid("unsafe_text", "texts may not contain NUL or lone surrogates")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unkeepable(name)
            _refuse_unkeepable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unkeepable(inner)
