"""A store of toys, and an exchange that no other service of this broker hears."""

import secrets
from collections.abc import Iterator

import pika
import pytest

from shared import store as stores
from shared.bus import topology
from shared.store import Db, Store
from tests.shared.toys import BOXES


@pytest.fixture
def store(db: Db) -> Store:
    """A store with the indexes of the toys; what it says waits in the outboxes."""
    stores.ensure_indexes(db, [BOXES])
    return Store(db, source="toys")


@pytest.fixture
def exchange(amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An exchange of this test's own."""
    name = f"test.{secrets.token_hex(5)}"
    monkeypatch.setattr(topology, "EXCHANGE", name)
    yield name
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().exchange_delete(name)
