"""Finds and ends the processes of one checkout by the mark in their environment.

The last resort of `./dev down`: it needs neither supervisor nor pid files, which may have died or
been deleted before the processes did.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from deploy.dev.home import Home

POLITE_S = 10


def marked(home: Home) -> list[int]:
    """Return the pids of this deployment's processes; never this one or those that started it."""
    mark = "=".join(home.mark).encode()
    family = _ancestors(os.getpid())
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid not in family and mark in _environment(pid)]


def end_marked(home: Home) -> int:
    """End every process that carries the mark, politely first; return how many there were."""
    found = marked(home)
    for how, patience_s in ((signal.SIGTERM, POLITE_S), (signal.SIGKILL, POLITE_S)):
        for pid in marked(home):
            _send(pid, signal.SIGCONT)
            _send(pid, how)
        _wait_until_none(home, patience_s)
    return len(found)


def _wait_until_none(home: Home, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while marked(home) and time.monotonic() < deadline:
        time.sleep(0.1)


def _send(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)


def _environment(pid: int) -> list[bytes]:
    """Return NAME=value of a process; nothing when it is gone, a zombie or another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _ancestors(pid: int) -> set[int]:
    family = set()
    while pid > 0:
        family.add(pid)
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            break
        pid = int(status.rpartition(")")[2].split()[1])
    return family
