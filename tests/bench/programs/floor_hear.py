"""The floor of hearing: what arrived is inserted, published on and acknowledged, in batches of 200.

The least that a batch needs: no words are checked, nothing is deduplicated, no state is read.
"""

import os
from collections import deque
from typing import Any

import orjson
import pika
from pika.adapters.select_connection import SelectConnection
from pymongo import MongoClient

BATCH_MAX = 200
PREFETCH = 1000
HOW = pika.BasicProperties(delivery_mode=2, content_type="application/json")


class Floor:
    """One connection, one batch at a time."""

    def __init__(self, heard: Any) -> None:
        self.heard = heard
        self.arrived: deque[tuple[int, bytes]] = deque()
        self.open: set[int] = set()
        self.tag = 0
        self.last = 0
        self.channel: Any = None

    def on_channel(self, channel: Any) -> None:
        """Listen."""
        self.channel = channel
        channel.confirm_delivery(self.on_confirm)
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.basic_consume("bench.inbox", self.on_message)

    def on_message(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        """Take a message; a batch begins when none is in hand."""
        self.arrived.append((method.delivery_tag, body))
        if not self.open:
            # After what is in the socket's buffer has been read.
            self.channel.connection.ioloop.call_later(0, self.handle)
            self.open.add(0)

    def handle(self) -> None:
        """Insert and publish what has arrived."""
        self.open.discard(0)
        batch = [self.arrived.popleft() for _ in range(min(BATCH_MAX, len(self.arrived)))]
        if not batch:
            return
        docs = [orjson.loads(body) for _, body in batch]
        self.heard.insert_many(docs, ordered=False)
        self.last = batch[-1][0]
        for _, body in batch:
            self.tag += 1
            self.open.add(self.tag)
            self.channel.basic_publish("", "bench.next", body, HOW)

    def on_confirm(self, frame: Any) -> None:
        """Acknowledge when all of the batch is confirmed."""
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            self.open = {t for t in self.open if t > tag}
        else:
            self.open.discard(tag)
        if not self.open:
            self.channel.basic_ack(self.last, multiple=True)
            self.handle()


def main() -> None:
    """Hear for ever."""
    client: MongoClient[Any] = MongoClient(os.environ["MONGO_URL"], w="majority")
    floor = Floor(client[os.environ["MONGO_DB"]]["heard"])
    connection = SelectConnection(
        pika.URLParameters(os.environ["AMQP_URL"]),
        on_open_callback=lambda c: c.channel(on_open_callback=floor.on_channel),
    )
    connection.ioloop.start()


if __name__ == "__main__":
    main()
