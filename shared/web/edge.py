"""Before and after every request: its ids, who calls, what is refused unread, one log line."""

import re
import secrets
import time
from functools import cache
from typing import Any

import structlog
from flask import Flask, Request, Response, current_app, request

from shared import clock, ids, store, tracing
from shared.errors import Invalid
from shared.web import metrics
from shared.web.blueprint import CHANGES, Traits, refuses
from shared.web.problems import Problem
from shared.web.request import Here, caller, caller_or_none, here, refuse_body

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

lines = structlog.get_logger()


def add_to(app: Flask) -> None:
    """Put the edge around every route of an application."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    began = time.perf_counter()
    at: Request = request._get_current_object()  # type: ignore[attr-defined]
    environ = at.environ
    request_id = environ.get("HTTP_X_REQUEST_ID", "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = ids.new("req")
    trace = environ.get("HTTP_TRACEPARENT", "")
    if not _TRACEPARENT.fullmatch(trace):
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    rule = at.url_rule
    span = tracing.begin(f"{at.method} {rule.rule if rule else '(none)'}", trace, "SERVER")
    trace = tracing.traceparent(span) if span else trace
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, traceparent=trace)
    here.set(Here(at, current_app.extensions, clock.now(), began, request_id, trace, span))
    if at.url_rule is not None and at.method != "OPTIONS":
        _admit(at, _traits(current_app.view_functions[at.url_rule.endpoint]))


def _admit(at: Request, view: Traits) -> None:
    """Refuse what no view needs to see, in this order: 406, 401, 422, 415, 503."""
    if refuses(at.environ.get("HTTP_ACCEPT"), view.offers):
        raise Problem(406, "not_acceptable", f"this answers {', '.join(view.offers)}")
    who = caller_or_none() if view.public else caller()
    if who is not None:
        structlog.contextvars.bind_contextvars(actor=who.id)
    if at.query_string:
        _refuse_query(at, view)
    if at.method in CHANGES and not view.takes_json and not view.raw:
        refuse_body()
    if view.needs_store and not here.get().parts["ukeoi_indexed"]:
        ensure_indexes(current_app)


_traits = cache(Traits)


def _refuse_query(at: Request, view: Traits) -> None:
    if b"%00" in at.query_string:
        raise Invalid("unsafe_text", "texts may not contain NUL")
    if not view.takes_query:
        names = list(at.args)[:20]
        raise Invalid(
            "invalid_words",
            "this takes no query parameters",
            fields={name: ["Unknown field."] for name in names},
        )


def ensure_indexes(app: Flask) -> None:
    """Create the indexes, once in this process; the database may have been away at its start."""
    about = app.extensions
    store.ensure_indexes(about["ukeoi_store"].db, about["ukeoi_kinds"], about["ukeoi_shelves"])
    about["ukeoi_indexed"] = True


def _end(response: Response) -> Response:
    at = here.get()
    ours = [
        ("X-Request-ID", at.request_id),
        ("traceparent", at.traceparent),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if "Cache-Control" not in response.headers:
        ours.append(("Cache-Control", "no-store"))
    response.headers.extend(ours)
    rule = at.request.url_rule
    route = rule.rule if rule is not None else "(none)"
    method, status = at.request.method, response.status_code
    seconds = time.perf_counter() - at.began
    if at.span:
        about = {"ukeoi__service": at.parts["ukeoi_store"].source, "request_id": at.request_id}
        tracing.end(at.span, http__response__status_code=status, **about)
    metrics.count(at.parts["ukeoi_store"].source, method, route, status, seconds)
    if status >= 400 or route not in at.parts["ukeoi_quiet"]:
        ms = round(seconds * 1000, 2)
        lines.info("request", method=method, route=route, status=status, ms=ms, **_subjects(at))
    return response


def _subjects(at: Here) -> dict[str, Any]:
    """Name the ids in the path; other parts of a path may be secrets."""
    args = at.request.view_args
    if not args:
        return {}
    found = [v for v in args.values() if isinstance(v, str) and ids.PATTERN.fullmatch(v)]
    return {"ids": found} if found else {}
