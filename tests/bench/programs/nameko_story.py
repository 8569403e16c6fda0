"""nameko: a service that takes a POST, stores and tells it; another that hears and stores it."""

import json
import os
from typing import Any

from kombu import Exchange, Queue
from nameko.extensions import DependencyProvider
from nameko.messaging import Publisher, consume
from nameko.web.handlers import http
from pymongo import MongoClient

TOLD = Exchange("bench.told", type="topic", durable=True)
QUORUM = {"x-queue-type": "quorum"}


class Database(DependencyProvider):  # type: ignore[misc]
    """A service's database."""

    def setup(self) -> None:
        """Connect once in the process."""
        client: MongoClient[Any] = MongoClient(os.environ["MONGO_URL"], w="majority")
        self.database = client[os.environ["MONGO_DB"]]

    def get_dependency(self, _worker_ctx: Any) -> Any:
        """Give the database to a worker."""
        return self.database


class Front:
    """Takes commands."""

    name = "front"
    db = Database()
    publish = Publisher(exchange=TOLD)

    @http("POST", "/v1/contracts/<string:id_>/milestones/<int:n>/<string:act>")  # type: ignore[untyped-decorator]
    def act(self, request: Any, id_: str, n: int, act: str) -> Any:
        """Store, then tell."""
        doc = {"contract_id": id_, "n": n, "act": act, **json.loads(request.get_data())}
        self.db["acts"].insert_one(doc)
        doc["_id"] = str(doc["_id"])
        self.publish(doc, routing_key="told")
        return 200, {"Content-Type": "application/json"}, json.dumps(doc)


class Next:
    """Hears what was told."""

    name = "next"
    db = Database()

    @consume(Queue("bench.inbox", TOLD, routing_key="told", queue_arguments=QUORUM))  # type: ignore[untyped-decorator]
    def hear(self, doc: dict[str, Any]) -> None:
        """Store."""
        self.db["kept"].insert_one(doc)
