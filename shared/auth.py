"""Who calls: access tokens checked with public keys from files.

A token is a JWT of type `at+jwt` signed with EdDSA (Ed25519) or ES256 (P-256). Its `kid` is looked
up among the files `<kid>.pem` that were there when the directory was last read, never used as a
path. A key that goes away is refused within a minute.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared import ids
from shared.errors import Forbidden, Refused

LIFETIME_MAX_S = 15 * 60
LEEWAY_S = 60
TOKEN_MAX_BYTES = 4096
CACHE_MAX = 4096
REREAD_S = 30.0
REREAD_UNKNOWN_S = 1.0

REQUIRED = ["exp", "iat", "aud", "iss", "sub", "jti"]
HEADER = {"alg", "kid", "typ"}
# The times are checked here with our own clock, which a test deployment moves.
OPTIONS: Any = {"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey
log = structlog.get_logger()


class Unauthenticated(Refused):
    """There is no token, or none that is good: HTTP 401."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A member who has proved who they are; `session` is the login that the token came from."""

    id: str
    roles: tuple[str, ...] = ()
    session: str = ""
    # Seconds since the epoch, as the token says.
    issued_at: float = field(default=0.0, compare=False)
    # What a program may do for its member; None: the member has logged in and may do all.
    scopes: frozenset[str] | None = None

    def require(self, scope: str) -> None:
        """Pass when the caller may do this: `read`, `write`, or `money`, which is writing as well.

        :raises Forbidden: `insufficient_scope`
        """
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden("insufficient_scope", f"this token has no scope {scope!r}")

    @property
    def is_ops(self) -> bool:
        """Say whether this is an operator."""
        return "ops" in self.roles


@dataclass(frozen=True, slots=True)
class _Seen:
    caller: Caller
    iat: float
    exp: float


class Keys:
    """The public keys, and the tokens that were verified with them a moment ago."""

    def __init__(self, directory: Path, issuer: str = "ukeoi", audience: str = "ukeoi") -> None:
        self._directory = directory
        self._issuer = issuer
        self._audience = audience
        self._lock = threading.Lock()
        self._keys: Mapping[str, tuple[PublicKey, str]] = {}
        self._read_at = float("-inf")
        # Verifying costs 130 us, finding an earlier verdict 1 us.
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def verify(self, token: str, *, now: datetime) -> Caller:
        """Return whose token this is.

        :raises Unauthenticated: `bad_token`, or `token_expired`
        """
        at = now.timestamp()
        if time.monotonic() - self._read_at > REREAD_S:
            self._reread()
        print_ = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        if (seen := self._seen.get(print_)) is None:
            seen = self._check(token)
            self._remember(print_, seen)
        if at > seen.exp + LEEWAY_S:
            raise Unauthenticated("token_expired", "this token has expired")
        if at < seen.iat - LEEWAY_S:
            raise Unauthenticated("bad_token", "this token is from the future")
        return seen.caller

    def public(self) -> dict[str, PublicKey]:
        """Return the keys by kid, for those who publish them."""
        if time.monotonic() - self._read_at > REREAD_S:
            self._reread()
        return {kid: key for kid, (key, _) in self._keys.items()}

    def _check(self, token: str) -> _Seen:
        if len(token) > TOKEN_MAX_BYTES:
            raise Unauthenticated("bad_token", "this token is too long")
        try:
            key, algorithm = self._key_of(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                options=OPTIONS,
            )
        except (jwt.PyJWTError, ValueError, TypeError) as wrong:
            raise Unauthenticated("bad_token", "this token is not good") from wrong
        return _read_claims(claims)

    def _key_of(self, header: Mapping[str, Any]) -> tuple[PublicKey, str]:
        kid = header.get("kid")
        # A header that brings its own key (jwk, jku, x5u) or asks for more is refused.
        if set(header) != HEADER or header["typ"] != "at+jwt" or not isinstance(kid, str):
            raise Unauthenticated("bad_token", "this token's header is not of ours")
        if kid not in self._keys and time.monotonic() - self._read_at > REREAD_UNKNOWN_S:
            self._reread()
        if (found := self._keys.get(kid)) is None or found[1] != header["alg"]:
            raise Unauthenticated("bad_token", "this token is signed with no key of ours")
        return found

    def _remember(self, print_: bytes, seen: _Seen) -> None:
        with self._lock:
            self._seen[print_] = seen
            if len(self._seen) > CACHE_MAX:
                self._seen.popitem(last=False)

    def _reread(self) -> None:
        keys = read_keys(self._directory)
        with self._lock:
            self._read_at = time.monotonic()
            if keys != self._keys:
                self._keys = keys
                self._seen.clear()


def read_keys(directory: Path) -> dict[str, tuple[PublicKey, str]]:
    """Return the public keys in a directory: kid -> key and its only algorithm."""
    keys: dict[str, tuple[PublicKey, str]] = {}
    for path in sorted(directory.glob("*.pem")):
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as wrong:
            log.warning("key_unreadable", file=path.name, why=str(wrong))
            continue
        if isinstance(key, Ed25519PublicKey):
            keys[path.stem] = (key, "EdDSA")
        elif isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
            keys[path.stem] = (key, "ES256")
        else:
            log.warning("key_of_another_kind", file=path.name)
    return keys


def _read_claims(claims: Mapping[str, Any]) -> _Seen:
    iat, exp, sub, roles = claims["iat"], claims["exp"], claims["sub"], claims.get("roles", [])
    times = [iat, exp, claims.get("nbf", iat)]
    if not all(type(t) in (int, float) and 0 <= t < 2**40 for t in times):
        raise Unauthenticated("bad_token", "this token's times are not times")
    if not 0 < exp - iat <= LIFETIME_MAX_S:
        raise Unauthenticated("bad_token", "this token lives too long")
    if not isinstance(sub, str) or not ids.is_id(sub, "mem"):
        raise Unauthenticated("bad_token", "this token is nobody's")
    session = claims.get("sid", "")
    if not isinstance(session, str):
        raise Unauthenticated("bad_token", "this token's session is none")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unauthenticated("bad_token", "this token's roles are not roles")
    scope = claims.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise Unauthenticated("bad_token", "this token's scopes are not scopes")
    scopes = None if scope is None else frozenset(scope.split())
    return _Seen(Caller(sub, tuple(roles), session, iat, scopes), iat=max(iat, times[2]), exp=exp)
