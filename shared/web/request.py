"""What a view may ask about the request it answers, and the answer itself.

What the edge knows of a request stands in one `Here`, found with one look: Flask's `request` and
`g` are proxies, and at 0.5 us a touch they were a tenth of a command.
"""

import hashlib
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import Request, Response

from shared import auth, clock
from shared.auth import Caller, Unauthenticated
from shared.documents import Done, Once
from shared.errors import Invalid, Malformed
from shared.languages import LANGUAGES
from shared.money import Money
from shared.paging import Page
from shared.store import Store
from shared.web.problems import Problem
from shared.web.strict import parse

KEY_MAX = 255
NEVER = -1
MAY_BE_EMPTY = ("POST", "PUT", "DELETE")

_JSON_TYPES = re.compile(r"application/json\s*(;\s*charset=\"?utf-8\"?\s*)?", re.IGNORECASE)
_KEY = re.compile(r"[!-+\--~]+")
_ETAG = re.compile(r'"(\d{1,15})"')
_UNREAD: Any = object()


@dataclass(slots=True, eq=False)
class Here:
    """One request, from its first word to its answer."""

    request: Request
    parts: dict[str, Any]
    now: datetime
    began: float
    request_id: str
    traceparent: str
    span: Any = None
    caller: Caller | None = _UNREAD
    body: dict[str, Any] = _UNREAD


here: ContextVar[Here] = ContextVar("here")


def now() -> datetime:
    """Return this request's one reading of the clock."""
    return here.get().now


def store() -> Store:
    """Return this process's store."""
    found: Store = here.get().parts["ukeoi_store"]
    return found


def keys() -> auth.Keys:
    """Return this process's public keys."""
    found: auth.Keys = here.get().parts["ukeoi_keys"]
    return found


def caller() -> Caller:
    """Return who calls.

    :raises Unauthenticated: 401: there is no good token
    """
    if (found := caller_or_none()) is None:
        raise Unauthenticated("no_token", "this needs an access token")
    return found


def caller_or_none() -> Caller | None:
    """Return who calls, or None without a token; a route needs `@web.public` to be reached so.

    :raises Unauthenticated: 401: there is a token, and it is not good
    """
    at = here.get()
    if at.caller is _UNREAD:
        at.caller = _read_caller(at)
    return at.caller


def _read_caller(at: Here) -> Caller | None:
    header = at.request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("bad_token", "Authorization is to be: Bearer <access token>")
    found = keys().verify(token.strip(), now=at.now)
    at.parts["ukeoi_revocations"].refuse(found, now=at.now)
    found.require("read" if at.request.method in ("GET", "HEAD") else "write")
    return found


def address() -> str:
    """Return the network address the request comes from, as far as our own proxies vouch for it."""
    at = here.get()
    hops: int = at.parts["ukeoi_settings"].proxy_hops
    seen = at.request.headers.get("X-Forwarded-For", "").split(",") if hops else []
    return seen[-hops].strip() if len(seen) >= hops > 0 else at.request.remote_addr or ""


def body() -> dict[str, Any]:
    """Return the words of the body, before any schema; an empty POST says `{}`.

    :raises Malformed: 400
    :raises Invalid: 422
    :raises Problem: 413, 415
    """
    at = here.get()
    if at.body is _UNREAD:
        at.body = _read_body(at.request)
    return at.body


def _read_body(request: Request) -> dict[str, Any]:
    encoding = request.environ.get("HTTP_CONTENT_ENCODING")
    if encoding is not None and encoding.lower() != "identity":
        raise Problem(415, "unsupported_encoding", "bodies are not to be compressed")
    raw = request.get_data(cache=False)
    type_ = request.environ.get("CONTENT_TYPE") or ""
    says_nothing = not raw and request.method in MAY_BE_EMPTY
    if says_nothing and not type_:
        return {}
    if type_ != "application/json" and not _JSON_TYPES.fullmatch(type_):
        raise Problem(415, "unsupported_media_type", "bodies are application/json in UTF-8")
    return {} if says_nothing else parse(raw)


def once(required: bool = False, **answer: Any) -> Once | None:
    """Return the request's Idempotency-Key in its scope (caller, method, path), or None.

    `answer` (status, location, ids) is kept with the change and given again to a replay.

    What requires a key moves money: a program's token needs the scope for it.

    :raises Malformed: 400: `idempotency_key_required`, `bad_idempotency_key`
    :raises Forbidden: 403: `insufficient_scope`
    """
    request = here.get().request
    if required and (payer := caller_or_none()):
        payer.require("money")
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        if required:
            raise Malformed("idempotency_key_required", "this needs an Idempotency-Key header")
        return None
    key = key.strip()
    # Two headers arrive as one, joined by a comma: which of them counts nobody can say.
    if len(key) > KEY_MAX or not _KEY.fullmatch(key):
        raise Malformed(
            "bad_idempotency_key",
            f"a key is 1 to {KEY_MAX} ASCII characters without a comma or a blank",
        )
    who = caller_or_none()
    scope = "\n".join((who.id if who else "", request.method, request.path, key))
    name = hashlib.sha256(scope.encode()).hexdigest()
    words = orjson.dumps(body(), option=orjson.OPT_SORT_KEYS)
    return Once(name, hashlib.sha256(words).hexdigest(), answer)


def if_match() -> int | None:
    """Return the version that If-Match names; None for `*`, which every version matches.

    :raises Problem: 428 `if_match_required`
    """
    tag = here.get().request.environ.get("HTTP_IF_MATCH")
    if tag is None:
        raise Problem(428, "if_match_required", "say which version you change: If-Match: <ETag>")
    if tag.strip() == "*":
        return None
    found = _ETAG.fullmatch(tag.strip())
    return int(found[1]) if found else NEVER


def page(words: dict[str, Any]) -> Page:
    """Take `limit` and `cursor` out of the words of a `PageArgs`; what stays are the filters."""
    return Page(words.pop("limit"), words.pop("cursor"))


def answer(
    said: Mapping[str, Any] | None,
    status: int = 200,
    *,
    done: Done[Any] | None = None,
    location: str | None = None,
    version: int | None = None,
) -> Response:
    """Return a representation with its ETag (from `version`, else `done`) and Location.

    A replay answers the first status and Location, and says `Idempotency-Replayed: true`.
    """
    response = Response(b"" if said is None else dumps(said), status, mimetype="application/json")
    headers = response.headers
    if done is not None:
        version = done.version if version is None else version
        if done.replayed:
            response.status_code = done.answer.get("status", status)
            location = done.answer.get("location", location)
            headers["Idempotency-Replayed"] = "true"
    if location is not None:
        headers["Location"] = location
    if version is not None:
        headers["ETag"] = f'"{version}"'
    return response


def listing(items: list[Any], next_cursor: str | None = None) -> Response:
    """Return one page of a list."""
    return answer({"items": items, "next_cursor": next_cursor})


def dumps(said: Any) -> bytes:
    """Return JSON as this product says it: times with milliseconds and Z, money as words."""
    return orjson.dumps(said, default=_word, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _word(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.text(value)
    if isinstance(value, Money):
        return value.words()
    raise TypeError(f"{value!r} cannot be said in JSON")


def refuse_body() -> None:
    """Pass when the body says nothing.

    :raises Invalid: 422: this route takes no words
    """
    if words := body():
        raise Invalid(
            "invalid_words",
            "this takes no words",
            fields={name: ["Unknown field."] for name in list(words)[:20]},
        )


def language() -> str:
    """Return the language that the caller asks for, of those in which members are spoken to."""
    return here.get().request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
