"""Dramatiq: each message is inserted and sent on, confirmed; its ack follows.

`python dramatiq_hear.py FILE` sends a message for each line of JSON in the file.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from pymongo import MongoClient


class QuorumBroker(RabbitmqBroker):  # type: ignore[misc]
    """Dramatiq's broker, its queues quorum queues as everybody's here."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": "quorum"}


broker = QuorumBroker(url=os.environ["AMQP_URL"], confirm_delivery=True)
dramatiq.set_broker(broker)


@cache
def heard() -> Any:
    """Return the collection; each process connects for itself."""
    client: MongoClient[Any] = MongoClient(os.environ["MONGO_URL"], w="majority")
    return client[os.environ["MONGO_DB"]]["heard"]


@dramatiq.actor(queue_name="bench.inbox")
def hear(event: dict[str, Any]) -> None:
    """Insert, send on."""
    heard().insert_one(event)
    event.pop("_id")
    told.send(event)


@dramatiq.actor(queue_name="bench.next")
def told(_event: dict[str, Any]) -> None:
    """Name the next queue; no worker here listens to it."""


if __name__ == "__main__":
    for line in Path(sys.argv[1]).read_text().splitlines():
        hear.send(json.loads(line))
