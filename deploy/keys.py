"""Makes the Ed25519 key pair that signs access tokens: `python -m deploy.keys DIR [--rotate]`.

DIR/private/<kid>.pem is for accounts alone, DIR/public/<kid>.pem for every service. A second call
changes nothing; `--rotate` adds a pair. A `kid` sorts by birth, so the newest is the last by name;
an old pair is retired once the tokens it signed have ended.
"""

import argparse
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

# Half a minute until the new key is read and half until it signs, a token's life, and the leeway.
RETIRE_AFTER_S = 60 + 15 * 60 + 60


def ensure(folder: Path, *, rotate: bool = False) -> list[str]:
    """Make a pair when there is none (or another is wanted); return the kids, oldest first."""
    private, public = folder / "private", folder / "public"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    public.mkdir(mode=0o755, parents=True, exist_ok=True)
    if rotate or not any(private.glob("*.pem")):
        _make_private(private)
    for path in private.glob("*.pem"):
        _publish(path, public / path.name)
    return sorted(path.stem for path in private.glob("*.pem"))


class TooEarly(Exception):
    """Tokens that an old pair signed may still be good."""


def kids(folder: Path) -> list[str]:
    """Return the names of the pairs, the oldest first."""
    return sorted(path.stem for path in (folder / "private").glob("*.pem"))


def made_at(kid: str) -> datetime:
    """Return when a pair was made; its name says so."""
    return datetime.strptime(kid.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def retire(folder: Path, *, now: datetime, at_once: bool = False) -> list[str]:
    """Delete all pairs but the newest, the public halves last; return the names of the deleted.

    :raises TooEarly: what they signed may still be good, and it is not to be `at_once`
    """
    *old, newest = kids(folder)
    age_s = (now - made_at(newest)).total_seconds()
    if old and age_s < RETIRE_AFTER_S and not at_once:
        raise TooEarly(f"{newest} is {age_s:.0f} s old: wait until it is {RETIRE_AFTER_S} s")
    for half in ("private", "public"):
        for kid in old:
            (folder / half / f"{kid}.pem").unlink(missing_ok=True)
    return old


def secret(path: Path) -> str:
    """Return the random secret kept in this file; the first call makes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, secrets.token_hex(32).encode(), mode=0o600)
    return path.read_text()


def _make_private(folder: Path) -> None:
    kid = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    _write(folder / f"{kid}.pem", pem, mode=0o600)


def _publish(private: Path, public: Path) -> None:
    if public.exists():
        return
    key = load_pem_private_key(private.read_bytes(), password=None)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(public, pem, mode=0o644)


def _write(path: Path, pem: bytes, *, mode: int) -> None:
    """Write the whole file or none: readers re-read this folder while it changes."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(pem)
    draft.replace(path)


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("folder", type=Path)
    words.add_argument("--rotate", action="store_true", help="add a pair beside the present one")
    args = words.parse_args()
    print("\n".join(ensure(args.folder, rotate=args.rotate)))


if __name__ == "__main__":
    main()
