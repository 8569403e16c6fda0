"""Celery: each task inserts and publishes on, confirmed, and is acknowledged late.

`python celery_hear.py FILE` sends a task for each line of JSON in the file.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery
from kombu import Queue
from pymongo import MongoClient

app = Celery("hearer", broker=os.environ["AMQP_URL"])
app.conf.update(
    task_queues=[Queue("bench.inbox", queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue="bench.inbox",
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=int(os.environ.get("PREFETCH", "16")),
    worker_detect_quorum_queues=True,
    broker_transport_options={"confirm_publish": True},
)


@cache
def heard() -> Any:
    """Return the collection; each process connects for itself."""
    client: MongoClient[Any] = MongoClient(os.environ["MONGO_URL"], w="majority")
    return client[os.environ["MONGO_DB"]]["heard"]


@app.task(name="hear")  # type: ignore[untyped-decorator]
def hear(event: dict[str, Any]) -> None:
    """Insert, publish on."""
    heard().insert_one(event)
    event.pop("_id")
    with app.producer_pool.acquire(block=True) as producer:
        producer.publish(event, exchange="", routing_key="bench.next", delivery_mode=2)


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for line in Path(sys.argv[1]).read_text().splitlines():
            hear.apply_async((json.loads(line),), producer=producer)
