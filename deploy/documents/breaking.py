"""What a program that was written against the last release would trip over.

A request that was good must stay good, and what an answer or an event promised must still be there.
What may grow: paths, optional words, answers' words, the values of an answer's enumeration (a life
cycle gets a new state), whatever is refused.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.documents import written
from shared.web.document import operations

Doc = dict[str, Any]

# Of each bound: whether a larger value takes something away from callers.
BOUNDS = {
    "minLength": True,
    "minimum": True,
    "minItems": True,
    "maxLength": False,
    "maximum": False,
    "maxItems": False,
}


def since_release() -> list[str]:
    """Compare the files of today with those of the last release; without one nothing can break."""
    found: list[str] = []
    for name, compare in (("openapi.json", openapi), ("asyncapi.json", asyncapi)):
        released = written.RELEASED / name
        if released.exists():
            today = json.loads((written.DOCS / name).read_text())
            found += compare(json.loads(released.read_text()), today)
    return found


def openapi(old: Doc, new: Doc) -> list[str]:
    """Say what breaks a caller of the old document."""
    there = {(path, method): operation for path, method, operation in operations(new)}
    found = []
    for path, method, before in operations(old):
        name = f"{method.upper()} {path}"
        if (path, method) not in there:
            found.append(f"{name} is gone")
            continue
        found += [f"{name}: {what}" for what in _operation(before, there[path, method], old, new)]
    return found


def asyncapi(old: Doc, new: Doc) -> list[str]:
    """Say what breaks a hearer of the old events."""
    found = []
    messages = new["components"]["messages"]
    for type_, before in old["components"]["messages"].items():
        if type_ not in messages:
            found.append(f"{type_} is gone")
            continue
        reading = _Pair(old, new, is_request=False)
        after = messages[type_]["payload"]
        found += [f"{type_}: {what}" for what in reading.compare(before["payload"], after, "")]
    return found


def _operation(before: Doc, after: Doc, old: Doc, new: Doc) -> Iterator[str]:
    if {} in before.get("security", ()) and {} not in after.get("security", ()):
        yield "needs a token now"
    yield from _parameters(before, after, old, new)
    sending = _Pair(old, new, is_request=True)
    yield from _bodies(before.get("requestBody", {}), after.get("requestBody", {}), sending)
    for status, answer in before["responses"].items():
        if status >= "400":
            continue
        if status not in after["responses"]:
            yield f"does not answer {status} any more"
            continue
        reading = _Pair(old, new, is_request=False)
        yield from _bodies(answer, after["responses"][status], reading)


def _parameters(before: Doc, after: Doc, old: Doc, new: Doc) -> Iterator[str]:
    were = {(p["in"], p["name"]): p for p in _resolved(before, old)}
    are = {(p["in"], p["name"]): p for p in _resolved(after, new)}
    for key, was in were.items():
        if key not in are:
            yield f"the parameter {key[1]} is gone"
            continue
        pair = _Pair(old, new, is_request=True)
        now = are[key].get("schema", {})
        if "array" in _types_of(now) - _types_of(was.get("schema", {})):
            now = now["items"]  # what may come several times may come once
        yield from pair.compare(was.get("schema", {}), now, f"?{key[1]}")
    for key, is_ in are.items():
        if is_.get("required") and not were.get(key, {}).get("required"):
            yield f"the parameter {key[1]} is required now"


def _resolved(operation: Doc, document: Doc) -> list[Doc]:
    return [_resolve(p, document) for p in operation.get("parameters", [])]


def _bodies(before: Doc, after: Doc, pair: "_Pair") -> Iterator[str]:
    if pair.is_request and after.get("required") and not before.get("required"):
        yield "needs a body now"
    for type_, media in before.get("content", {}).items():
        if type_ not in after.get("content", {}):
            yield f"{'takes' if pair.is_request else 'answers'} no {type_} any more"
            continue
        now = after["content"][type_]
        yield from pair.compare(media.get("schema", {}), now.get("schema", {}), "")


@dataclass(slots=True)
class _Pair:
    """Two documents whose schemas are compared, as what is sent or as what is read."""

    old: Doc
    new: Doc
    is_request: bool
    seen: set[tuple[str, str]] = field(default_factory=set)

    def compare(self, before: Doc, after: Doc, at: str) -> Iterator[str]:
        """Say what of the old schema the new one does not keep."""
        refs = (before.get("$ref", ""), after.get("$ref", ""))
        if all(refs):
            if refs in self.seen:
                return
            self.seen.add(refs)
        before, after = _flat(before, self.old), _flat(after, self.new)
        yield from self._types(before, after, at or "the body")
        if self.is_request:
            yield from _values(before, after, at)
        yield from self._words(before, after, at)
        if "items" in before and "items" in after:
            yield from self.compare(before["items"], after["items"], f"{at}[]")

    def _types(self, before: Doc, after: Doc, at: str) -> Iterator[str]:
        were, are = _types_of(before), _types_of(after)
        if self.is_request and are and not were <= are:
            yield f"{at} may not be {', '.join(sorted(were - are))} any more"
        if not self.is_request and were and not are <= were:
            yield f"{at} may be {', '.join(sorted(are - were))} now"

    def _words(self, before: Doc, after: Doc, at: str) -> Iterator[str]:
        were, are = before.get("properties", {}), after.get("properties", {})
        needed_before, needed = set(before.get("required", ())), set(after.get("required", ()))
        for name, schema in were.items():
            here = f"{at}.{name}".lstrip(".")
            if name not in are:
                yield f"{here} is gone"
                continue
            if not self.is_request and name in needed_before - needed:
                yield f"{here} may be missing now"
            yield from self.compare(schema, are[name], here)
        if self.is_request:
            for name in sorted(needed - needed_before):
                yield f"{at}.{name}".lstrip(".") + " is required now"


def _values(before: Doc, after: Doc, at: str) -> Iterator[str]:
    if "enum" in after:
        gone = set(map(str, before.get("enum", ["anything else"]))) - set(map(str, after["enum"]))
        if gone:
            yield f"{at} may not be {', '.join(sorted(gone))} any more"
    if after.get("pattern") and after.get("pattern") != before.get("pattern"):
        yield f"{at} is to match {after['pattern']} now"
    for bound, is_lower in BOUNDS.items():
        if bound not in after:
            continue
        was, is_ = before.get(bound), after[bound]
        if was is None or (is_ > was if is_lower else is_ < was):
            yield f"{at} has a narrower {bound} now: {is_}"


def _resolve(schema: Doc, document: Doc) -> Doc:
    while "$ref" in schema:
        _, *way = schema["$ref"].split("/")
        schema = document
        for step in way:
            schema = schema[step]
    return schema


def _flat(schema: Doc, document: Doc) -> Doc:
    """Return a schema without its reference, and `X or null` as an X that may be null."""
    schema = _resolve(schema, document)
    several = schema.get("anyOf", [])
    others = [one for one in several if one != {"type": "null"}]
    if len(others) == 1:
        one = _flat(others[0], document)
        return {**one, "type": [*_types_of(one), "null"]}
    return schema


def _types_of(schema: Doc) -> set[str]:
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else set(types)
