"""Posting to a webhook: signed as Standard Webhooks has it, to the address that was checked.

Five seconds in all, no redirects, nothing of the answer is kept but its status.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from services.notify.outside import addresses
from services.notify.outside.addresses import NotThere, Target

POST_TIMEOUT_S = 5.0
ANSWER_MAX_BYTES = 64 * 1024
AGENT = "Ukeoi-Webhooks/1"

_TLS = ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: a status, or why there is none."""

    status: int | None
    error: str
    ms: int


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was checked, whatever the name leads to by now."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=POST_TIMEOUT_S)
        self.default_port = 443 if target.is_tls else 80
        self._target = target

    def connect(self) -> None:
        where = (self._target.address, self._target.port)
        self.sock = socket.create_connection(where, POST_TIMEOUT_S)
        if self._target.is_tls:
            tls = _TLS.wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = tls
            tls.do_handshake()

    def cut(self) -> None:
        """End whatever is being waited for."""
        with suppress(OSError):
            # Of the plain socket: that of TLS is not to be called from another thread.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def post(url: str, secrets: Sequence[str], id_: str, payload: str, *, loopback: bool) -> Answer:
    """Post a payload, and say what came of it; `id_` is the same each time it is posted."""
    began = time.monotonic()
    try:
        target = addresses.target(url, loopback=loopback)
        status: int | None = _post(target, _headers(secrets, id_, payload), payload.encode())
        error = "" if 200 <= (status or 0) < 300 else f"status_{status}"
    except NotThere as no:
        status, error = None, no.code
    except TimeoutError:
        status, error = None, "timeout"
    except ssl.SSLError:
        status, error = None, "tls"
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        late = time.monotonic() - began >= POST_TIMEOUT_S
        status, error = None, "timeout" if late else _code(wrong)
    return Answer(status, error, round((time.monotonic() - began) * 1000))


def _code(wrong: Exception) -> str:
    if isinstance(wrong, ConnectionRefusedError):
        return "refused"
    return "connection" if isinstance(wrong, OSError) else "not_http"


def _headers(secrets: Sequence[str], id_: str, payload: str) -> dict[str, str]:
    # The time of the receiver's clock, also where a test deployment has moved ours.
    at = datetime.now(UTC)
    signatures = [Signer(secret).sign(id_, at, payload) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _post(target: Target, headers: dict[str, str], body: bytes) -> int:
    connection = _Pinned(target)
    deadline = threading.Timer(POST_TIMEOUT_S, connection.cut)
    deadline.daemon = True
    deadline.start()
    try:
        connection.request("POST", target.path, body, headers)
        answer = connection.getresponse()
        answer.read(ANSWER_MAX_BYTES)
        return answer.status
    finally:
        deadline.cancel()
        connection.close()
