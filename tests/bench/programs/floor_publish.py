"""The floor of publishing: events in memory, 500 on their way at once, each confirmed.

Prints `{"rate": events per second}`.
"""

import json
import os
import time
from typing import Any

import orjson
import pika
from pika.adapters.select_connection import SelectConnection

from tests.bench.programs import parcels

TOGETHER = 500
HOW = pika.BasicProperties(delivery_mode=2, content_type="application/json")


class Floor:
    """One connection; a batch goes when the one before is confirmed."""

    def __init__(self, bodies: list[bytes]) -> None:
        self.bodies = bodies
        self.open: set[int] = set()
        self.sent = 0
        self.began = 0.0
        self.channel: Any = None

    def on_channel(self, channel: Any) -> None:
        """Begin."""
        self.channel = channel
        channel.confirm_delivery(self.on_confirm, callback=lambda _: self.send())

    def send(self) -> None:
        """Publish the next batch, or end."""
        self.began = self.began or time.monotonic()
        batch = self.bodies[self.sent : self.sent + TOGETHER]
        if not batch:
            self.channel.connection.close()
            self.channel.connection.ioloop.stop()
            return
        self.open = set(range(self.sent + 1, self.sent + len(batch) + 1))
        self.sent += len(batch)
        for body in batch:
            self.channel.basic_publish("bench.out", "milestone.funded", body, HOW, mandatory=True)

    def on_confirm(self, frame: Any) -> None:
        """Go on when all of the batch is confirmed."""
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            self.open = {t for t in self.open if t > tag}
        else:
            self.open.discard(tag)
        if not self.open:
            self.send()


def main() -> None:
    """Publish as many as COUNT says."""
    docs = parcels.documents(int(os.environ["COUNT"]))
    floor = Floor([orjson.dumps(dict(event.data)) for event in parcels.events(docs)][: len(docs)])
    connection = SelectConnection(
        pika.URLParameters(os.environ["AMQP_URL"]),
        on_open_callback=lambda c: c.channel(on_open_callback=floor.on_channel),
    )
    connection.ioloop.start()
    print(json.dumps({"rate": len(docs) / (time.monotonic() - floor.began)}))  # noqa: T201


if __name__ == "__main__":
    main()
