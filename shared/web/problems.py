"""What goes wrong, said in HTTP: the one table from refusals to statuses (RFC 9457)."""

from typing import Any

import bson.errors
import orjson
import structlog
from flask import Response
from marshmallow import Schema, fields
from pymongo.errors import (
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    PyMongoError,
    WTimeoutError,
)
from werkzeug.exceptions import HTTPException

from shared.auth import Unauthenticated
from shared.errors import (
    Conflict,
    Crossing,
    Forbidden,
    Invalid,
    Malformed,
    Refused,
    Stale,
    TooMany,
    Unavailable,
    Unknown,
)
from shared.store import is_away

RETRY_AFTER_S = 2
TYPE_URL = "/docs/problems"

# The first that fits counts: a narrower refusal stands before the wider.
STATUS: dict[type[Refused], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    Unknown: 404,
    Stale: 412,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
}
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# What Flask refuses is called as the gateway calls it.
CODES = {400: "malformed", 404: "no_such_path", 413: "body_too_large"}
# No document MongoDB could keep: the words were wrong, whatever the schema let through.
UNKEEPABLE = (bson.errors.BSONError, DocumentTooLarge, OverflowError, RecursionError, UnicodeError)
AWAY = (Unavailable, ExecutionTimeout, WTimeoutError)

log = structlog.get_logger()


class ProblemSchema(Schema):
    """An error, RFC 9457. `code` is stable; `fields` says what is wrong where (422)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    request_id = fields.String(required=True)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), data_key="fields"
    )
    details = fields.Dict(keys=fields.String())


class Problem(Exception):
    """A refusal that only HTTP knows: 406, 413, 415, 428."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def answer(error: Exception) -> Response:
    """Return the problem document of anything that was raised."""
    match error:
        case Refused():
            return _refused(error)
        case Problem():
            return document(error.status, error.code, str(error))
        case HTTPException():
            return _http(error)
        case Crossing():
            return document(409, error.code, str(error))
        case DuplicateKeyError():
            return _bug(error)
        case Unavailable() | PyMongoError() if _is_away(error):
            log.warning("unavailable", why=str(error)[:300])
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            return document(503, "unavailable", "please try again in a moment", headers=headers)
        case _ if isinstance(error, UNKEEPABLE):
            return document(422, "unkeepable", "these words cannot be kept")
        case _:
            return _bug(error)


def _refused(error: Refused) -> Response:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    details = dict(error.details)
    where = details.pop("fields", None)
    return document(status, error.code, str(error), fields=where, details=details, headers=headers)


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    kept = {k: v for k, v in error.get_headers() if k.lower() != "content-type"}
    code = CODES.get(error.code, error.name.lower().replace(" ", "_"))
    if error.code == 500:
        return _bug(error)
    return document(error.code, code, error.description or "", headers=kept)


def _is_away(error: Exception) -> bool:
    if isinstance(error, AWAY) or is_away(error):
        return True
    return isinstance(error, PyMongoError) and (
        error.has_error_label("RetryableWriteError")
        or error.has_error_label("TransientTransactionError")
    )


def _bug(error: Exception) -> Response:
    log.error("bug", exc_info=error)
    return document(500, "internal_error", "this is our fault; it has been noted")


def document(
    status: int,
    code: str,
    detail: str,
    *,
    fields: dict[str, list[str]] | None = None,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return one problem document."""
    words: dict[str, Any] = {
        "type": f"{TYPE_URL}#{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if fields:
        words["fields"] = fields
    if details:
        words["details"] = details
    body = orjson.dumps(words, default=str)
    return Response(body, status, headers=headers, mimetype="application/problem+json")
