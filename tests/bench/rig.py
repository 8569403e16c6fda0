"""Where everything runs: one mongod, one broker, and what is asked of them between two turns."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
from pymongo import MongoClient
from pymongo.database import Database

from shared.bus.topology import queue_arguments
from tests import backends
from tests.bench.load import ours_s

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
POLL_S = 0.02
PATIENCE_S = 60
STUCK_S = 20
WARM_SHARE = 0.1
"""Of all there is to do, what is done before the clock starts: imports, connections, caches."""

Doc = dict[str, Any]
QUORUM = queue_arguments("3")


class NotHere(Exception):
    """A contestant that this checkout or machine cannot run; the message says why."""


@dataclass(slots=True)
class Rig:
    """The servers, and how large a turn is."""

    mongo_url: str
    amqp_url: str
    quick: bool
    client: MongoClient[Doc]
    cpu_us_each: float | None = None
    """What one effect cost in CPU time, contestant and servers together; of the last turn."""

    def size(self, full: int, quick: int) -> int:
        """Return how many: of the real thing, or of a try."""
        return quick if self.quick else full

    @contextmanager
    def database(self) -> Iterator[Database[Doc]]:
        """Give an empty database for one contestant's turn."""
        name = f"bench_{secrets.token_hex(4)}"
        try:
            yield self.client[name]
        finally:
            self.client.drop_database(name)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Give a channel for what is prepared, not measured."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    @contextmanager
    def queues(
        self, *names: str, exchange: str = "", keys: Iterable[str] = (), declare: bool = True
    ) -> Iterator[None]:
        """Give empty quorum queues, bound to an exchange; they are gone afterwards.

        With `declare=False` their user declares them, in its own way.
        """
        with self.channel() as channel:
            for name in names:
                channel.queue_delete(name)
                if not declare:
                    continue
                channel.queue_declare(name, durable=True, arguments=QUORUM)
                if exchange:
                    channel.exchange_declare(exchange, exchange_type="topic", durable=True)
                for key in keys:
                    channel.queue_bind(name, exchange, key)
        try:
            yield
        finally:
            with self.channel() as channel:
                for name in names:
                    channel.queue_delete(name)

    def fill(self, queue: str, bodies: Iterable[bytes], content_type: str) -> None:
        """Put persistent messages into a queue and see that the broker has them all."""
        how = pika.BasicProperties(delivery_mode=2, content_type=content_type)
        count = 0
        with self.channel() as channel:
            for body in bodies:
                channel.basic_publish("", queue, body, how)
                count += 1
        until(lambda: self.depth(queue) >= count, f"{count} messages in {queue}")

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        with self.depths(queue) as count:
            return count()

    @contextmanager
    def depths(self, queue: str) -> Iterator[Callable[[], int]]:
        """Give what counts the messages that are ready in a queue, time and again."""
        with self.channel() as channel:
            yield lambda: int(channel.queue_declare(queue, passive=True).method.message_count)

    @contextmanager
    def program(self, name: str, *argv: str, **env: object) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program of ours or a peer's; it ends with the turn. Its log is in .bench/log."""
        said = {name: str(value) for name, value in env.items()}
        words = {**os.environ, "MONGO_URL": self.mongo_url, "AMQP_URL": self.amqp_url, **said}
        log = ROOT / ".bench" / "log" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", *argv),
                cwd=ROOT,
                env=words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            _end(process)

    def asked(self, *argv: str, **env: object) -> str:
        """Run a program to its end; return what it printed."""
        said = {name: str(value) for name, value in env.items()}
        words = {**os.environ, "MONGO_URL": self.mongo_url, "AMQP_URL": self.amqp_url, **said}
        done = subprocess.run(
            argv, cwd=ROOT, env=words, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}"[-3000:])
        return done.stdout


def python(module: str) -> tuple[str, ...]:
    """Return how to run one of our own modules in this environment."""
    return (sys.executable, "-m", module)


@contextmanager
def rigged(*, quick: bool) -> Iterator[Rig]:
    """Start the servers of a run: the same for floor, peers and Ukeoi."""
    with ExitStack() as stack:
        mongo_url = stack.enter_context(backends.private_mongod())[1]
        amqp_url = stack.enter_context(backends.private_rabbitmq())[1]
        client: MongoClient[Doc] = MongoClient(mongo_url, tz_aware=True, w="majority")
        yield Rig(mongo_url, amqp_url, quick, stack.enter_context(client))


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {patience_s} s: {what}")
        time.sleep(POLL_S)


def rate(
    rig: Rig, effects: Callable[[], int], count: int, process: subprocess.Popen[bytes]
) -> float:
    """Return effects per second, from the first tenth to the last, while a program runs.

    `effects` asks a server how many there are, which costs the same whoever the contestant is.
    """
    start_at, started, done, used_s = 0.0, 0, 0, 0.0
    moved_at = time.monotonic()
    while done < count:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > moved_at + STUCK_S:
            raise TimeoutError(f"{done} of {count} effects, and no more for {STUCK_S} s")
        time.sleep(POLL_S)
        before, done = done, effects()
        moved_at = time.monotonic() if done != before else moved_at
        if not started and done >= count * WARM_SHARE:
            start_at, started, used_s = time.monotonic(), done, ours_s()
    seconds = time.monotonic() - start_at
    rig.cpu_us_each = (ours_s() - used_s) / (done - started) * 1e6
    return (done - started) / seconds


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
