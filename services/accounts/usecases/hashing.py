"""Passwords as argon2id (19 MiB, 2 passes: 25 ms), a bounded number at a time in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Unavailable

AT_ONCE_MAX = 2
WAIT_MAX_S = 4.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_turns = threading.BoundedSemaphore(AT_ONCE_MAX)
# What is verified when there is nobody of that address, so that it takes the same time.
_NOBODY = _hasher.hash("nobody has this password")


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one's turn to hash: two at a time keep the other requests going.

    :raises Unavailable: too many wait
    """
    if not _turns.acquire(timeout=WAIT_MAX_S):
        raise Unavailable("too many passwords are being hashed")
    try:
        yield
    finally:
        _turns.release()


def hash_password(password: str) -> str:
    """Return the hash to keep; only within one's `turn`."""
    return _hasher.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Say whether this is the password; without a kept hash it never is, after the same time.

    Only within one's `turn`.
    """
    try:
        _hasher.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def rehashed(password: str, kept: str) -> str | None:
    """Return a new hash when the kept one was made at another cost than today's; else None.

    Only within one's `turn`.
    """
    return _hasher.hash(password) if _hasher.check_needs_rehash(kept) else None
