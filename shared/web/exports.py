"""A member's own data, as each service holds it: `GET /v1/exports/<service>`."""

from collections.abc import Iterator, Sequence

import orjson
from flask import Response, stream_with_context

from shared import personal
from shared.documents import Doc
from shared.errors import Forbidden
from shared.personal import Part
from shared.web import request as at
from shared.web.blueprint import Blueprint, offers
from shared.web.blueprint import blueprint as make_blueprint

NDJSON = "application/x-ndjson"


def blueprint(service: str, parts: Sequence[Part]) -> Blueprint:
    """Return a service's route for exports; the documents of all are one, so names differ."""
    blp = make_blueprint("exports", __name__, prefix="/v1/exports")

    def export() -> Response:
        return _answer(service, parts)

    export.__name__ = f"export_{service}"
    export.__doc__ = f"""Return all that {service} holds about oneself, as NDJSON.

    Each line is `{{"kind": ..., "data": ...}}`; the last is of kind `end` and counts those between
    it and the first. Others are named by their ids alone. 403 login_required.
    """
    blp.get(f"/{service}")(offers(NDJSON)(blp.response(200)(export)))
    return blp


def _answer(service: str, parts: Sequence[Part]) -> Response:
    who = at.caller()
    if who.scopes is not None:
        raise Forbidden("login_required", "a personal API token may not do this: log in")
    found = personal.lines(at.store().db, service, parts, who.id, at.now())
    response = Response(stream_with_context(_written(found)), mimetype=NDJSON)
    response.headers["Content-Disposition"] = f'attachment; filename="{service}.ndjson"'
    return response


def _written(found: Iterator[Doc]) -> Iterator[bytes]:
    return (orjson.dumps(line) + b"\n" for line in found)
