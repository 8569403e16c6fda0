"""Publishing with pipelined confirms: send a whole batch, then wait for the broker's word on all.

pika's objects belong to one thread: a thread of its own runs the connection, `publish` hands it a
batch and waits. "Not confirmed" never means "not delivered"; whoever publishes must dare to repeat.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pika
import structlog
from pika.adapters.select_connection import SelectConnection

from shared.bus import topology, wire
from shared.events import Event

log = structlog.get_logger(__name__)

CONFIRM_TIMEOUT_S = 10
DEPTH_TIMEOUT_S = 2
RECONNECT_MAX_S = 5.0
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Message:
    id: str
    type: str
    body: bytes
    properties: pika.BasicProperties


@dataclass(slots=True, eq=False)
class _Batch:
    """Events on their way together; `done`: the broker has spoken of each, or never will."""

    messages: list[_Message]
    open: int
    confirmed: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    done: threading.Event = field(default_factory=threading.Event)


class _Connection(SelectConnection):
    """pika's connection, which sends the frames of a batch in few pieces.

    pika makes three system calls of a message, and at each of them another thread may take the
    interpreter and keep it.
    """

    _pieces: list[bytes] | None = None
    _size = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is said within this when it is over, or when there is enough."""
        self._pieces = []
        try:
            yield
        finally:
            self._flush()
            self._pieces = None

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._pieces is None:
            super()._adapter_emit_data(data)  # type: ignore[misc]
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > PIECE_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pieces:
            super()._adapter_emit_data(b"".join(self._pieces))  # type: ignore[misc]
            self._pieces.clear()
            self._size = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Ids the broker has taken for good, and ids that no queue is bound for or no wire carries."""

    confirmed: set[str]
    unroutable: set[str]


class Publisher:
    """One connection, one channel in confirm mode, one thread; reconnects for ever.

    It publishes to everybody who hears a type; with `only_to`, into one service's queue.
    """

    def __init__(self, url: str, name: str, *, only_to: str | None = None) -> None:
        self._only_to = only_to
        self._url, self._name = url, f"{name}.publisher"
        self._connection: _Connection | None = None
        self._channel: Any = None
        self._lock = threading.Lock()
        self._handed: list[_Batch] = []
        self._ready = threading.Event()
        self._stopping = False
        self._make_exchange = False
        self._tag = 0
        self._waiting: dict[int, tuple[_Batch, str]] = {}
        self._returned: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread; it connects by itself."""
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Say whether the broker takes messages from us."""
        return self._ready.is_set()

    @property
    def is_alive(self) -> bool:
        """Say whether the thread still tries, with or without a broker."""
        return self._thread.is_alive()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the broker takes messages, or the time is over."""
        return self._ready.wait(timeout_s)

    def publish(self, events: Sequence[Event], timeout_s: float = CONFIRM_TIMEOUT_S) -> Sent:
        """Publish all and wait; what is in neither set may or may not have arrived."""
        if not events or not self._ready.is_set():
            return Sent(set(), set())
        messages = _messages(events)
        batch = _Batch(messages, open=len(messages))
        batch.returned.update({e.id for e in events} - {m.id for m in messages})
        if messages and self._ask(lambda: self._send(batch), batch):
            batch.done.wait(timeout_s)
        return Sent(set(batch.confirmed), set(batch.returned))

    def depth(self, service: str, timeout_s: float = DEPTH_TIMEOUT_S) -> int | None:
        """Return how many messages wait in a service's queue; None: the broker does not say."""
        found: list[int] = []
        said = threading.Event()

        def ask() -> None:
            # On a channel of its own: the broker closes it when there is no such queue.
            if self._connection is None or not self._connection.is_open:
                said.set()
                return
            self._connection.channel(on_open_callback=look)

        def look(channel: Any) -> None:
            channel.add_on_close_callback(lambda *_: said.set())
            name = topology.inbox(service)
            channel.queue_declare(name, passive=True, callback=lambda frame: close(channel, frame))

        def close(channel: Any, frame: Any) -> None:
            found.append(frame.method.message_count)
            channel.close()

        if self.is_ready and self._ask(ask):
            said.wait(timeout_s)
        return found[0] if found else None

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping = True
        self._ask(self._close)
        self._thread.join(timeout=5)

    def _ask(self, act: Callable[[], None], batch: _Batch | None = None) -> bool:
        """Let the thread do something; False when it has no connection."""
        with self._lock:
            if self._connection is None:
                return False
            if batch is not None:
                self._handed.append(batch)
            self._connection.ioloop.add_callback_threadsafe(act)
            return True

    # all below runs in the thread

    def _run(self) -> None:
        wait_s = 0.1
        while not self._stopping:
            began = time.monotonic()
            try:
                self._connect().ioloop.start()
            except Exception as wrong:  # noqa: BLE001  (whatever it was: this thread must go on)
                log.warning("publisher_lost", error=repr(wrong))
            self._lost()
            self._let_go()
            if time.monotonic() - began > RECONNECT_MAX_S:
                wait_s = 0.1
            if not self._stopping:
                time.sleep(wait_s)
            wait_s = min(wait_s * 2, RECONNECT_MAX_S)

    def _connect(self) -> _Connection:
        connection = _Connection(
            topology.parameters(self._url, self._name),
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_gone,
            on_close_callback=self._on_gone,
        )
        with self._lock:
            self._connection = connection
        return connection

    def _let_go(self) -> None:
        """Give back what a dead connection holds: left to the collector, its files pile up."""
        with self._lock:
            connection, self._connection = self._connection, None
            handed, self._handed = self._handed, []
            if connection is not None:
                connection.ioloop.close()
        for batch in handed:
            batch.done.set()

    def _close(self) -> None:
        """Close what is open; what is still opening is closed when it is."""
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def _on_open(self, connection: SelectConnection) -> None:
        if self._stopping:
            connection.close()
        else:
            connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.exchange_declare(
            topology.EXCHANGE,
            exchange_type="topic",
            durable=True,
            passive=not self._make_exchange,
            callback=lambda _: channel.confirm_delivery(
                self._on_confirm, callback=lambda _: self._opened(channel)
            ),
        )

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        self._tag = 0
        self._returned.clear()
        self._ready.set()

    def _on_channel_closed(self, _channel: Any, why: Any) -> None:
        # Where a deployment has made the exchange, a service may not.
        self._make_exchange = getattr(why, "reply_code", 0) == topology.NOT_FOUND
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
            batch.done.set()

    def _send(self, batch: _Batch) -> None:
        with self._lock:
            self._handed.remove(batch)
        channel, connection = self._channel, self._connection
        if channel is None or connection is None or not channel.is_open:
            batch.done.set()
            return
        with connection.together():
            for m in batch.messages:
                self._tag += 1
                self._waiting[self._tag] = (batch, m.id)
                channel.basic_publish(*self._where(m.type), m.body, m.properties, mandatory=True)

    def _where(self, type_: str) -> tuple[str, str]:
        if self._only_to is None:
            return topology.EXCHANGE, type_
        return "", topology.inbox(self._only_to)

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # The broker returns a message before it confirms it.
        # Counted: the same event may be on its way twice, from the relay and from the sweep.
        self._returned[properties.message_id] += 1

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
        if self._returned[id_]:
            self._returned[id_] -= 1
            batch.returned.add(id_)
        elif taken:
            batch.confirmed.add(id_)
        self._settle(batch)

    def _settle(self, batch: _Batch) -> None:
        batch.open -= 1
        if batch.open == 0:
            batch.done.set()


def _messages(events: Sequence[Event]) -> list[_Message]:
    """Return what can be said of these events; what cannot stays where it waits, and is shown."""
    messages = []
    for event in events:
        try:
            messages.append(_Message(event.id, event.type, *wire.to_message(event)))
        except (TypeError, ValueError) as wrong:
            log.error("unsayable", id=event.id, type=event.type, error=repr(wrong))
    return messages
