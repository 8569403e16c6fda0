"""A store of notify's own, its web application, and tokens for whom the tests play."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.notify.app import create_app
from services.notify.records import KINDS, SHELVES
from shared.store import Db, Store, ensure_indexes
from tests.callers import Signer

Headers = dict[str, str]
As = Callable[[str], Headers]


@pytest.fixture
def store(db: Db) -> Store:
    """Return notify's store on an empty database."""
    ensure_indexes(db, KINDS, SHELVES)
    return Store(db, "notify")


@pytest.fixture
def app(db: Db, mongo_url: str, signer: Signer) -> Iterator[Flask]:
    """Return the web application on the same database as `store`."""
    app = create_app(signer.settings(mongo_url, db.name))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """Return a caller of the web application."""
    return app.test_client()


@pytest.fixture
def as_(signer: Signer) -> As:
    """Return what makes the headers of a member: `as_(CLIENT)`."""
    return lambda member_id: {"Authorization": f"Bearer {signer.token(member_id)}"}
