"""Receivers of webhooks: real servers on this machine that verify with the convention's library."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier


@dataclass
class Receiver:
    """What was posted here; it answers `status` after `delay_s`, with `headers`."""

    status: int = 200
    delay_s: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def verified(self, secret: str) -> list[Any]:
        """Return every body, each verified with this secret; the library raises otherwise."""
        return [Verifier(secret).verify(body, headers) for headers, body in self.posts]


@contextmanager
def receiver(port: int = 0, **how: Any) -> Iterator[Receiver]:
    """Run a receiver on a port of this machine."""
    state = Receiver(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            state.posts.append((dict(self.headers), body))
            time.sleep(state.delay_s)
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            """Nothing of it is worth a line."""

    class Server(ThreadingHTTPServer):
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """Who hangs up early is no error here."""

    server = Server(("127.0.0.1", port), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
