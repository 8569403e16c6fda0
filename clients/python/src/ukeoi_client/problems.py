"""What goes wrong, as exceptions.

Problem              the server refused; decide by `code`, never by `detail`
  Malformed          400
  Unauthenticated    401
  Forbidden          403
  NotFound           404, also for what this caller may not see
  Conflict           409: the state does not allow it
  Stale              412: somebody was faster; read again
  Invalid            422: `fields` says which words and why
  TooMany            429, and patience has ended
  Unavailable        502, 503, 504, and patience has ended
NoAnswer             no connection or no answer, and patience has ended
TimeIsUp             what was waited for did not come
"""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A problem document (RFC 9457)."""

    def __init__(self, asked: str, status: int, words: Mapping[str, Any]) -> None:
        self.asked = asked
        self.status = status
        self.code = str(words.get("code", ""))
        self.detail = str(words.get("detail", ""))
        self.fields: Mapping[str, list[str]] = words.get("fields", {})
        self.request_id = str(words.get("request_id", ""))
        self.words = words
        where = f" {dict(self.fields)}" if self.fields else ""
        super().__init__(f"{asked}: {status} {self.code}: {self.detail}{where}")


class Malformed(Problem):
    """400."""


class Unauthenticated(Problem):
    """401: there is no token, or none that is good."""


class Forbidden(Problem):
    """403: it can be seen, but not changed by this caller."""


class NotFound(Problem):
    """404: there is no such thing, or this caller may not see it."""


class Conflict(Problem):
    """409: the state does not allow it."""


class Stale(Problem):
    """412: it was changed since it was read."""


class Invalid(Problem):
    """422: `fields` says which words are not right, and why."""


class TooMany(Problem):
    """429: too many requests, for longer than patience lasts."""


class Unavailable(Problem):
    """502, 503 or 504, for longer than patience lasts."""


class NoAnswer(Exception):
    """No connection, or no answer, for longer than patience lasts."""


class TimeIsUp(Exception):
    """What was waited for did not come."""


KINDS: Mapping[int, type[Problem]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: Invalid,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def of(asked: str, status: int, words: Mapping[str, Any]) -> Problem:
    """Return the exception for an answer."""
    return KINDS.get(status, Problem)(asked, status, words)
