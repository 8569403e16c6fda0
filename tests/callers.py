"""Callers for the API tests: tokens signed with a key of this run, and a client that sends them."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from werkzeug.test import TestResponse

from shared import ids
from shared.settings import Settings

KID = "tests"


class Signer:
    """The key of this run: a folder of public keys as services read it, and its tokens."""

    def __init__(self, folder: Path) -> None:
        self.private = folder / "private"
        self.public = folder / "public"
        self._key = Ed25519PrivateKey.generate()
        for place in (self.private, self.public):
            place.mkdir(parents=True)
        pem = serialization.Encoding.PEM
        (self.private / f"{KID}.pem").write_bytes(
            self._key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        (self.public / f"{KID}.pem").write_bytes(self._key.public_key().public_bytes(pem, spki))

    def token(self, member_id: str, *roles: str, **claims: Any) -> str:
        """Return a good access token; `claims` spoil it."""
        now = int(time.time())
        said = {
            "iss": "ukeoi",
            "aud": "ukeoi",
            "sub": member_id,
            "roles": list(roles),
            "iat": now,
            "exp": now + 600,
            "jti": ids.new("jti"),
        }
        headers = {"kid": KID, "typ": "at+jwt"}
        words = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return jwt.encode(words, self._key, algorithm="EdDSA", headers=headers)

    def settings(self, mongo_url: str, database: str, **more: Any) -> Settings:
        """Return settings of a service on this database; without a broker its facts wait."""
        return Settings(
            mongo_url=mongo_url,
            mongo_db=database,
            jwt_public_keys=self.public,
            jwt_private_keys=self.private,
            **more,
        )


@dataclass
class Caller:
    """A member (or nobody: `token=""`) at an application, without a socket in between."""

    app: Flask
    token: str = ""
    id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET a path."""
        return self._send("GET", path, None, headers)

    def post(
        self, path: str, words: Any = None, *, key: str | None = None, **headers: str
    ) -> TestResponse:
        """POST words, under an Idempotency-Key when one is given."""
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._send("POST", path, words, headers)

    def send(self, method: str, path: str, words: Any = None, **headers: str) -> TestResponse:
        """Send any other method; `If_Match="..."` is the header If-Match."""
        return self._send(method, path, words, headers)

    def _send(self, method: str, path: str, words: Any, headers: dict[str, str]) -> TestResponse:
        said = {**self.headers, **{name.replace("_", "-"): v for name, v in headers.items()}}
        if self.token:
            said.setdefault("Authorization", f"Bearer {self.token}")
        how = {} if words is None else {"json": words}
        return self.app.test_client().open(path, method=method, headers=said, **how)


def a_caller(app: Flask, signer: Signer, *roles: str, id_: str | None = None) -> Caller:
    """Return a member with a good token."""
    member_id = id_ or ids.new("mem")
    return Caller(app, signer.token(member_id, *roles), member_id)
