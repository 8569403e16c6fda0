"""Asking the services over HTTP, in the name of the operator who looks."""

import contextlib
import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Doc = dict[str, Any]

SERVICES = ("accounts", "jobs", "contracts", "escrow", "notify")
TIMEOUT_S = 10
"""A service answers within 6 s, if only that its database is away."""
AGENT_MAX = 200


class Refused(Exception):
    """A service has refused: its status, its code and what it said about it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


class Away(Refused):
    """A service does not answer."""

    def __init__(self, service: str, why: object) -> None:
        super().__init__(503, "service_away", f"{service}: {why}")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: their token, and the address and program that the services are to know."""

    addresses: Mapping[str, str]
    token: str = ""
    seen_from: str = ""
    agent: str = ""
    request_id: str = ""

    def get(self, service: str, path: str) -> Doc:
        """GET what a service has there.

        :raises Refused: it says no; Away: it says nothing
        """
        return self.send(service, "GET", path)

    def post(self, service: str, path: str, words: Doc | None = None, *, key: str = "") -> Doc:
        """POST words to a service, under an Idempotency-Key when one is given; raises as `get`."""
        return self.send(service, "POST", path, {} if words is None else words, key=key)

    def everywhere(self, path: str) -> dict[str, Doc | None]:
        """GET the same of every service, `{}` standing for its name; None: it does not answer.

        :raises Refused: one of them says no
        """
        found: dict[str, Doc | None] = dict.fromkeys(SERVICES)
        for name in SERVICES:
            with contextlib.suppress(Away):
                found[name] = self.get(name, path.format(name))
        return found

    def send(
        self, service: str, method: str, path: str, words: Doc | None = None, *, key: str = ""
    ) -> Doc:
        """Send a request and return what is answered; raises as `get`."""
        headers = {
            "Authorization": f"Bearer {self.token}" if self.token else "",
            "Content-Type": "application/json" if words is not None else "",
            "Idempotency-Key": key,
            "X-Forwarded-For": self.seen_from,
            "X-Request-ID": self.request_id,
            "User-Agent": self.agent[:AGENT_MAX],
        }
        wire = http.client.HTTPConnection(self.addresses[service], timeout=TIMEOUT_S)
        try:
            body = None if words is None else orjson.dumps(words)
            wire.request(method, path, body, {k: v for k, v in headers.items() if v})
            answer = wire.getresponse()
            status, said = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as why:
            raise Away(service, why) from why
        finally:
            wire.close()
        return _read(service, status, said)


def _read(service: str, status: int, said: bytes) -> Doc:
    try:
        words: Doc = orjson.loads(said) if said else {}
    except orjson.JSONDecodeError as wrong:
        raise Away(service, wrong) from wrong
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Away(service, words.get("detail", status))
    if status >= http.HTTPStatus.BAD_REQUEST:
        fields = "; ".join(f"{name}: {' '.join(why)}" for name, why in _fields(words))
        detail = str(words.get("detail", ""))
        raise Refused(
            status, str(words.get("code", "")), f"{detail} ({fields})" if fields else detail
        )
    return words


def _fields(words: Doc) -> list[tuple[str, list[str]]]:
    return [(name, [str(one) for one in why]) for name, why in words.get("fields", {}).items()]


def addresses() -> dict[str, str]:
    """Return where the services' web processes are, as the gateway is told: `JOBS_WEB=host:port`.

    :raises SystemExit: names what is missing
    """
    named = {name: os.environ.get(f"{name.upper()}_WEB", "") for name in SERVICES}
    if missing := [f"{name.upper()}_WEB" for name, address in named.items() if not address]:
        raise SystemExit(f"The environment is not right: {', '.join(missing)} missing")
    return named
