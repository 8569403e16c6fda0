"""A caller of the API that does not give up: the habits your own program needs, in one file.

* Every POST carries an Idempotency-Key, and is repeated with the same key when no answer came: the
  same key does the thing once.
* No connection, no answer within 10 s, 502, 503, 504 and 429 are passing troubles: ask again, a
  little later each time, and as `Retry-After` says when it does.
* After a 202 another service finishes the thing: a 404 for a moment is no answer yet (`soon=True`).
* An access token lives some minutes: a 401 is answered by logging in again, once.
"""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2

TIMEOUT_S = 10.0
PATIENCE_S = 90.0
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 2.0
PASSING = (429, 502, 503, 504)

Words = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def is_replayed(self) -> bool:
        """Say whether the same key had done this before."""
        return self.headers.get("Idempotency-Replayed") == "true"


class Unexpected(Exception):
    """The story did not go on as it should: what was asked, what was expected, what came."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(f"{what}: expected {expected}, got {got}")
        self.what = what
        self.expected = expected
        self.got = got


@dataclass(slots=True)
class Api:
    """The API at one address; `on_trouble` hears of each passing trouble."""

    url: str
    patience_s: float = PATIENCE_S
    on_trouble: Callable[[str], None] = lambda _trouble: None
    _http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx2.Client(base_url=self.url, timeout=TIMEOUT_S, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        want: tuple[int, ...],
        words: Words | None = None,
        query: Words | None = None,
        headers: Words | None = None,
        soon: bool = False,
    ) -> Answer:
        """Ask until there is an answer with a status of `want`; other answers are unexpected."""
        passing = (*PASSING, 404) if soon else PASSING
        asked = f"{method} {path}"
        pauses = _Pauses(self.patience_s)
        while True:
            try:
                response = self._http.request(
                    method, path, json=words, params=query, headers=headers
                )
            except httpx2.TransportError as trouble:
                self._pause(pauses, asked, want, f"{type(trouble).__name__}: {trouble}")
                continue
            if response.status_code in want:
                return Answer(response.status_code, _body(response), response.headers)
            said = f"{response.status_code} {response.text[:500]}"
            if response.status_code not in passing:
                raise Unexpected(asked, want, said)
            self._pause(pauses, asked, want, said, response.headers.get("Retry-After"))

    def _pause(
        self,
        pauses: "_Pauses",
        asked: str,
        want: tuple[int, ...],
        trouble: str,
        retry_after: str | None = None,
    ) -> None:
        if not pauses.take(retry_after):
            raise Unexpected(f"{asked} for {self.patience_s:.0f} s", want, trouble)
        self.on_trouble(f"{asked}: {trouble[:100]}")

    def wait_until(self, what: str, look: Callable[[], T], good: Callable[[T], bool]) -> T:
        """Look again and again until what is seen is good; facts need a moment to get around."""
        pauses = _Pauses(self.patience_s)
        while not good(seen := look()):
            if not pauses.take(None):
                raise Unexpected(what, f"within {self.patience_s:.0f} s", seen)
        return seen


@dataclass(slots=True)
class Caller:
    """A member at the API, or anybody: `Caller(api)` has no token."""

    api: Api
    email: str = ""
    password: str = ""
    id: str = ""
    name: str = ""
    _token: str = ""

    def register(self, **facts: Any) -> None:
        """Become a member and log in.

        Registration takes no key: when its answer was lost, a repetition says 409, and it was us.
        """
        words = {"email": self.email, "password": self.password, **facts}
        self.api.ask("POST", "/v1/members", words=words, want=(201, 409))
        self.log_in()

    def log_in(self) -> None:
        """Get a fresh access token."""
        words = {"email": self.email, "password": self.password}
        session = self.api.ask("POST", "/v1/sessions", words=words, want=(201,)).body
        self._token = session["access_token"]
        self.id = session["member"]["id"]
        self.name = session["member"]["display_name"]

    def get(self, path: str, *, soon: bool = False, **query: Any) -> dict[str, Any]:
        """Read something."""
        return self._ask("GET", path, want=(200,), query=query, soon=soon).body

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Read a list to its end, page by page."""
        found: list[dict[str, Any]] = []
        page = self.get(path, **query)
        while True:
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            page = self.get(path, **{**query, "cursor": page["next_cursor"]})

    def post(
        self,
        path: str,
        words: Words | None = None,
        *,
        want: tuple[int, ...] = (200, 201, 202),
        key: str | None = None,
        soon: bool = False,
    ) -> Answer:
        """Do something, once, however often it has to be asked."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._ask("POST", path, want=want, words=words or {}, headers=headers, soon=soon)

    def refused(self, method: str, path: str, words: Words | None = None) -> tuple[int, str]:
        """Ask for what should be refused; return the status and the code of the refusal."""
        refusals = (400, 401, 403, 404, 409, 422)
        answer = self._ask(method, path, want=refusals, words=words)
        return answer.status, str(answer.body.get("code"))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        want: tuple[int, ...],
        headers: Words | None = None,
        **how: Any,
    ) -> Answer:
        answer = self.api.ask(method, path, want=(*want, 401), headers=self._signed(headers), **how)
        if answer.status == 401 and self._token:
            self.log_in()
            return self.api.ask(method, path, want=want, headers=self._signed(headers), **how)
        if answer.status not in want:
            raise Unexpected(f"{method} {path}", want, f"{answer.status} {answer.body}")
        return answer

    def _signed(self, headers: Words | None) -> dict[str, Any]:
        token = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {**token, **(headers or {})}


class _Pauses:
    """Pauses that grow, with jitter, until patience ends."""

    def __init__(self, patience_s: float) -> None:
        self._ends = time.monotonic() + patience_s
        self._next_s = PAUSE_FIRST_S

    def take(self, retry_after: str | None) -> bool:
        """Pause; False when patience has ended."""
        if time.monotonic() >= self._ends:
            return False
        asked_s = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        pause_s = max(asked_s, self._next_s * random.uniform(0.5, 1.0))  # noqa: S311
        time.sleep(min(pause_s, max(0.0, self._ends - time.monotonic())))
        self._next_s = min(self._next_s * 1.7, PAUSE_MAX_S)
        return True


def _body(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
