"""What every test may ask for: the real servers and a database of its own."""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings
from pymongo import MongoClient
from pymongo.database import Database

from tests import backends
from tests.callers import Signer

settings.register_profile("ours", deadline=None)  # time says nothing on a busy machine
settings.register_profile("ci", deadline=None, derandomize=True)  # the same examples everywhere
settings.load_profile("ci" if os.environ.get("CI") else "ours")


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Tracebacks as Python prints them: the coloured ones take a second each."""
    last = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, last])


@pytest.fixture(scope="session")
def mongo_url() -> str:
    """The replica set of this run."""
    return backends.mongo_url()


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """The broker of this run."""
    return backends.amqp_url()


@pytest.fixture(scope="session")
def mongo(mongo_url: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client as the services use it: with time zones, and never without a limit of time."""
    with MongoClient[dict[str, Any]](mongo_url, tz_aware=True, timeoutMS=5000) as client:
        yield client


@pytest.fixture
def db(mongo: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database for this test alone."""
    name = f"test_{secrets.token_hex(6)}"
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """The key that signs this run's tokens."""
    return Signer(tmp_path_factory.mktemp("keys") / "keys")
