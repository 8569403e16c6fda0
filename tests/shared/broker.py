"""A service's queue on the real broker, looked into and taken away again."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika

from deploy.dev.servers import RABBITMQ_SERVER, LocalServer
from shared.bus import to_message, topology


class Queue:
    """The inbox of a service that exists for one test alone."""

    def __init__(self, url: str, service: str = "") -> None:
        self.service = service or f"t{secrets.token_hex(5)}"
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def bind(self, types: Iterable[str]) -> None:
        """Let it hear these types."""
        topology.declare(self.channel, self.service, types, "3")

    def put(self, body: bytes, headers: dict[str, Any] | None = None, **how: Any) -> None:
        """Put any message straight into it."""
        properties = pika.BasicProperties(headers=headers or {}, delivery_mode=2, **how)
        self.channel.basic_publish("", self.name, body, properties, mandatory=True)

    def put_events(self, events: Iterable[Any]) -> None:
        """Put events straight into it."""
        for event in events:
            body, properties = to_message(event)
            self.channel.basic_publish("", self.name, body, properties, mandatory=True)

    def take(self) -> list[dict[str, Any]]:
        """Take everything out: `{id, type, data}`."""
        taken = []
        while (got := self.channel.basic_get(self.name, auto_ack=True))[0] is not None:
            headers = got[1].headers
            words = {"id": headers["ce-id"], "type": headers["ce-type"]}
            taken.append({**words, "headers": headers, "data": json.loads(got[2])})
        return taken

    def waiting(self) -> int:
        """Return how many messages nobody has been given."""
        declared = self.channel.queue_declare(self.name, passive=True)
        count: int = declared.method.message_count
        return count

    @property
    def name(self) -> str:
        """The queue's name."""
        return topology.inbox(self.service)


@contextmanager
def a_queue(url: str, types: Iterable[str] = ()) -> Iterator[Queue]:
    """Give a queue that hears these types, and delete it in the end."""
    queue = Queue(url)
    queue.bind(types)
    try:
        yield queue
    finally:
        if queue.channel.is_open:
            queue.channel.queue_delete(queue.name)
        queue.connection.close()


def until(true: Callable[[], Any], timeout_s: float = 20, every_s: float = 0.02) -> Any:
    """Wait until something is true, and return it; fail when the time is over."""
    end = time.monotonic() + timeout_s
    while not (found := true()):
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(every_s)
    return found


@contextmanager
def memory_alarm(server: LocalServer) -> Iterator[None]:
    """Let a private broker believe that its memory is full: it takes nothing from publishers."""
    _watermark(server, "0.0001")
    try:
        yield
    finally:
        _watermark(server, "0.4")


def _watermark(server: LocalServer, share: str) -> None:
    env = {**os.environ, **server.command.env}
    node = env["RABBITMQ_NODENAME"]
    # Not the one on the PATH: Debian's changes the user, and with it the cookie.
    control = str(Path(RABBITMQ_SERVER).with_name("rabbitmqctl"))
    argv = (control, "-q", "-n", node, "set_vm_memory_high_watermark", share)
    subprocess.run(argv, env=env, check=True, capture_output=True)
