"""A web process that was told to stop, for what would hold it up: open streams end at once."""

import signal
import threading
from typing import Any

STOPPING = threading.Event()
"""Set by SIGTERM; a stream waits on it instead of sleeping."""


def watch() -> None:
    """Set `STOPPING` at SIGTERM, before what the server does about it; in the main thread."""
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:
        STOPPING.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)
