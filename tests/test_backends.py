"""The servers that the other tests stand on can do what the product needs of them."""

import time
from typing import Any

import pika
import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from tests import backends


def test_a_transaction_is_all_or_nothing(db: Database[dict[str, Any]]) -> None:
    def fail_halfway(session: ClientSession) -> None:
        db["left"].insert_one({"_id": "a"}, session=session)
        raise ZeroDivisionError

    with db.client.start_session() as session, pytest.raises(ZeroDivisionError):
        session.with_transaction(fail_halfway)
    assert db["left"].find_one({"_id": "a"}) is None


def test_each_test_finds_its_database_empty(db: Database[dict[str, Any]]) -> None:
    assert db.list_collection_names() == []


def test_a_quorum_queue_gives_back_what_was_confirmed(amqp_url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("test.backends", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "test.backends", b"hello", mandatory=True)
        method, _, body = channel.basic_get("test.backends", auto_ack=True)
        channel.queue_delete("test.backends")
    assert method is not None
    assert body == b"hello"


def test_a_killed_mongod_comes_back_with_what_it_acknowledged() -> None:
    with (
        backends.private_mongod() as (server, url),
        MongoClient[dict[str, Any]](url, timeoutMS=10_000) as client,
    ):
        client["x"]["y"].insert_one({"_id": 1})
        server.kill()
        server.start()
        assert client["x"]["y"].find_one({"_id": 1}) == {"_id": 1}


def test_a_paused_mongod_answers_nothing_until_it_is_resumed() -> None:
    with (
        backends.private_mongod() as (server, url),
        MongoClient[dict[str, Any]](url, timeoutMS=500) as client,
    ):
        client.admin.command("ping")
        server.pause()
        began = time.monotonic()
        with pytest.raises(PyMongoError):
            client.admin.command("ping")
        assert time.monotonic() - began < 5
        server.resume()
        server.wait()
        client.admin.command("ping")
