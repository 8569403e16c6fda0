"""What can go wrong that is nobody's bug.

* Refused        understood, and the answer is no             HTTP   delivery
  x Malformed    the words cannot be read                     400    parked
  x Invalid      the words are wrong                          422    parked
  x Unknown      no such thing, or not yours to see           404    later, then parked
  x Forbidden    it can be seen, but not changed by you       403    parked
  x Conflict     not in this state, or not any more           409    parked
    - Stale      an edit of a version that is no longer        412    -
  x TooMany      too often: wait                              429    later
* Unavailable    something we lean on is down                 503    later, then parked
* Crossing       only while hearing events: it is no refusal
  x Ignored      a named crossing: nothing to do              -      done
  x NotYet       its cause has not been heard                 -      later, then parked, then hourly

Anything else is a bug: 500 with nothing told to the caller, a traceback in the log.
A refusal has a stable `code` for programs, a sentence for people, and details as data.
It is raised without knowledge of HTTP; `shared.web` and `shared.worker` translate it, once each.
"""

from typing import Any


class Refused(Exception):
    """Understood, and the answer is no."""

    def __init__(self, code: str, detail: str = "", **details: Any) -> None:
        super().__init__(detail or code.replace("_", " "))
        self.code = code
        self.details = details


class Malformed(Refused):
    """The words cannot be read at all."""


class Invalid(Refused):
    """The words can be read and are wrong. `fields={name: [message]}` says where."""


class Unknown(Refused):
    """There is no such thing, or it is not the caller's to see."""


class Forbidden(Refused):
    """The caller may see it but not do this."""


class Conflict(Refused):
    """Not in this state, or not any more."""


class Stale(Conflict):
    """An edit named a version (`If-Match`) that is not the present one."""


class TooMany(Refused):
    """Too often; `retry_after_s` says when to come back."""

    def __init__(self, code: str, detail: str = "", *, retry_after_s: int, **details: Any) -> None:
        super().__init__(code, detail, **details)
        self.retry_after_s = retry_after_s


class Unavailable(Exception):
    """Something this service leans on is down; the same request may work later."""


class Crossing(Exception):
    """An event met a state in which it does not move the thing; the table of moves says which."""

    def __init__(self, code: str, detail: str = "", **details: Any) -> None:
        super().__init__(detail or code.replace("_", " "))
        self.code = code
        self.details = details


class Ignored(Crossing):
    """A named crossing: the event is rightly without effect."""


class NotYet(Crossing):
    """The event came before what it builds on; it is tried again later."""
