"""Tokens: one good kind, and a corpus of forgeries (abuse cases 38 to 51)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from shared import auth, ids
from shared.auth import Caller, Keys, Unauthenticated

pytestmark = pytest.mark.pure

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ME = ids.new("mem")
ED = ed25519.Ed25519PrivateKey.generate()
OTHER = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
HEADERS = {"kid": "ed", "typ": "at+jwt"}
GONE = object()


def pem(key: Any) -> bytes:
    found: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "ed.pem").write_bytes(pem(ED))
    (tmp_path / "p256.pem").write_bytes(pem(P256))
    return tmp_path


@pytest.fixture
def keys(directory: Path) -> Keys:
    return Keys(directory)


def claims(**change: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    said: dict[str, Any] = {
        "iss": "ukeoi",
        "aud": "ukeoi",
        "sub": ME,
        "roles": [],
        "iat": at,
        "exp": at + 900,
        "jti": "1",
    }
    return {name: v for name, v in {**said, **change}.items() if v is not GONE}


def token(
    key: Any = ED, algorithm: str = "EdDSA", headers: dict[str, Any] | None = None, **change: Any
) -> str:
    return jwt.encode(claims(**change), key, algorithm=algorithm, headers=headers or HEADERS)


def by_hand(header: dict[str, Any], words: bytes, secret: bytes | None = None) -> str:
    parts = [base64.urlsafe_b64encode(p).rstrip(b"=") for p in (json.dumps(header).encode(), words)]
    signed = b".".join(parts)
    signature = hmac.new(secret, signed, hashlib.sha256).digest() if secret else b""
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def at(**by: float) -> int:
    return int((NOW + timedelta(**by)).timestamp())


FORGERIES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token at all": lambda: "hello",
    "two parts": lambda: token().rpartition(".")[0],
    "four parts": lambda: token() + ".x",
    "alg none": lambda: by_hand(
        {"alg": "none", "kid": "ed", "typ": "at+jwt"}, json.dumps(claims()).encode()
    ),
    "HS256 with the public key": lambda: by_hand(
        {"alg": "HS256", "kid": "ed", "typ": "at+jwt"}, json.dumps(claims()).encode(), pem(ED)
    ),
    "signed by another": lambda: token(OTHER),
    "the other algorithm's key": lambda: token(headers={"kid": "p256", "typ": "at+jwt"}),
    "ES256 under the Ed25519 kid": lambda: token(P256, "ES256"),
    "unknown kid": lambda: token(headers={"kid": "nobody", "typ": "at+jwt"}),
    "kid with a path": lambda: token(headers={"kid": "../../etc/passwd", "typ": "at+jwt"}),
    "kid with a path to a key": lambda: token(headers={"kid": "./ed", "typ": "at+jwt"}),
    "kid with SQL": lambda: token(headers={"kid": "' or 1=1 --", "typ": "at+jwt"}),
    "kid an object": lambda: by_hand(
        {"alg": "EdDSA", "kid": {"$ne": ""}, "typ": "at+jwt"}, json.dumps(claims()).encode()
    ),
    "no kid": lambda: token(headers={"typ": "at+jwt"}),
    "jku": lambda: token(headers={**HEADERS, "jku": "https://evil.example/keys"}),
    "x5u": lambda: token(headers={**HEADERS, "x5u": "https://evil.example/key"}),
    "jwk": lambda: token(OTHER, headers={**HEADERS, "jwk": {"kty": "OKP"}}),
    "crit": lambda: token(headers={**HEADERS, "crit": ["exp"]}),
    "typ JWT": lambda: token(headers={"kid": "ed"}),
    "typ refresh": lambda: token(headers={"kid": "ed", "typ": "rt+jwt"}),
    "expired": lambda: token(iat=at(minutes=-20), exp=at(minutes=-5)),
    "iat in the future": lambda: token(iat=at(seconds=90), exp=at(minutes=10)),
    "nbf in the future": lambda: token(nbf=at(seconds=90)),
    "no exp": lambda: token(exp=GONE),
    "no iat": lambda: token(iat=GONE),
    "no sub": lambda: token(sub=GONE),
    "no jti": lambda: token(jti=GONE),
    "no aud": lambda: token(aud=GONE),
    "no iss": lambda: token(iss=GONE),
    "lives an hour": lambda: token(exp=at(hours=1)),
    "lives for ever": lambda: token(exp=9e18),
    "exp before iat": lambda: token(exp=at(seconds=-30)),
    "exp a text": lambda: token(exp=str(at(minutes=5))),
    "exp true": lambda: token(exp=True),
    "iat negative": lambda: token(iat=-5, exp=600),
    "wrong aud": lambda: token(aud="somebody"),
    "wrong iss": lambda: token(iss="somebody"),
    "sub nobody of ours": lambda: token(sub="admin"),
    "sub of another kind": lambda: token(sub=ids.new("con")),
    "roles a text": lambda: token(roles="ops"),
    "roles of objects": lambda: token(roles=[{"ops": 1}]),
    "session a number": lambda: token(sid=5),
    "too long": lambda: token(roles=["x" * 5000]),
    "claims not an object": lambda: by_hand({"alg": "EdDSA", **HEADERS}, b"[]"),
    "latin letters": lambda: "é.é.é",
    "one bit of the claims flipped": lambda: token().replace(".ey", ".ez", 1),
}


@pytest.mark.parametrize("make", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forgery_is_refused(keys: Keys, make: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        keys.verify(make(), now=NOW)
    assert refusal.value.code in ("bad_token", "token_expired")


def test_a_good_token_says_who_calls(keys: Keys) -> None:
    good = token(roles=["ops"], sid="ses_1")
    assert keys.verify(good, now=NOW) == Caller(ME, ("ops",), "ses_1")
    assert keys.verify(good, now=NOW).is_ops


def test_both_kinds_of_keys_are_good(keys: Keys) -> None:
    other = token(P256, "ES256", {"kid": "p256", "typ": "at+jwt"})
    assert keys.verify(other, now=NOW).id == ME


def test_a_verified_token_still_expires(keys: Keys) -> None:
    good = token()
    keys.verify(good, now=NOW)
    keys.verify(good, now=NOW + timedelta(minutes=15, seconds=59))
    with pytest.raises(Unauthenticated) as refusal:
        keys.verify(good, now=NOW + timedelta(minutes=16, seconds=1))
    assert refusal.value.code == "token_expired"


def test_a_verified_token_is_not_verified_again(keys: Keys) -> None:
    good = token()
    keys.verify(good, now=NOW)
    began = time.perf_counter()
    for _ in range(1000):
        keys.verify(good, now=NOW)
    assert time.perf_counter() - began < 0.05


def test_the_memory_of_verified_tokens_is_bounded(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "CACHE_MAX", 5)
    for n in range(20):
        keys.verify(token(jti=str(n)), now=NOW)
    assert len(keys._seen) == 5


def test_a_new_key_is_found_without_a_restart(
    keys: Keys, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.verify(token(), now=NOW)
    monkeypatch.setattr(auth, "REREAD_UNKNOWN_S", 0)
    (directory / "new.pem").write_bytes(pem(OTHER))
    assert keys.verify(token(OTHER, headers={"kid": "new", "typ": "at+jwt"}), now=NOW).id == ME


def test_unknown_kids_do_not_make_us_read_files_each_time(keys: Keys, directory: Path) -> None:
    keys.verify(token(), now=NOW)
    (directory / "new.pem").write_bytes(pem(OTHER))
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            keys.verify(token(OTHER, headers={"kid": "new", "typ": "at+jwt"}), now=NOW)


def test_a_retired_key_is_good_no_more_also_for_tokens_seen_before(
    keys: Keys, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = token()
    keys.verify(good, now=NOW)
    (directory / "ed.pem").unlink()
    monkeypatch.setattr(auth, "REREAD_S", 0)
    with pytest.raises(Unauthenticated):
        keys.verify(good, now=NOW)


def test_files_that_are_no_keys_of_ours_are_passed_over(directory: Path) -> None:
    (directory / "broken.pem").write_text("no key")
    big = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (directory / "rsa.pem").write_bytes(pem(big))
    (directory / "p384.pem").write_bytes(pem(ec.generate_private_key(ec.SECP384R1())))
    assert set(auth.read_keys(directory)) == {"ed", "p256"}
