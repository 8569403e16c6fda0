"""A store of notify's own, its web application, and tokens for whom the tests play."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient

from services.notify.app import create_app
from services.notify.records import KINDS
from shared import clock, ids
from shared.settings import Settings
from shared.store import Db, Store, ensure_indexes

KEY = Ed25519PrivateKey.generate()

Headers = dict[str, str]
As = Callable[[str], Headers]


@pytest.fixture
def store(db: Db) -> Store:
    """Return notify's store on an empty database."""
    ensure_indexes(db, KINDS)
    return Store(db, "notify")


@pytest.fixture
def app(db: Db, mongo_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return the web application on the same database as `store`."""
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "test.pem").write_bytes(public)
    app = create_app(Settings(mongo_url=mongo_url, mongo_db=db.name, jwt_public_keys=tmp_path))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """Return a caller of the web application."""
    return app.test_client()


@pytest.fixture
def as_() -> As:
    """Return what makes the headers of a member: `as_(CLIENT)`."""

    def headers(member_id: str) -> Headers:
        now = clock.now()
        claims = {
            "iss": "ukeoi",
            "aud": "ukeoi",
            "sub": member_id,
            "roles": [],
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
            "jti": ids.new("ses"),
        }
        token = jwt.encode(claims, KEY, "EdDSA", {"kid": "test", "typ": "at+jwt"})
        return {"Authorization": f"Bearer {token}"}

    return headers
