"""A web application of jobs on this test's database, and those who call it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from services.jobs.app import create_app
from services.jobs.records import KINDS
from shared.store import Db, Store, ensure_indexes
from tests.callers import Caller, Signer, a_caller


@pytest.fixture
def store(db: Db) -> Store:
    """The store of jobs on an empty database with its indexes."""
    ensure_indexes(db, KINDS)
    return Store(db, source="jobs")


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    """The application."""
    return create_app(signer.settings(mongo_url, db.name))


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
