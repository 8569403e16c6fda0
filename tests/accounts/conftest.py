"""The application of accounts and one of its members."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from services.accounts.app import create_app
from shared.store import Db
from tests.accounts.asking import words
from tests.accounts.builders import log_in, registration
from tests.callers import Caller, Signer


@pytest.fixture(scope="session")
def lasting_db(mongo: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """One database for all these tests, so that its indexes are made once."""
    name = f"test_accounts_{secrets.token_hex(6)}"
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
    app = create_app(signer.settings(mongo_url, db.name))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def nobody(app: Flask) -> Caller:
    return Caller(app)


@pytest.fixture
def me(app: Flask, nobody: Caller) -> Caller:
    """A member who has registered and logged in."""
    found = words(log_in(nobody, words(nobody.post("/v1/members", registration()))["email"]))
    return Caller(app, found["access_token"], found["member"]["id"])
