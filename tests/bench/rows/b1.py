"""B1: events applied per second by one worker process."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile

import orjson
from pymongo import InsertOne

from shared import store as stores
from shared.bus import Publisher
from shared.bus.topology import EXCHANGE
from tests.bench import peers
from tests.bench.measure import Contestant, Goal, Row, best_of
from tests.bench.programs import parcels
from tests.bench.rig import PROGRAMS, Rig, python, rate, until

EVENTS = 20_000
EVENTS_QUICK = 2_000
PEER_EVENTS = 4_000
"""Enough for who applies a few hundred a second."""
PUBLISHED_TOGETHER = 500
WORKER = python("tests.bench.programs.parcels")


def ukeoi(rig: Rig) -> float:
    """Two events for each of many parcels, in a shuffled order."""
    count = rig.size(EVENTS, EVENTS_QUICK)
    speeds: list[float] = []
    backlog(rig, count, lambda first, effects: speeds.append(rate(rig, effects, count, first)))
    return speeds[0]


def backlog(
    rig: Rig,
    count: int,
    watch: Callable[[subprocess.Popen[bytes], Callable[[], int]], None],
    *,
    workers: int = 1,
    each: int = 2,
) -> None:
    """Let workers find a backlog; `watch` is given the first of them and the count of effects.

    A parcel hears `each` events; with one, no worker waits for what another has in hand.
    """
    with rig.database() as db, rig.queues("bench.next", exchange=EXCHANGE, keys=["milestone.*"]):
        stores.ensure_indexes(db, [parcels.PARCELS])
        docs = parcels.documents(count // each)
        db["parcels"].bulk_write([InsertOne(doc) for doc in docs])
        with rig.queues("parcels.inbox", exchange=EXCHANGE, keys=parcels.HEARD):
            _publish(rig, docs, each)
            with ExitStack() as stack:
                started = [
                    stack.enter_context(rig.program(f"parcels-{n}", *WORKER, MONGO_DB=db.name))
                    for n in range(workers)
                ]
                watch(started[0], db["facts"].estimated_document_count)
                left = {"outbox.0": {"$exists": True}}
                until(lambda: db["parcels"].count_documents(left) == 0, "every fact is told")
            _prove(rig, db, count, each)


def _publish(rig: Rig, docs: list[parcels.Doc], each: int) -> None:
    said = list(parcels.events(docs))
    halves = [said[n * len(docs) : (n + 1) * len(docs)] for n in range(each)]
    events = [event for n, half in enumerate(halves) for event in Random(n).sample(half, len(half))]
    publisher = Publisher(rig.amqp_url, "bench")
    publisher.start()
    publisher.wait_ready(10)
    for start in range(0, len(events), PUBLISHED_TOGETHER):
        batch = events[start : start + PUBLISHED_TOGETHER]
        assert len(publisher.publish(batch).confirmed) == len(batch)
    publisher.stop()


def _prove(rig: Rig, db: stores.Db, count: int, each: int) -> None:
    """Every event had its one effect and its one fact, or the figure counts for nothing."""
    ended = {"state": "paid" if each == 2 else "funded", "version": 1 + each}
    assert db["parcels"].count_documents(ended) == count // each
    assert db["facts"].count_documents({}) == count
    assert db["deliveries"].count_documents({}) == 0
    assert rig.depth("bench.next") >= count


def floor(rig: Rig) -> float:
    """insert_many, pipelined publish, one ack for the batch; nothing is deduplicated."""
    return _heard(rig, "floor", python("tests.bench.programs.floor_hear"), events=EVENTS)


def faststream(rig: Rig) -> float:
    """One process; up to 50 messages at once on uvloop."""
    home = peers.installed("faststream")
    return _heard(rig, "faststream", home.python("faststream_hear.py"))


def nameko(rig: Rig) -> float:
    """One process, 10 green threads."""
    home = peers.installed("nameko")
    how = ("run", "--config", str(PROGRAMS / "nameko.yaml"), "tests.bench.programs.nameko_hear")
    return _heard(rig, "nameko", (str(home.bin / "nameko"), *how))


def celery(rig: Rig) -> float:
    """One worker with two processes, as the machine has cores."""
    home = peers.installed("celery")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING")
    app = ("-A", "celery_hear", "--workdir", str(PROGRAMS), "worker", "-P", "prefork", "-c", "2")
    argv = (str(home.bin / "celery"), *app, *quiet)
    return _heard(rig, "celery", argv, fill=home.python("celery_hear.py"))


def dramatiq(rig: Rig) -> float:
    """One process, eight threads."""
    home = peers.installed("dramatiq")
    how = ("dramatiq_hear", "-p", "1", "-t", "8", "--path", str(PROGRAMS), "-Q", "bench.inbox")
    argv = (str(home.bin / "dramatiq"), *how)
    return _heard(rig, "dramatiq", argv, fill=home.python("dramatiq_hear.py"))


def _heard(
    rig: Rig,
    name: str,
    argv: tuple[str, ...],
    fill: tuple[str, ...] = (),
    *,
    events: int = PEER_EVENTS,
) -> float:
    """Measure a program that inserts into `heard`; its messages are plain JSON unless it fills."""
    count = rig.size(events, EVENTS_QUICK // 2)
    words = [orjson.dumps(dict(e.data)) for e in parcels.events(parcels.documents(count // 2))]
    with rig.database() as db, rig.queues("bench.inbox", "bench.next", declare=not fill):
        if fill:
            with NamedTemporaryFile(suffix=".ndjson") as file:
                Path(file.name).write_bytes(b"\n".join(words))
                rig.asked(*fill, file.name, MONGO_DB=db.name)
        else:
            rig.fill("bench.inbox", words, "application/json")
        with rig.program(name, *argv, MONGO_DB=db.name) as process:
            speed = rate(rig, db["heard"].estimated_document_count, count, process)
        assert db["heard"].count_documents({}) >= count
    return speed


PEERS = {
    "FastStream": (faststream, "at least once; no deduplication, no outbox, nothing parked"),
    "nameko": (nameko, "at least once; a handler that fails loses its message"),
    "Celery": (celery, "at least once with acks_late; a task that fails is lost by default"),
    "Dramatiq": (dramatiq, "at least once, retries with backoff; no deduplication, no outbox"),
}
ROW = Row(
    id="B1",
    title="events applied per second by one worker process",
    unit="events/s",
    contestants=[
        Contestant("floor", floor, "at least once, in batches; nothing is deduplicated"),
        Contestant("Ukeoi", ukeoi, "exactly once, states, facts kept, any crash point safe"),
        *(Contestant(name, *how) for name, how in PEERS.items()),
    ],
    goals=[
        Goal("the best peer", lambda f: f["Ukeoi"] / best_of(*PEERS)(f), least=5.0),
        Goal("the batched floor", lambda f: f["Ukeoi"] / f["floor"], least=0.5),
    ],
    notes="Peers and floor insert one document and publish one message per event.",
)
