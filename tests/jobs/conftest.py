"""A web application of jobs on this test's database, and those who call it."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from services.jobs.app import create_app
from services.jobs.bookmarks import SHELVES
from services.jobs.records import KINDS
from shared.store import Db, Store, ensure_indexes
from tests.callers import Caller, Signer, a_caller


@pytest.fixture(scope="package")
def indexed(mongo: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """A database with the indexes of jobs: they take longer to make than a test to run."""
    db = mongo[f"test_{secrets.token_hex(6)}"]
    ensure_indexes(db, KINDS, SHELVES)
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
    """The store of jobs on an empty database with its indexes."""
    return Store(db, source="jobs")


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    """The application."""
    made = create_app(signer.settings(mongo_url, db.name))
    yield made
    made.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def client(app: Flask, signer: Signer) -> Caller:
    """A member who posts jobs."""
    return a_caller(app, signer)


@pytest.fixture
def worker(app: Flask, signer: Signer) -> Caller:
    """A member who proposes."""
    return a_caller(app, signer)


@pytest.fixture
def stranger(app: Flask, signer: Signer) -> Caller:
    """A member who has nothing to do with it."""
    return a_caller(app, signer)


@pytest.fixture
def nobody(app: Flask) -> Caller:
    """Somebody without a token."""
    return Caller(app)
