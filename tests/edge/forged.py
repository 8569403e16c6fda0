"""Tokens that must not pass, by what is wrong with them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import ids
from tests.callers import KID, Signer

GOOD_HEADER = {"alg": "EdDSA", "kid": KID, "typ": "at+jwt"}


def authorizations(signer: Signer, member_id: str) -> dict[str, str]:
    """Return values of the header Authorization, each of which is 401 at every route."""
    now = int(time.time())
    good = signer.token(member_id)
    head, body, signature = good.split(".")
    public = (signer.public / f"{KID}.pem").read_bytes()
    other_key = Ed25519PrivateKey.generate()
    tokens = {
        "garbage": "garbage",
        "three parts of nothing": "a.b.c",
        "expired": signer.token(member_id, iat=now - 1200, exp=now - 600),
        "from the future": signer.token(member_id, iat=now + 300, exp=now + 900),
        "not yet": signer.token(member_id, nbf=now + 300),
        "wrong audience": signer.token(member_id, aud="another"),
        "no audience": signer.token(member_id, aud=None),
        "wrong issuer": signer.token(member_id, iss="another"),
        "no expiry": signer.token(member_id, exp=None),
        "no id": signer.token(member_id, jti=None),
        "too long a life": signer.token(member_id, exp=now + 86400),
        "life as text": signer.token(member_id, exp=str(now + 60), iat=now),
        "nobody's": signer.token("root"),
        "no subject": signer.token(member_id, sub=None),
        "roles as text": signer.token(member_id, roles="ops"),
        "alg none": _token({"alg": "none", "kid": KID, "typ": "at+jwt"}, body, b""),
        "alg None": _token({"alg": "None", "kid": KID, "typ": "at+jwt"}, body, b""),
        "signed with the public key": _hmac(body, public),
        "no signature": f"{head}.{body}.",
        "another's signature": f"{head}.{body}.{_flipped(signature)}",
        "another's words": f"{head}.{_other_subject(body)}.{signature}",
        "another key": _signed(body, other_key, GOOD_HEADER),
        "unknown kid": _signed(body, other_key, {**GOOD_HEADER, "kid": "unknown"}),
        "kid with a path": _signed(body, other_key, {**GOOD_HEADER, "kid": "../../etc/passwd"}),
        "kid as an operator": _signed(body, other_key, {**GOOD_HEADER, "kid": {"$ne": ""}}),
        "its own key": _signed(body, other_key, {**GOOD_HEADER, "jwk": _jwk(other_key)}),
        "a key from elsewhere": _signed(body, other_key, {**GOOD_HEADER, "jku": "https://x.test"}),
        "another type": _signed(body, other_key, {**GOOD_HEADER, "typ": "JWT"}),
        "a refresh token": f"{ids.new('ses')}.{signature}",
        "very long": f"{head}.{'A' * 5000}.{signature}",
        "not ASCII": "日本語",
    }
    found = {name: f"Bearer {token}" for name, token in tokens.items()}
    found |= {"no scheme": good, "another scheme": f"Basic {good}", "nothing": "Bearer "}
    return {name: value.encode().decode("latin-1") for name, value in found.items()}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _token(header: dict[str, Any], body: str, signature: bytes) -> str:
    return f"{_b64(json.dumps(header).encode())}.{body}.{_b64(signature)}"


def _signed(body: str, key: Ed25519PrivateKey, header: dict[str, Any]) -> str:
    head = _b64(json.dumps(header).encode())
    return f"{head}.{body}.{_b64(key.sign(f'{head}.{body}'.encode()))}"


def _hmac(body: str, secret: bytes) -> str:
    head = _b64(json.dumps({"alg": "HS256", "kid": KID, "typ": "at+jwt"}).encode())
    return f"{head}.{body}.{_b64(hmac.digest(secret, f'{head}.{body}'.encode(), hashlib.sha256))}"


def _flipped(signature: str) -> str:
    return ("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))


def _other_subject(body: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return _b64(json.dumps({**claims, "sub": ids.new("mem"), "roles": ["ops"]}).encode())


def _jwk(key: Ed25519PrivateKey) -> dict[str, Any]:
    return dict(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True))
