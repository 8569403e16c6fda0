"""B3: from the HTTP request to its effect in the next service."""

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pika
from pymongo.collection import Collection

from tests.bench import web
from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import Rig
from tests.bench.rows import b4

STORIES, STORIES_QUICK = 2_000, 200
FLOOR_ROUNDS = 500
HALF = 0.5
BODY = b'{"note": "The files are in the folder, as we agreed.", "links": []}'

Doc = dict[str, Any]


def ukeoi(rig: Rig) -> Figures:
    """Deliver a contract at each tick, at half the rate that B4's way just carried."""
    with b4.story(rig) as (url, signer, db):
        lines = web.prepare(db, 300, signer)
        web.load(rig, url, lines, 1, b4.CONNECTIONS)
        lines = web.prepare(db, 2_000, signer)
        most = web.load(rig, url, lines, rig.size(4, 2), b4.CONNECTIONS).rate
        web.drained(db, "contracts")
        lines = web.prepare(db, rig.size(STORIES, STORIES_QUICK), signer)
        with _effects(db["kept"]) as effects:
            sent = _send(url, lines, most * HALF)
            seen = {}
            while len(seen) < len(lines):
                subject, at = effects.get(timeout=30)
                if subject in sent:
                    seen[subject] = at
    return _named("Ukeoi", [(seen[id_] - at) * 1000 for id_, at in sent.items()])


class _effects:  # noqa: N801  (used as a function)
    """Watches a collection and says when each subject appeared."""

    def __init__(self, kept: Collection[Doc]) -> None:
        self._stream = kept.watch([{"$match": {"operationType": "insert"}}], max_await_time_ms=100)
        self._seen: queue.Queue[tuple[str, float]] = queue.Queue()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "queue.Queue[tuple[str, float]]":
        self._thread.start()
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        self._stream.close()

    def _run(self) -> None:
        while not self._ended:
            if change := self._stream.try_next():
                self._seen.put((change["fullDocument"]["subject"], time.perf_counter()))


def _send(url: str, lines: list[str], rate: float) -> dict[str, float]:
    """Send one request per line, evenly in time, on connections kept open; say when each went."""
    sent: dict[str, float] = {}
    numbers = iter(range(len(lines)))
    began = time.perf_counter() + 0.2

    def some() -> None:
        line = HTTPConnection(urlsplit(url).netloc, timeout=10)
        for n in numbers:
            id_, token = lines[n].split()
            while (early := began + n / rate - time.perf_counter()) > 0:
                time.sleep(early)
            path = f"/v1/contracts/{id_}/milestones/1/deliver"
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            headers["Idempotency-Key"] = id_
            sent[id_] = time.perf_counter()
            line.request("POST", path, BODY, headers)
            answer = line.getresponse()
            assert answer.status == 200, (answer.status, answer.read())
            answer.read()
        line.close()

    with ThreadPoolExecutor(b4.CONNECTIONS) as pool:
        for one in [pool.submit(some) for _ in range(b4.CONNECTIONS)]:
            one.result()
    return sent


def floor(rig: Rig) -> Figures:
    """One majority write, one broker hop, one majority write; one after another, nothing else."""
    rounds = rig.size(FLOOR_ROUNDS, FLOOR_ROUNDS // 5)
    how = pika.BasicProperties(delivery_mode=2)
    took = []
    with rig.database() as db, rig.queues("bench.hop"), rig.channel() as out, rig.channel() as hop:
        arrived: list[bytes] = []
        hop.basic_consume("bench.hop", lambda *said: arrived.append(said[3]), auto_ack=True)
        for n in range(rounds):
            began = time.perf_counter()
            db["first"].insert_one({"_id": n})
            out.basic_publish("", "bench.hop", BODY, how)
            while not arrived:
                hop.connection.process_data_events(time_limit=1)
            arrived.clear()
            db["second"].insert_one({"_id": n})
            took.append((time.perf_counter() - began) * 1000)
    return _named("floor", took)


def _named(name: str, took_ms: list[float]) -> Figures:
    took_ms = sorted(took_ms)
    return {
        f"{name} p50": took_ms[len(took_ms) // 2],
        f"{name} p99": took_ms[int(len(took_ms) * 0.99)],
    }


ROW = Row(
    id="B3",
    title="from the HTTP request to its effect in the next service",
    unit="ms",
    contestants=[
        Contestant("floor", floor, "the sum of what each step costs alone"),
        Contestant("Ukeoi", ukeoi, "as B4, at half of its rate"),
    ],
    goals=[
        Goal("the floor's p50", lambda f: f["Ukeoi p50"] / f["floor p50"], most=2.0),
        Goal("the floor's p99", lambda f: f["Ukeoi p99"] / f["floor p99"], most=6.0),
    ],
    notes="The effect is seen by a change stream, whose own delay is counted against Ukeoi.",
)
