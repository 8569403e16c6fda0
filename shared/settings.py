"""What the environment says, read once at the start; every bad variable is reported at once.

`NAME_FILE` names a file that holds the value of `NAME`, as Docker secrets do.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environs import EnvValidationError, FileAwareEnv, validate

from shared import clock, faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One process's settings; tests make their own."""

    mongo_url: str
    mongo_db: str
    amqp_url: str = ""
    jwt_public_keys: Path
    jwt_private_keys: Path | None = None
    jwt_issuer: str = "ukeoi"
    jwt_audience: str = "ukeoi"
    profile: str = "default"
    profiles_dir: Path = Path("deploy/profiles")
    worker_port: int = 0
    log_level: str = "info"
    public_url: str = "http://127.0.0.1:8080"
    # How many proxies of ours stand in front: so many last entries of X-Forwarded-For are true.
    proxy_hops: int = 0


@functools.cache
def read() -> Settings:
    """Return the settings of this process; a test deployment also gets its moved clock.

    :raises SystemExit: names every variable that is missing or wrong
    """
    env = FileAwareEnv(eager=False, strip_whitespace=True)
    words: dict[str, Any] = {
        "mongo_url": env.str("MONGO_URL", validate=validate.Length(min=1)),
        "mongo_db": env.str("MONGO_DB", validate=validate.Length(min=1)),
        "amqp_url": env.str("AMQP_URL", validate=validate.Length(min=1)),
        "jwt_public_keys": env.path("JWT_PUBLIC_KEYS"),
        "jwt_private_keys": env.path("JWT_PRIVATE_KEYS", None),
        "jwt_issuer": env.str("JWT_ISSUER", "ukeoi"),
        "jwt_audience": env.str("JWT_AUDIENCE", "ukeoi"),
        "profile": env.str("PROFILE", "default", validate=validate.Regexp(r"[a-z0-9_-]+\Z")),
        "profiles_dir": env.path("PROFILES_DIR", Path("deploy/profiles")),
        "worker_port": env.int("WORKER_PORT", 0, validate=validate.Range(0, 65535)),
        "log_level": env.str(
            "LOG_LEVEL", "info", validate=validate.OneOf(["debug", "info", "warning", "error"])
        ),
        "public_url": env.str("PUBLIC_URL", "http://127.0.0.1:8080"),
        "proxy_hops": env.int("PROXY_HOPS", 0, validate=validate.Range(0, 5)),
    }
    clock_file = env.str("UKEOI_CLOCK_FILE", "")
    crash_at = env.str("UKEOI_CRASH_AT", "")
    faults_file = env.str("UKEOI_FAULTS_FILE", "")
    try:
        env.seal()
    except EnvValidationError as wrong:
        bad = wrong.error_messages
        named = bad.items() if isinstance(bad, Mapping) else [("", bad)]
        lines = [f"  {name}: {' '.join(map(str, why))}" for name, why in named]
        raise SystemExit("\n".join(["The environment is not right:", *lines])) from wrong
    if clock_file:
        clock.allow_offset(clock_file)
    if crash_at:
        faults.arm(crash_at)
    if faults_file:
        faults.listen(faults_file)
    return Settings(**words)
