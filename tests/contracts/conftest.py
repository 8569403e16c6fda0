"""A web application of contracts on this test's database, and those who call it."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from services.contracts.app import create_app
from services.contracts.records import KINDS
from shared.store import Db, Store, ensure_indexes
from tests.callers import Caller, Signer, a_caller


@pytest.fixture(scope="package")
def indexed(mongo: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """A database with the indexes of contracts: they take longer to make than a test to run."""
    db = mongo[f"test_{secrets.token_hex(6)}"]
    ensure_indexes(db, KINDS)
    yield db
    mongo.drop_database(db.name)


@pytest.fixture
def db(indexed: Db) -> Iterator[Db]:
    """That database, empty."""
    yield indexed
    for name in indexed.list_collection_names():
        indexed[name].delete_many({})


@pytest.fixture
def store(db: Db) -> Store:
    """The store of contracts on an empty database with its indexes."""
    return Store(db, source="contracts")


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    """The application."""
    made = create_app(signer.settings(mongo_url, db.name))
    yield made
    made.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def client(app: Flask, signer: Signer, db: Db) -> Caller:
    """A member who offers work."""
    return _member(app, signer, db, "佐藤美咲")


@pytest.fixture
def worker(app: Flask, signer: Signer, db: Db) -> Caller:
    """A member who takes it."""
    return _member(app, signer, db, "山田太郎")


@pytest.fixture
def stranger(app: Flask, signer: Signer) -> Caller:
    """A member who has nothing to do with it."""
    return a_caller(app, signer)


@pytest.fixture
def ops(app: Flask, signer: Signer) -> Caller:
    """An operator."""
    return a_caller(app, signer, "ops")


def _member(app: Flask, signer: Signer, db: Db, name: str) -> Caller:
    found = a_caller(app, signer)
    db["members"].insert_one(
        {"_id": found.id, "version": 1, "state": "active", "display_name": name}
    )
    return found
