"""The small service, and one who calls it."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from shared import web
from shared.store import Db
from tests.callers import Caller, Signer, a_caller
from tests.shared.web.things import THINGS, blp


@pytest.fixture(scope="session")
def lasting_db(mongo: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """One database for all these tests, so that its indexes are made once."""
    name = f"test_things_{secrets.token_hex(6)}"
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture
def db(lasting_db: Db) -> Db:
    """An empty database."""
    for name in lasting_db.list_collection_names():
        lasting_db[name].delete_many({})
    return lasting_db


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    app = web.make_app("things", [blp], [THINGS], signer.settings(mongo_url, db.name))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def me(app: Flask, signer: Signer) -> Caller:
    return a_caller(app, signer)
