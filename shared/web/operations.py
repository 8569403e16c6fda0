"""What every service answers to those who run it: health, readiness, metrics, its document."""

from functools import cache
from typing import Any

import structlog
from flask import Flask, Response, current_app
from flask_smorest import Api
from pymongo import timeout
from pymongo.errors import PyMongoError

from shared.web import document, edge, metrics, problems
from shared.web.blueprint import offers, public
from shared.web.request import answer, dumps

READY_WITHIN_S = 1

lines = structlog.get_logger()


def add_to(app: Flask, api: Api) -> None:
    """Add the operational routes."""

    @cache
    def said() -> bytes:
        return dumps(document.finish(api.spec.to_dict()))

    @public
    def _openapi() -> Response:
        return Response(said(), mimetype="application/json")

    views: dict[str, Any] = {
        "/healthz": _healthz,
        "/readyz": _readyz,
        "/metrics": _metrics,
        "/openapi.json": _openapi,
    }
    for rule, view in views.items():
        view.ukeoi_needs_store = False
        app.add_url_rule(rule, rule.strip("/").partition(".")[0], view)
    app.extensions["ukeoi_quiet"] = frozenset(views)


@public
def _healthz() -> Response:
    """The process is alive."""
    return answer({"status": "ok", "service": current_app.name})


@public
def _readyz() -> Response:
    """MongoDB answers within a second: 200, else 503."""
    try:
        with timeout(READY_WITHIN_S):
            current_app.extensions["ukeoi_store"].db.command("ping")
            if not current_app.extensions["ukeoi_indexed"]:
                edge.ensure_indexes(current_app)
    except PyMongoError as away:
        lines.warning("not_ready", why=str(away)[:300])
        headers = {"Retry-After": str(problems.RETRY_AFTER_S)}
        return problems.document(503, "not_ready", "MongoDB does not answer", headers=headers)
    return answer({"status": "ready", "service": current_app.name})


@public
@offers("*/*")
def _metrics() -> Response:
    """The figures for Prometheus."""
    return metrics.page()
