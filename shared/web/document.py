"""What a service's OpenAPI document says beyond its schemas: statuses, headers, examples.

A route's docstring is the source. Its first sentence is the summary, and a sentence that begins
with a status lists what the route answers, each status with its codes or a word on when:

    Accept a delivery. 403 not_the_client, 404 for everybody else, 409 wrong_state.

What every route of its kind answers besides (406, 415, 503, ...) nobody has to write down.
"""

import http
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.web import samples
from shared.web.problems import TITLES

Doc = dict[str, Any]

HABITS = "x-habits"
METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM = "application/problem+json"
ALWAYS = (401, 403, 406, 422, 429, 503)
TO_CHANGES = (400, 413, 415)
# Every route may refuse a program whose token has not the scope.
SCOPE = "insufficient_scope"
# What a status is answered with where the docstring names no code of its own.
USUAL = {
    400: ("malformed_json", "bad_idempotency_key"),
    401: ("no_token", "bad_token", "token_expired"),
    403: (SCOPE,),
    406: ("not_acceptable",),
    412: ("stale_version",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("invalid_words",),
    428: ("if_match_required",),
    429: ("too_many_requests",),
    503: ("unavailable",),
}
HEADERS: Mapping[str, Doc] = {
    "ETag": {
        "description": "The version of the representation, for If-Match.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "Location": {
        "description": "Where the thing that was made is, or will be in a moment.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "Only in the answer to a repetition: the same key had done this before.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "Which authentication is asked for.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
}
HEADERS_OF = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
PARAMETERS: Mapping[str, Doc] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat: the same key and words act once.",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-+\\--~]+$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of the version that is changed, or `*` for whichever is there.",
        "required": True,
        "schema": {"type": "string", "examples": ['"3"']},
    },
}

_SPACE = re.compile(r"\s+")
_STATUSES = re.compile(r"(?:^|(?<=[.:;] ))[1-5]\d\d\b[^.]*(?:\.(?= |$)|$)")
_STATUS = re.compile(r"\b([1-5]\d\d)\b")
_CODE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_SENTENCE = re.compile(r"(?<=\.)\s")


@dataclass(frozen=True, slots=True)
class Said:
    """What a docstring says of its route; `statuses` has the words after each status."""

    summary: str
    description: str
    statuses: Mapping[int, str]


def read(docstring: str) -> Said:
    """Return the summary, the description and the statuses of a route's docstring."""
    text = _SPACE.sub(" ", docstring).strip()
    statuses: dict[int, str] = {}
    for listed in _STATUSES.findall(text):
        for status, words in _pairs(listed):
            statuses[status] = ", ".join(filter(None, (statuses.get(status), words)))
    prose = _SPACE.sub(" ", _STATUSES.sub("", text)).strip()
    summary, _, description = _SENTENCE.sub("\n", prose, count=1).partition("\n")
    return Said(summary.rstrip("."), description, statuses)


def _pairs(listed: str) -> Iterator[tuple[int, str]]:
    _, *parts = _STATUS.split(listed)
    for status, words in zip(parts[::2], parts[1::2], strict=True):
        yield int(status), re.sub(r"(?:^|\s)(?:and|or)$", "", words.strip(" ,;.")).strip(" ,;:")


def finish(spec: Doc) -> Doc:
    """Complete an application's document: statuses, headers, parameters, examples, names of paths.

    Each operation carries `x-habits` (`public`, `keys`, `offers`, `changes`), which is taken away.
    """
    spec["paths"] = dict(_renamed(path, item) for path, item in spec["paths"].items())
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                _complete(path, item[method], spec)
    spec["components"]["headers"] = {name: dict(about) for name, about in HEADERS.items()}
    spec["components"]["parameters"] = {name: dict(about) for name, about in PARAMETERS.items()}
    spec["components"]["responses"] = {
        f"Problem{status}": problem(status) for status in (*ALWAYS, *TO_CHANGES)
    }
    _translate(spec["components"]["schemas"])
    _free_bodies(spec)
    _put_examples(spec)
    _prune(spec)
    return spec


def _renamed(path: str, item: Doc) -> tuple[str, Doc]:
    """Say `{id}`, whatever the view's argument is called, and what kind of id it is."""
    for place in item.get("parameters", []):
        called = place["name"]
        before = path.partition(f"/{{{called}}}")[0].rpartition("/")[2]
        if place["schema"]["type"] == "integer":
            place["description"] = "Counted from 1."
            place["schema"] = {"type": "integer", "minimum": 1}
            place["example"] = 1
        elif before in samples.PREFIXES:
            place["name"] = "id" if "{id}" not in path else called.rstrip("_")
            path = path.replace(f"{{{called}}}", f"{{{place['name']}}}")
            place["description"] = f"An id: `{samples.PREFIXES[before]}_` and 32 digits."
            place["example"] = samples.an_id(samples.PREFIXES[before])
    return path, item


def _complete(path: str, operation: Doc, spec: Doc) -> None:
    habits = operation.pop(HABITS)
    said = read(f"{operation.get('summary', '')}\n{operation.pop('description', '')}")
    operation["summary"] = said.summary
    if said.description:
        operation["description"] = said.description
    given = {int(status): answer for status, answer in operation.get("responses", {}).items()}
    problems = {*ALWAYS, *(status for status in said.statuses if status >= 400)}
    problems |= set(TO_CHANGES) if habits["changes"] else set()
    problems |= {404} if "{" in path else set()
    answers = {
        status: _success(status, answer, said, habits, spec)
        for status, answer in given.items()
        if status < 400
    }
    for status in problems:
        answers[status] = _problem_of(status, said.statuses.get(status, ""), path)
    operation["responses"] = {str(status): answers[status] for status in sorted(answers)}
    _put_parameters(operation, said, habits)


def _put_parameters(operation: Doc, said: Said, habits: Doc) -> None:
    taken = operation.setdefault("parameters", [])
    if "idempotency_key_required" in said.statuses.get(400, ""):
        taken.append({**PARAMETERS["Idempotency-Key"], "required": True})
    elif habits["keys"]:
        taken.append({"$ref": "#/components/parameters/Idempotency-Key"})
    if 428 in said.statuses:
        taken.append({"$ref": "#/components/parameters/If-Match"})
    if not taken:
        del operation["parameters"]


def _success(status: int, answer: Doc, said: Said, habits: Doc, spec: Doc) -> Doc:
    words = said.statuses.get(status, "")
    answer["description"] = f"{words[:1].upper()}{words[1:]}." if words else _phrase(status)
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    headers = ["ETag"] if _has_version(schema, said, spec) else []
    headers += ["Location"] if status in (201, 202) else []
    headers += ["Idempotency-Replayed"] if habits["keys"] else []
    if headers:
        answer["headers"] = {name: _ref("headers", name) for name in headers}
    for type_ in habits["offers"]:
        answer.setdefault("content", {}).setdefault(type_, {"schema": {"type": "string"}})
    if status == 204:
        answer.pop("content", None)
    return answer


def _has_version(schema: Doc, said: Said, spec: Doc) -> bool:
    name = schema.get("$ref", "").rpartition("/")[2]
    words = spec["components"]["schemas"].get(name, {}).get("properties", {})
    return "id" in words or 428 in said.statuses


def _problem_of(status: int, words: str, path: str) -> Doc:
    codes = tuple(dict.fromkeys(_CODE.findall(words)))
    if not words and status in (*ALWAYS, *TO_CHANGES):
        return _ref("responses", f"Problem{status}")
    if not codes and status == 404:
        codes = (_no_such(path),)
    if status == 403:
        codes = (*codes, SCOPE)
    return problem(status, words, codes)


def _no_such(path: str) -> str:
    """Return the code of a missing thing: `/v1/offers/{id}/accept` has `no_such_offer`."""
    noun = path.partition("/{")[0].rpartition("/")[2]
    return f"no_such_{noun.removesuffix('s').removesuffix('ie') + 'y' * noun.endswith('ies')}"


def problem(status: int, words: str = "", codes: tuple[str, ...] = ()) -> Doc:
    """Return the documented answer for one status, with a problem document for each code."""
    shown = codes or USUAL.get(status, ())
    text = _CODE.sub(lambda code: f"`{code[0]}`", words)
    answer: Doc = {
        "description": f"{TITLES[status]}{': ' if text else ''}{text}.",
        "content": {
            PROBLEM: {
                "schema": _ref("schemas", "Problem"),
                "examples": {code: {"value": samples.a_problem(status, code)} for code in shown},
            }
        },
    }
    if names := HEADERS_OF.get(status):
        answer["headers"] = {name: _ref("headers", name) for name in names}
    return answer


def _phrase(status: int) -> str:
    return f"{http.HTTPStatus(status).phrase}."


def _ref(kind: str, name: str) -> Doc:
    return {"$ref": f"#/components/{kind}/{name}"}


def _translate(value: Any) -> None:
    """Say in JSON Schema what marshmallow has another way to say."""
    if isinstance(value, dict):
        if isinstance(found := value.get("pattern"), str):
            value["pattern"] = f"^{found.removeprefix('^')}".replace(r"\Z", "$")
        if value.get("default") == "" and value.get("minLength", 0) > 0:
            del value["default"]  # what is left out is empty; what is sent may not be
        for inner in value.values():
            _translate(inner)
    elif isinstance(value, list):
        for inner in value:
            _translate(inner)


def _free_bodies(spec: Doc) -> None:
    """Say of a POST that nothing has to be said in its body, where no word of it is required."""
    for _, method, operation in operations(spec):
        body = operation.get("requestBody", {})
        schema = body.get("content", {}).get("application/json", {}).get("schema", {})
        words = spec["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        if method == "post" and words.get("properties") and not words.get("required"):
            body["required"] = False


def _put_examples(spec: Doc) -> None:
    """Give every JSON body an example, made of its schema."""
    schemas = spec["components"]["schemas"]
    for _, _, operation in operations(spec):
        bodies = [operation.get("requestBody", {})]
        bodies += [a for status, a in operation["responses"].items() if status < "400"]
        for body in bodies:
            media = body.get("content", {}).get("application/json")
            if media is not None and "schema" in media:
                media.setdefault("example", samples.of(media["schema"], schemas))


def operations(spec: Doc) -> Iterator[tuple[str, str, Doc]]:
    """Return path, method and operation of everything a document describes."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _prune(spec: Doc) -> None:
    """Take away the components that nothing refers to."""
    seen: set[tuple[str, str]] = set()
    waiting = list(_refs({k: v for k, v in spec.items() if k != "components"}))
    while waiting:
        kind, name = waiting.pop()
        if (kind, name) not in seen:
            seen.add((kind, name))
            waiting += _refs(spec["components"][kind][name])
    for kind, there in spec["components"].items():
        if kind != "securitySchemes":
            spec["components"][kind] = {
                name: there[name] for name in sorted(there) if (kind, name) in seen
            }


def _refs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(ref := value.get("$ref"), str):
            kind, _, name = ref.removeprefix("#/components/").partition("/")
            yield kind, name
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)
