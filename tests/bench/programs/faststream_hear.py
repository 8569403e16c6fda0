"""FastStream: each message is inserted and published on, confirmed; its ack follows."""

import asyncio
import os
import sys
from typing import Any

import uvloop
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pymongo import AsyncMongoClient

PREFETCH = int(os.environ.get("PREFETCH", "50"))

broker = RabbitBroker(
    os.environ["AMQP_URL"], default_channel=Channel(prefetch_count=PREFETCH), logger=None
)
inbox = RabbitQueue("bench.inbox", queue_type=QueueType.QUORUM, durable=True)
client: AsyncMongoClient[Any] = AsyncMongoClient(os.environ["MONGO_URL"], w="majority")
heard = client[os.environ["MONGO_DB"]]["heard"]


@broker.subscriber(inbox, ack_policy=AckPolicy.NACK_ON_ERROR)
async def hear(event: dict[str, Any]) -> None:
    """Insert, publish on."""
    await heard.insert_one(event)
    event.pop("_id")
    await broker.publish(event, "bench.next", persist=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(FastStream(broker, logger=None).run()))
