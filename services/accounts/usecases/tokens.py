"""Access tokens are signed here and nowhere else; refresh tokens are random, kept as hashes."""

import hashlib
import secrets
import time
from datetime import datetime
from pathlib import Path

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.accounts.domain.member import Member
from services.accounts.domain.session import ACCESS_LIFE_S
from shared import auth, ids
from shared.errors import Unavailable

REREAD_S = 30.0

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
log = structlog.get_logger()


class Signer:
    """Signs with the newest private key whose public half the services can know by now."""

    def __init__(self, directory: Path, keys: auth.Keys, issuer: str, audience: str) -> None:
        self._directory = directory
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._private: dict[str, PrivateKey] = {}
        self._read_at = float("-inf")

    def access_token(
        self,
        member: Member,
        session_id: str,
        *,
        now: datetime,
        scopes: tuple[str, ...] | None = None,
    ) -> str:
        """Return a token for 15 minutes; with `scopes` it is a program's, and has no roles.

        :raises Unavailable: there is no key to sign with
        """
        kid, key = self._newest()
        at = int(now.timestamp())
        if member.sessions_since is not None:
            # Later than the second in which all earlier tokens were revoked.
            at = max(at, int(member.sessions_since.timestamp()) + 1)
        claims = {
            "sub": member.id,  # first, so that the gateway can tell members apart
            "iss": self._issuer,
            "aud": self._audience,
            "roles": [] if scopes is not None else list(member.roles),
            "sid": session_id,
            "jti": ids.new("tok"),
            "iat": at,
            "exp": at + ACCESS_LIFE_S,
        }
        if scopes is not None:
            claims["scope"] = " ".join(scopes)
        algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid, "typ": "at+jwt"})

    def _newest(self) -> tuple[str, PrivateKey]:
        """Return the key with the last name of those that are published."""
        if time.monotonic() - self._read_at > REREAD_S:
            self._private = _read_private(self._directory)
            self._read_at = time.monotonic()
        public = self._keys.public()
        for kid in sorted(self._private, reverse=True):
            if kid in public and self._private[kid].public_key() == public[kid]:
                return kid, self._private[kid]
        self._read_at = float("-inf")
        raise Unavailable(f"no key to sign with in {self._directory}")


def _read_private(directory: Path) -> dict[str, PrivateKey]:
    found: dict[str, PrivateKey] = {}
    for path in directory.glob("*.pem"):
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as wrong:
            log.warning("key_unreadable", file=path.name, why=type(wrong).__name__)
            continue
        if isinstance(key, Ed25519PrivateKey) or (
            isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
        ):
            found[path.stem] = key
    return found


def new_refresh_token(session_id: str) -> str:
    """Return a refresh token of a session: its id, for finding it, and 256 random bits."""
    return f"{session_id}.{secrets.token_urlsafe(32)}"


def session_of(refresh_token: str) -> str:
    """Return the id of the session that a refresh token says it belongs to."""
    return refresh_token.partition(".")[0]


def hash_of(refresh_token: str) -> str:
    """Return what is kept of a refresh token."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
