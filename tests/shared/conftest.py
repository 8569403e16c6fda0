"""A store of toys, and an exchange that no other service of this broker hears."""

import secrets
from collections.abc import Iterator
from typing import Any

import pika
import pytest
from pymongo import MongoClient

from shared import store as stores
from shared.bus import topology
from shared.store import Db, Store
from tests.shared.toys import BOXES


@pytest.fixture(scope="session")
def indexed(mongo: MongoClient[dict[str, Any]]) -> Iterator[Db]:
    """A database with the indexes of the toys: they take longer to make than a test to run."""
    db = mongo[f"test_{secrets.token_hex(6)}"]
    stores.ensure_indexes(db, [BOXES])
    yield db
    mongo.drop_database(db.name)


@pytest.fixture
def store(indexed: Db) -> Iterator[Store]:
    """A store of toys on an empty database; what it says waits in the outboxes."""
    yield Store(indexed, source="toys")
    for name in indexed.list_collection_names():
        indexed[name].delete_many({})


@pytest.fixture
def exchange(amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An exchange of this test's own."""
    name = f"test.{secrets.token_hex(5)}"
    monkeypatch.setattr(topology, "EXCHANGE", name)
    yield name
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().exchange_delete(name)
