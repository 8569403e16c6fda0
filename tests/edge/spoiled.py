"""Requests that must be refused, made by spoiling a good one: by its schema, or as raw bytes."""

import copy
import gzip
import json
from collections.abc import Iterator
from typing import Any

Doc = dict[str, Any]
Way = tuple[str | int, ...]

LONG = "長" * 100_000
DEEP = "[" * 40 + "]" * 40
# What no text of ours may hold; sent as JSON escapes.
UNSAFE = {"NUL": "a\x00b", "a lone surrogate": "a\ud800b"}
TURNED = {"a right-to-left override": "a\u202eb", "an isolate": "a\u2066b"}
OPERATORS: dict[str, Any] = {"$gt": {"$gt": ""}, "$ne": {"$ne": None}, "$where": {"$where": "1"}}
# What only we decide; as a word of a caller it is unknown.
MASS = ("id", "_id", "state", "version", "client_id", "owner_id", "roles", "outbox", "wake_at")
# Words whose texts are not shown to anybody: any character will do.
SECRET = ("password", "current_password", "refresh_token", "token")
DATES = {
    "no zone": "2030-01-01T00:00:00",
    "a day": "2030-01-01",
    "year 9999": "9999-12-31T23:59:59Z",
    "year 0": "0000-01-01T00:00:00Z",
    "no time": "tomorrow",
    "13th month": "2030-13-01T00:00:00Z",
    "the past": "2020-01-01T00:00:00Z",
    "seconds": 1893456000,
}


def bodies(good: Doc, schema: Doc, schemas: dict[str, Doc]) -> Iterator[tuple[str, Any]]:
    """Return bodies, each wrong in one place, and what is wrong."""
    for way, about in _places(good, schema, schemas):
        name = ".".join(map(str, way))
        for what, value in _wrong(about, name):
            yield f"{name}: {what}", _with(good, way, value)
    needed = _resolve(schema, schemas).get("required", ())
    for name in needed:
        yield f"{name} is missing", {k: v for k, v in good.items() if k != name}
    for name in (*MASS, "nonsense"):
        if name not in _resolve(schema, schemas).get("properties", {}):
            yield f"{name} is not the caller's to say", {**good, name: "x"}
    yield "1,000 unknown words", {**good, **{f"word{n}": n for n in range(1000)}}


def raw(good: Doc) -> Iterator[tuple[str, bytes, dict[str, str], int]]:
    """Return bodies that are no good JSON, with headers and the status that each gets."""
    text = json.dumps(good)
    inside = text[:-1] + (", " if good else "")
    for what, body, status in (
        ("truncated", text[: len(text) // 2] + "{", 400),
        ("no JSON", "hello", 400),
        ("a list", "[]", 422),
        ("a list of it", f"[{text}]", 422),
        ("null", "null", 422),
        ("a text", '"x"', 422),
        ("a number", "5", 422),
        ("a name twice", f'{inside}"x": 1, "x": 2}}', 400),
        ("NaN", f'{inside}"x": NaN}}', 400),
        ("Infinity", f'{inside}"x": -Infinity}}', 400),
        ("1e400", f'{inside}"x": 1e400}}', 400),
        ("5,000 digits", f'{inside}"x": {"9" * 5000}}}', 400),
        ("2^63", f'{inside}"x": {2**63}}}', 422),
        ("deep nesting", f'{inside}"x": {DEEP}}}', 400),
        ("very deep nesting", '{"x":' * 100_000 + "1" + "}" * 100_000, 400),
        ("a $ name", f'{inside}"$set": {{"x": 1}}}}', 422),
        ("a dotted name", f'{inside}"a.b": 1}}', 422),
        ("a NUL name", f'{inside}"a\\u0000": 1}}', 422),
        ("a lone surrogate name", f'{inside}"\\ud800": 1}}', 422),
        ("a comment", f"/* */ {text}", 400),
        ("two documents", f"{text} {text}", 400),
    ):
        yield what, body.encode(), {}, status
    yield "Latin-1", '{"x": "é"}'.encode("latin-1"), {}, 400
    yield "UTF-16", text.encode("utf-16"), {}, 400
    yield "a byte order mark", b"\xef\xbb\xbf" + text.encode(), {}, 400
    yield "over 1 MiB", json.dumps({**good, "x": "x" * 1_100_000}).encode(), {}, 413
    encoded = {"Content_Encoding": "gzip"}
    yield "compressed", gzip.compress(text.encode()), encoded, 415
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        yield f"as {type_}", text.encode(), {"Content_Type": type_}, 415
    charset = {"Content_Type": "application/json; charset=shift_jis"}
    yield "in another charset", text.encode(), charset, 415


PATHS = (
    "1",
    "x",
    "zzzzzzzzzzzzzzzzzzzzzzzz",
    "mem_00000000000000000000000000000000",
    "con_00000000000000000000000000000000",
    "con_0000000000000000000000000000000Z",
    "job_",
    "$ne",
    "%7B%22%24gt%22%3A%22%22%7D",
    "%00",
    "a%00b",
    "%F0%28%8C%28",
    "..%2F..%2Fetc%2Fpasswd",
    "%E3%81%82",
    "'%20or%201=1",
    "x" * 2000,
)
NUMBERS = ("0", "-1", "51", "999999999999999999999", "1.5", "x", "%00")
KEYS = {
    "too long": "k" * 256,
    "two": "a,b",
    "not ASCII": "é",
    "empty": "",
    "a control": "a\tb",
    "a blank": "a b",
}


def queries(parameters: list[Doc], cursor: str = "") -> Iterator[tuple[str, str]]:
    """Return query strings that are wrong in one place, and what is wrong."""
    for parameter in parameters:
        name, schema = parameter["name"], parameter["schema"]
        for value in _wrong_query(name, schema):
            yield f"{name}={value[:40]}", f"{name}={value}"
        if schema.get("type") != "array":
            yield f"{name} twice", f"{name}=1&{name}=2"
        yield f"{name} as an operator", f"{name}[$ne]=1"
    yield "an unknown parameter", "nonsense=1"
    yield "NUL", "nonsense=%00"
    if cursor:
        for what, spoiled in (
            ("truncated", cursor[:-3]),
            ("flipped", cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:]),
            ("longer", cursor * 3),
        ):
            yield f"a cursor {what}", f"cursor={spoiled}"


def _wrong_query(name: str, schema: Doc) -> list[str]:
    if name == "cursor":
        return ["x", "!!!", "e30", "W10", "eyIkZ3QiOiIifQ", "%E3%81%82", "A" * 5000]
    if schema.get("type") == "integer" or "integer" in schema.get("type", ()):
        most = schema.get("maximum", 10**12)
        wrong = ["x", "-1", "1.5", "1e3", "", "%EF%BC%91", "1_000", str(most + 1), "9" * 400]
        return [*wrong, *(["0"] if schema.get("minimum", 0) > 0 else [])]
    if "enum" in schema:
        return ["nonsense", "", "%24ne"]
    if schema.get("maxLength"):
        return ["x" * (schema["maxLength"] + 1), "a%00b"]
    return ["a%00b"]


def _places(good: Any, schema: Doc, schemas: dict[str, Doc], way: Way = ()) -> Iterator[Any]:
    """Return the way to everything in a good body, with its schema; the whole is no place."""
    schema = _resolve(schema, schemas)
    if way:
        yield way, schema
    if isinstance(good, dict):
        for name, inner in good.items():
            if name in schema.get("properties", {}):
                yield from _places(inner, schema["properties"][name], schemas, (*way, name))
    elif isinstance(good, list) and good:
        yield from _places(good[0], schema["items"], schemas, (*way, 0))


def _resolve(schema: Doc, schemas: dict[str, Doc]) -> Doc:
    if "$ref" in schema:
        return _resolve(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for one in schema.get("anyOf", ()):
        if one != {"type": "null"}:
            return {**_resolve(one, schemas), "nullable": True}
    return schema


def _with(good: Any, way: Way, value: Any) -> Any:
    spoiled = copy.deepcopy(good)
    place = spoiled
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    return spoiled


def _wrong(schema: Doc, name: str) -> Iterator[tuple[str, Any]]:
    types = schema.get("type", "object")
    types = {types} if isinstance(types, str) else set(types)
    if "null" not in types and not schema.get("nullable"):
        yield "null", None
    yield from _others(types)
    if "string" in types:
        yield from _wrong_texts(schema, name)
    if "integer" in types:
        yield from _wrong_numbers(schema)
    if "array" in types:
        yield "10,000 items", ["x"] * 10_000
        yield "null inside", [None]
        if "maxItems" in schema:
            yield "too many", ["x"] * (schema["maxItems"] + 1)


def _others(types: set[str]) -> Iterator[tuple[str, Any]]:
    """Return values of every type that is not due."""
    if "string" not in types:
        yield "a text", "x"
    if not types & {"integer", "number"}:
        yield "a number", 5
    if "boolean" not in types:
        yield "true", True
    if "array" not in types:
        yield "a list", ["x"]
    if "object" not in types:
        yield "an object", {"x": "y"}
        yield from OPERATORS.items()
    yield "a fraction", 1.5


def _wrong_texts(schema: Doc, name: str) -> Iterator[tuple[str, Any]]:
    yield from UNSAFE.items()
    yield "100,000 characters", LONG
    if name.rpartition(".")[2] not in SECRET:
        yield from TURNED.items()
    if "enum" in schema:
        yield "none of them", "nonsense"
    if schema.get("minLength", 0) > 0:
        yield "empty", ""
        yield "blanks", "   " if name.rpartition(".")[2] not in SECRET else ""
    if "maxLength" in schema:
        yield "too long", "x" * (schema["maxLength"] + 1)
    if schema.get("format") == "date-time":
        yield from DATES.items()
    if "pattern" in schema:
        yield "another pattern", "!"
        yield "the id of another kind", "job_00000000000000000000000000000000"


def _wrong_numbers(schema: Doc) -> Iterator[tuple[str, Any]]:
    yield "a text of digits", "5"
    yield "a whole fraction", 5.0
    yield "2^63", 2**63
    yield "30 digits", 10**30
    if "minimum" in schema:
        yield "too small", schema["minimum"] - 1
        yield "negative", -1
    if "maximum" in schema:
        yield "too large", schema["maximum"] + 1
