"""Named points between two steps of I/O, where a test deployment may kill the process.

`UKEOI_CRASH_AT=after_write:3` kills it at its third pass. `UKEOI_FAULTS_FILE` names a file that
holds the same words and is read when the process gets SIGUSR2. Outside a test deployment
(`UKEOI_TEST_DEPLOYMENT=1`) both are refused at the start; a point costs one comparison.
"""

import os
import signal
import threading
from pathlib import Path

POINTS = (
    "before_write",
    "after_write",
    "before_publish",
    "after_publish",
    "after_facts",
    "after_clear",
    "before_ack",
    "after_ack",
    "before_commit",
    "after_commit",
    "timer_claimed",
    "delivery_claimed",
    "before_outside",
    "after_outside",
)

_armed: dict[str, int] = {}
_file: Path | None = None


def listen(path: str) -> None:
    """Arm what this file says whenever SIGUSR2 comes.

    :raises SystemExit: this is no test deployment
    """
    global _file
    _refuse_in_earnest("UKEOI_FAULTS_FILE")
    _file = Path(path)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR2, lambda *_: arm(Path(path).read_text().strip()))


def arm(wish: str) -> None:
    """Arm one point: `name:n`, to die at the n-th pass.

    :raises SystemExit: this is no test deployment, or there is no such point
    """
    _refuse_in_earnest("UKEOI_CRASH_AT")
    name, _, nth = wish.partition(":")
    if name not in POINTS:
        raise SystemExit(f"no crash point {name!r}; there are {', '.join(POINTS)}")
    _armed[name] = int(nth or 1)


def _refuse_in_earnest(variable: str) -> None:
    if os.environ.get("UKEOI_TEST_DEPLOYMENT") != "1":
        raise SystemExit(f"{variable} kills processes: it is only for UKEOI_TEST_DEPLOYMENT=1")


def point(name: str) -> None:
    """Pass a named point; die here when this pass is the armed one."""
    if not _armed:
        return
    if (left := _armed.get(name)) is not None:
        _armed[name] = left - 1
        if left == 1:
            _die()


def _die() -> None:
    """Die without a word; that the file is gone tells that it was here and not by chance."""
    if _file is not None:
        _file.unlink(missing_ok=True)
    os.kill(os.getpid(), signal.SIGKILL)
