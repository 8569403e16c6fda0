"""Before and after every request: its ids, who calls, what is refused unread, one log line."""

import re
import secrets
import time
from functools import cache
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request

from shared import clock, ids, store
from shared.errors import Invalid
from shared.web import metrics
from shared.web.blueprint import CHANGES, Traits, refuse_accept
from shared.web.problems import Problem
from shared.web.request import caller, caller_or_none, refuse_body

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

lines = structlog.get_logger()


def add_to(app: Flask) -> None:
    """Put the edge around every route of an application."""
    app.before_request(_begin)
    app.before_request(_admit)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    g.now = clock.now()
    headers = request.headers
    request_id = headers.get("X-Request-ID", "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = ids.new("req")
    trace = headers.get("traceparent", "")
    if not _TRACEPARENT.fullmatch(trace):
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    g.request_id, g.traceparent = request_id, trace
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, traceparent=trace)


def _admit() -> None:
    """Refuse what no view needs to see, in this order: 406, 401, 422, 415, 503."""
    if request.url_rule is None or request.method == "OPTIONS":
        return
    view = _traits(current_app.view_functions[request.endpoint or ""])
    if refuse_accept(view.offers):
        raise Problem(406, "not_acceptable", f"this answers {', '.join(view.offers)}")
    who = caller_or_none() if view.public else caller()
    if who is not None:
        structlog.contextvars.bind_contextvars(actor=who.id)
    if request.query_string:
        _refuse_query(view)
    if request.method in CHANGES and not view.takes_json and not view.raw:
        refuse_body()
    if not current_app.extensions["ukeoi_indexed"] and view.needs_store:
        ensure_indexes(current_app)


_traits = cache(Traits)


def _refuse_query(view: Traits) -> None:
    if b"%00" in request.query_string:
        raise Invalid("unsafe_text", "texts may not contain NUL")
    if not view.takes_query:
        names = list(request.args)[:20]
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
    seconds = time.perf_counter() - g.began
    headers = response.headers
    headers["X-Request-ID"] = g.request_id
    headers["traceparent"] = g.traceparent
    headers["X-Content-Type-Options"] = "nosniff"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    rule = request.url_rule
    route = rule.rule if rule is not None else "(none)"
    status = response.status_code
    metrics.count(current_app.name, request.method, route, status, seconds)
    if route not in current_app.extensions["ukeoi_quiet"] or status >= 400:
        lines.info("request", ms=round(seconds * 1000, 2), status=status, **_about(route))
    return response


def _about(route: str) -> dict[str, Any]:
    """Name the route and the ids in its path; other parts of a path may be secrets."""
    args = request.view_args or {}
    subjects = [v for v in args.values() if isinstance(v, str) and ids.PATTERN.fullmatch(v)]
    about: dict[str, Any] = {"method": request.method, "route": route}
    if subjects:
        about["ids"] = subjects
    return about
