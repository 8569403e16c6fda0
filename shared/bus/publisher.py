"""Publishing with pipelined confirms: send a whole batch, then wait for the broker's word on all.

pika's objects belong to one thread: a thread of its own runs the connection, `publish` hands it a
batch and waits. "Not confirmed" never means "not delivered"; whoever publishes must dare to repeat.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pika
import structlog
from pika.adapters.select_connection import SelectConnection
from pika.exceptions import AMQPError

from shared.bus import topology, wire
from shared.events import Event

log = structlog.get_logger(__name__)

CONFIRM_TIMEOUT_S = 10
RECONNECT_MAX_S = 5.0


@dataclass(slots=True)
class _Batch:
    """Events on their way together; `done`: the broker has spoken of each, or never will."""

    events: Sequence[Event]
    open: int = 0
    confirmed: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Sent:
    """Ids the broker has taken for good, and ids that no queue is bound for."""

    confirmed: set[str]
    unroutable: set[str]


class Publisher:
    """One connection, one channel in confirm mode, one thread; reconnects for ever.

    It publishes to everybody who hears a type; with `only_to`, into one service's queue.
    """

    def __init__(self, url: str, name: str, *, only_to: str | None = None) -> None:
        self._only_to = only_to
        self._parameters = topology.parameters(url, f"{name}.publisher")
        self._connection: SelectConnection | None = None
        self._channel: Any = None
        self._ready = threading.Event()
        self._stopping = False
        self._tag = 0
        self._waiting: dict[int, tuple[_Batch, str]] = {}
        self._returned: set[str] = set()
        # Guards the hand-over: nothing is posted to a loop that has ended.
        self._lock = threading.Lock()
        self._posted: deque[_Batch] = deque()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread; it connects by itself."""
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Say whether the broker takes messages from us."""
        return self._ready.is_set()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the broker takes messages, or the time is over."""
        return self._ready.wait(timeout_s)

    def publish(self, events: Sequence[Event], timeout_s: float = CONFIRM_TIMEOUT_S) -> Sent:
        """Publish all and wait; what is in neither set may or may not have arrived."""
        batch = _Batch(events, open=len(events))
        if not events or not self._post(batch):
            return Sent(set(), set())
        batch.done.wait(timeout_s)
        return Sent(set(batch.confirmed), set(batch.returned))

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping = True
        with self._lock:
            connection = self._connection
            if connection is not None:
                connection.ioloop.add_callback_threadsafe(lambda: self._close(connection))
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _post(self, batch: _Batch) -> bool:
        with self._lock:
            if not self._ready.is_set() or self._connection is None:
                return False
            self._posted.append(batch)
            self._connection.ioloop.add_callback_threadsafe(self._send_posted)
            return True

    # all below runs in the thread

    def _run(self) -> None:
        wait_s = 0.1
        while not self._stopping:
            began = time.monotonic()
            try:
                self._connection = SelectConnection(
                    self._parameters,
                    on_open_callback=self._on_open,
                    on_open_error_callback=self._on_gone,
                    on_close_callback=self._on_gone,
                )
                self._connection.ioloop.start()
            except (AMQPError, OSError) as wrong:
                log.warning("publisher_lost", error=repr(wrong))
            self._end()
            if time.monotonic() - began > RECONNECT_MAX_S:
                wait_s = 0.1
            if not self._stopping:
                time.sleep(wait_s)
            wait_s = min(wait_s * 2, RECONNECT_MAX_S)

    def _end(self) -> None:
        """Tell every batch that waits that nothing more will be heard, and end the loop."""
        self._lost()
        with self._lock:
            connection, self._connection = self._connection, None
            posted, self._posted = self._posted, deque()
        for batch in posted:
            batch.done.set()
        if connection is not None:
            connection.ioloop.close()

    def _close(self, connection: SelectConnection) -> None:
        if connection.is_open:
            connection.close()
        else:
            connection.ioloop.stop()

    def _on_open(self, connection: SelectConnection) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda *_: self._restart())
        channel.add_on_return_callback(self._on_return)
        channel.exchange_declare(
            topology.EXCHANGE,
            exchange_type="topic",
            durable=True,
            callback=lambda _: channel.confirm_delivery(
                self._on_confirm, callback=lambda _: self._opened(channel)
            ),
        )

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        self._tag = 0
        self._ready.set()

    def _restart(self) -> None:
        self._lost()
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def _on_gone(self, connection: SelectConnection, why: Any) -> None:
        if not self._stopping:
            log.warning("publisher_lost", error=repr(why))
        connection.ioloop.stop()

    def _lost(self) -> None:
        self._ready.clear()
        self._channel = None
        waiting, self._waiting = self._waiting, {}
        self._returned.clear()
        for batch, _id in waiting.values():
            self._settle(batch)

    def _send_posted(self) -> None:
        while self._posted:
            self._send(self._posted.popleft())

    def _send(self, batch: _Batch) -> None:
        channel = self._channel
        if channel is None or not channel.is_open:
            batch.done.set()
            return
        for event in batch.events:
            body, properties = wire.to_message(event)
            self._tag += 1
            self._waiting[self._tag] = (batch, event.id)
            channel.basic_publish(*self._where(event), body, properties, mandatory=True)

    def _where(self, event: Event) -> tuple[str, str]:
        if self._only_to is None:
            return topology.EXCHANGE, event.type
        return "", topology.inbox(self._only_to)

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # The broker returns a message before it confirms it.
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        taken = isinstance(method, pika.spec.Basic.Ack)
        if not method.multiple:  # quorum queues confirm as they replicate, not in order
            self._told(method.delivery_tag, taken=taken)
            return
        for tag in list(takewhile(lambda tag: tag <= method.delivery_tag, self._waiting)):
            self._told(tag, taken=taken)

    def _told(self, tag: int, *, taken: bool) -> None:
        batch, id_ = self._waiting.pop(tag)
        if id_ in self._returned:
            self._returned.discard(id_)
            batch.returned.add(id_)
        elif taken:
            batch.confirmed.add(id_)
        self._settle(batch)

    def _settle(self, batch: _Batch) -> None:
        batch.open -= 1
        if batch.open <= 0:
            batch.done.set()
