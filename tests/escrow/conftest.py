"""Escrow's store, and its application with callers."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from services.escrow import journal
from services.escrow.app import create_app
from services.escrow.records import KINDS
from shared.store import Store, connect, ensure_indexes
from tests.callers import Signer

SECRET = "a secret of the sandbox"


@pytest.fixture
def store(db: Database[dict[str, Any]], mongo_url: str) -> Iterator[Store]:
    """An empty store of escrow."""
    own = connect(mongo_url, db.name)
    ensure_indexes(own, KINDS)
    journal.prepare(own)
    yield Store(own, "escrow")
    own.client.close()


@pytest.fixture
def app(db: Database[dict[str, Any]], mongo_url: str, signer: Signer) -> Iterator[Flask]:
    """Escrow's web application on the test's database, without a broker."""
    made = create_app(signer.settings(mongo_url, db.name), {"sandbox": [SECRET]})
    yield made
    made.extensions["ukeoi_store"].db.client.close()
