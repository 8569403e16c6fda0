"""A service's queue: what has arrived is taken as it is, never waited for.

One blocking connection that belongs to the worker's main thread. Publishing has its own (a broker
that blocks publishers must not stop the hearing).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import AMQPError

from shared.bus import topology

PREFETCH = 1000
GONE = (AMQPError, OSError)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as the broker gave it; `count` is how often it was given before."""

    tag: int
    body: bytes
    headers: dict[str, Any]
    content_type: str | None
    routing_key: str
    redelivered: bool
    count: int


class Inbox:
    """The hearing side of one worker process. `GONE` may come from every method: open a new one."""

    def __init__(self, url: str, service: str, hears: Iterable[str]) -> None:
        self._service = service
        self._hears = tuple(hears)
        self._arrived: deque[Delivery] = deque()
        how = topology.parameters(url, f"{service}.worker")
        self._connection = pika.BlockingConnection(how)
        self._channel = self._connection.channel()
        self.assert_bindings()
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._channel.basic_consume(topology.inbox(service), self._arrive)

    def assert_bindings(self) -> None:
        """Declare queue and bindings again: the broker does not tell when one went missing."""
        impl = self._connection._impl  # type: ignore[attr-defined]
        version = (impl.server_properties or {}).get("version", b"3")
        text = version.decode() if isinstance(version, bytes) else str(version)
        topology.declare(self._channel, self._service, self._hears, text)

    def _arrive(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = dict(properties.headers or {})
        self._arrived.append(
            Delivery(
                tag=method.delivery_tag,
                body=body,
                headers=headers,
                content_type=properties.content_type,
                routing_key=method.routing_key,
                redelivered=method.redelivered,
                count=_count(headers.get("x-delivery-count")),
            )
        )

    def take(self, most: int, wait_s: float) -> list[Delivery]:
        """Return what has arrived, at most so many; wait only while there is nothing."""
        self._connection.process_data_events(time_limit=0 if self._arrived else wait_s)
        while self._arrived and len(self._arrived) < most:
            before = len(self._arrived)
            self._connection.process_data_events(time_limit=0)
            if len(self._arrived) == before:
                break
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    def ack(self, last: Delivery) -> None:
        """Tell the broker that everything up to this delivery is done."""
        self._channel.basic_ack(last.tag, multiple=True)

    def close(self) -> None:
        """Give back what was not acknowledged, and go."""
        if self._connection.is_open:
            self._connection.close()


def _count(said: Any) -> int:
    """Return how often the broker gave a message before; a publisher may have written anything."""
    return int(said) if isinstance(said, int) and said > 0 else 0
