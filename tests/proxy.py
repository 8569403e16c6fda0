"""A TCP proxy in front of a server, whose connections can be cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    """Forwards `port` to a server; `cut` ends what is connected, `shut` also what comes."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, as a broker that restarts does."""
        pairs, self._pairs = self._pairs, []
        for one in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def shut(self) -> None:
        """End every connection, and those that come, until `reopen`."""
        self._open = False
        self.cut()

    def reopen(self) -> None:
        """Let connections come again."""
        self._open = True

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
            if not self._open:
                here.close()
                continue
            there = socket.create_connection(self._to)
            self._pairs.append((here, there))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := one.recv(65536):
            other.sendall(said)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """Give a proxy to a server."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
