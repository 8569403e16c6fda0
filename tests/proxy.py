"""A TCP proxy in front of a server, whose connections can be cut, held up, and closed by half."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK_BYTES = 65536


class Proxy:
    """Forwards `port` to a server. Every fault but a cut lasts until `heal`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._open = True
        self._delay_s = 0.0
        self._flows = threading.Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, as a broker that restarts does."""
        pairs, self._pairs = self._pairs, []
        for one in (end for pair in pairs for end in pair):
            _shut(one, socket.SHUT_RDWR)

    def half_close(self) -> None:
        """Let every caller see the server's end closed, while what it sends still arrives."""
        for here, _ in self._pairs:
            _shut(here, socket.SHUT_WR)

    def shut(self) -> None:
        """End every connection, and those that come, until `reopen`."""
        self._open = False
        self.cut()

    def reopen(self) -> None:
        """Let connections come again."""
        self._open = True

    def delay(self, seconds: float) -> None:
        """Let each chunk wait for so long, both ways."""
        self._delay_s = seconds

    def stall(self) -> None:
        """Keep connections open and let nothing through, as a lost route does."""
        self._flows.clear()

    def heal(self) -> None:
        """End every fault."""
        self._open = True
        self._delay_s = 0.0
        self._flows.set()

    def close(self) -> None:
        """End everything."""
        self._open = False
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            there = self._connected() if self._open else None
            if there is None:
                here.close()
                continue
            alive = [pair for pair in self._pairs if pair[0].fileno() != -1]
            self._pairs = [*alive, (here, there)]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _connected(self) -> socket.socket | None:
        try:
            return socket.create_connection(self._to, timeout=5)
        except OSError:  # the server behind is away
            return None

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.settimeout(None)
            while said := one.recv(CHUNK_BYTES):
                self._flows.wait()
                if self._delay_s:
                    time.sleep(self._delay_s)
                other.sendall(said)
        for end in (one, other):
            _shut(end, socket.SHUT_RDWR)
        one.close()


def _shut(one: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(how)


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """Give a proxy to a server."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
