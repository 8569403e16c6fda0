"""outbox-pattern's own worker, without a pause between its polls: `pika` or `aio`."""

import asyncio
import logging
import os
import sys
import time
from typing import Any

from beanie import init_beanie
from outbox_pattern import (
    AsyncAioPikaPublisher,
    AsyncBeanieRepository,
    AsyncOutboxWorker,
    BeanieOutboxEvent,
    SyncOutboxWorker,
    SyncPikaPublisher,
    SyncPyMongoRepository,
)
from pymongo import AsyncMongoClient, MongoClient

URL, NAME = os.environ["MONGO_URL"], os.environ["MONGO_DB"]


def with_pika() -> None:
    """Relay with a thread."""
    client: MongoClient[Any] = MongoClient(URL, w="majority")
    repository = SyncPyMongoRepository(client[NAME]["outbox_events"])
    publisher = SyncPikaPublisher(os.environ["AMQP_URL"])
    SyncOutboxWorker(repository, publisher, poll_interval=0).start()
    time.sleep(600)


async def with_aio_pika() -> None:
    """Relay with coroutines."""
    client: AsyncMongoClient[Any] = AsyncMongoClient(URL, w="majority")
    await init_beanie(database=client[NAME], document_models=[BeanieOutboxEvent])
    publisher = AsyncAioPikaPublisher(os.environ["AMQP_URL"])
    worker = AsyncOutboxWorker(AsyncBeanieRepository(), publisher, poll_interval=0)
    await worker.start()
    await asyncio.sleep(600)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    if sys.argv[1] == "aio":
        asyncio.run(with_aio_pika())
    else:
        with_pika()
