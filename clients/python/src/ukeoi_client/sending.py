"""One request until it has its answer: what is asked again, when, and for how long."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx2

from ukeoi_client import problems

TIMEOUT_S = 10.0
PATIENCE_S = 90.0
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 2.0
PASSING = (429, 502, 503, 504)

Words = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the server said."""

    status: int
    body: T
    headers: Mapping[str, str]
    text: str = ""

    @property
    def is_replayed(self) -> bool:
        """Say whether the same key had done this before."""
        return self.headers.get("Idempotency-Replayed") == "true"

    @property
    def etag(self) -> str:
        """The version of the representation, for `if_match`."""
        return self.headers.get("ETag", "")

    @property
    def location(self) -> str:
        """Where the thing that was made is, or will be."""
        return self.headers.get("Location", "")


@dataclass(slots=True)
class Sender:
    """The connections to one marketplace; `on_trouble` hears of each passing trouble."""

    http: httpx2.Client
    patience_s: float = PATIENCE_S
    on_trouble: Callable[[str], None] = lambda _trouble: None

    def send(
        self,
        method: str,
        path: str,
        *,
        words: Words | None = None,
        query: Words | None = None,
        headers: Mapping[str, str] | None = None,
        soon: bool = False,
    ) -> Answer[Any]:
        """Ask until there is an answer; with `soon` a 404 is none yet.

        :raises Problem: the answer is a refusal
        :raises NoAnswer: there was none while patience lasted
        """
        asked = f"{method} {path}"
        passing = (*PASSING, 404) if soon else PASSING
        pauses = Pauses(self.patience_s)
        while True:
            try:
                response = self.http.request(
                    method, path, json=words, params=query, headers=dict(headers or {})
                )
            except httpx2.TransportError as trouble:
                why = f"{type(trouble).__name__}: {trouble}"
                if not pauses.take():
                    raise problems.NoAnswer(f"{asked}: {why}") from trouble
                self.on_trouble(f"{asked}: {why[:100]}")
                continue
            if response.status_code < 400:
                return Answer(
                    response.status_code, _body(response), response.headers, response.text
                )
            refused = problems.of(asked, response.status_code, _words(response))
            if response.status_code not in passing:
                raise refused
            if not pauses.take(response.headers.get("Retry-After")):
                raise refused
            self.on_trouble(f"{asked}: {response.status_code} {refused.code}")

    def wait_until(self, what: str, look: Callable[[], T], good: Callable[[T], bool]) -> T:
        """Look again and again until what is seen is good; facts need a moment to get around.

        :raises TimeIsUp: it was not, while patience lasted
        """
        pauses = Pauses(self.patience_s)
        while not good(seen := look()):
            if not pauses.take():
                raise problems.TimeIsUp(f"not within {self.patience_s:.0f} s: {what}; {seen}")
        return seen


class Pauses:
    """Pauses that grow, with jitter, until patience ends."""

    def __init__(self, patience_s: float) -> None:
        self._ends = time.monotonic() + patience_s
        self._next_s = PAUSE_FIRST_S

    def take(self, retry_after: str | None = None) -> bool:
        """Pause, at least as long as the server asks for; False when patience has ended."""
        if time.monotonic() >= self._ends:
            return False
        asked_s = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        pause_s = max(asked_s, self._next_s * random.uniform(0.5, 1.0))  # noqa: S311
        time.sleep(min(pause_s, max(0.0, self._ends - time.monotonic())))
        self._next_s = min(self._next_s * 1.7, PAUSE_MAX_S)
        return True


def _body(response: httpx2.Response) -> Any:
    if "json" not in response.headers.get("Content-Type", "json"):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _words(response: httpx2.Response) -> dict[str, Any]:
    body = _body(response)
    return body if isinstance(body, dict) else {"detail": response.text[:500]}
