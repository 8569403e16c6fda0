"""gunicorn's worker with threads, which on its way out leaves no caller in the queue of its port.

gunicorn stops accepting but keeps the port open until the last connection ends: who is let in by
the kernel meanwhile is reset, after the request was sent. A gateway may not repeat a POST then.
"""

import select
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

# On the way out a kept connection is closed by the gateway, never by us while it may be writing to
# it: it keeps idle ones for 5 s (`keepalive_timeout` of its upstreams).
gthread.STOP_KEEPALIVE_LINGER = 8.0


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """Takes who waits already, then closes its port: whoever comes later is refused at once."""

    alive: bool
    sockets: list[Any]

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept or not; told to stop, close the port as well."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while listener.fileno() != -1 and select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
