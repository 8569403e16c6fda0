"""The one clock. Read once at the edge (a request, a delivery, a timer), handed down as `now`.

A test deployment may move it: with `UKEOI_TEST_DEPLOYMENT=1` the file named by `UKEOI_CLOCK_FILE`
holds the seconds to add. Without the first variable the second one is refused at the start.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset_file: Path | None = None


def allow_offset(path: str) -> None:
    """Read the offset from this file from now on; only a test deployment calls this."""
    global _offset_file
    if os.environ.get("UKEOI_TEST_DEPLOYMENT") != "1":
        raise SystemExit("UKEOI_CLOCK_FILE moves the clock: it is only for UKEOI_TEST_DEPLOYMENT=1")
    _offset_file = Path(path)


def now() -> datetime:
    """Return the time now, UTC, cut to milliseconds as MongoDB keeps it."""
    at = datetime.now(UTC)
    if _offset_file is not None:
        at += _offset()
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _offset() -> timedelta:
    try:
        return timedelta(seconds=float(_offset_file.read_text()))  # type: ignore[union-attr]
    except (OSError, ValueError):
        return timedelta(0)


def text(at: datetime) -> str:
    """Say a time as RFC 3339 UTC with milliseconds: 2026-12-07T00:00:00.000Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(words: str) -> datetime:
    """Read what `text` said."""
    return datetime.fromisoformat(words)
