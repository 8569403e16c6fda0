"""What the environment says of mail and webhooks; nothing of it must be said.

* `WEBHOOK_LOOPBACK=1`   webhooks may go to this machine, by http too; only in a test deployment
"""

import functools
import os
from dataclasses import dataclass

from environs import FileAwareEnv


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How this process reaches the outside."""

    webhook_loopback: bool = False


@functools.cache
def here() -> Config:
    """Return what this process's environment says.

    :raises SystemExit: it says what only a test deployment may
    """
    env = FileAwareEnv(strip_whitespace=True)
    loopback = env.bool("WEBHOOK_LOOPBACK", False)
    if loopback and os.environ.get("UKEOI_TEST_DEPLOYMENT") != "1":
        raise SystemExit("WEBHOOK_LOOPBACK opens this machine: only for UKEOI_TEST_DEPLOYMENT=1")
    return Config(webhook_loopback=loopback)
