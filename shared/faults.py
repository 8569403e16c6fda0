"""Named points between two steps of I/O, where a test deployment may kill the process.

`UKEOI_CRASH_AT=after_write:3` kills it at its third pass. Outside a test deployment
(`UKEOI_TEST_DEPLOYMENT=1`) the variable is refused at the start; a point costs one comparison.
"""

import os
import signal

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


def arm(wish: str) -> None:
    """Arm one point: `name:n`, to die at the n-th pass.

    :raises SystemExit: this is no test deployment, or there is no such point
    """
    if os.environ.get("UKEOI_TEST_DEPLOYMENT") != "1":
        raise SystemExit("UKEOI_CRASH_AT kills processes: it is only for UKEOI_TEST_DEPLOYMENT=1")
    name, _, nth = wish.partition(":")
    if name not in POINTS:
        raise SystemExit(f"no crash point {name!r}; there are {', '.join(POINTS)}")
    _armed[name] = int(nth or 1)


def point(name: str) -> None:
    """Pass a named point; die here when this pass is the armed one."""
    if not _armed:
        return
    if (left := _armed.get(name)) is not None:
        _armed[name] = left - 1
        if left == 1:
            os.kill(os.getpid(), signal.SIGKILL)
