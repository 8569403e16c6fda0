"""nameko: each message is inserted and published on, confirmed; its ack follows."""

import os
from typing import Any

from kombu import Queue
from nameko.extensions import DependencyProvider
from nameko.messaging import Publisher, consume
from pymongo import MongoClient

INBOX = Queue("bench.inbox", durable=True, queue_arguments={"x-queue-type": "quorum"})


class Heard(DependencyProvider):  # type: ignore[misc]
    """The collection that a service keeps its events in."""

    def setup(self) -> None:
        """Connect once in the process."""
        client: MongoClient[Any] = MongoClient(os.environ["MONGO_URL"], w="majority")
        self.heard = client[os.environ["MONGO_DB"]]["heard"]

    def get_dependency(self, _worker_ctx: Any) -> Any:
        """Give the collection to a worker."""
        return self.heard


class Hearer:
    """A service with one entry point."""

    name = "hearer"
    heard = Heard()
    publish = Publisher()

    @consume(INBOX)  # type: ignore[untyped-decorator]
    def hear(self, event: dict[str, Any]) -> None:
        """Insert, publish on."""
        self.heard.insert_one(event)
        event.pop("_id")
        self.publish(event, routing_key="bench.next")
