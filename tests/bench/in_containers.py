"""B10 in real containers: `python -m tests.bench.in_containers [--cpus 0.4]`.

A backlog of escrow's events waits for contracts, whose worker's container is there once, then three
times. Each turn proves that every event had its effect before its figure counts.
"""

import json
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import bson
import click
import orjson

from deploy.dev import containers, engine, home
from deploy.dev.containers import Stack
from services.contracts.domain import contract
from services.contracts.records import CONTRACTS
from shared import clock, ids
from shared.documents import Doc, newborn
from tests.bench.web import contract_words

EVENTS = 15_000
WORKERS = (1, 3)
KEEP = """
import sys, bson
from shared import settings, store
how = settings.read()
db = store.connect(how.mongo_url, how.mongo_db)
docs = list(bson.decode_file_iter(sys.stdin.buffer))
for n in range(0, len(docs), 1000):
    db["contracts"].insert_many(docs[n : n + 1000])
"""
TELL = """
import sys, orjson
from shared import settings
from shared.bus import Publisher
from shared.events import Event
publisher = Publisher(settings.read().amqp_url, "escrow")
publisher.start()
assert publisher.wait_ready(20)
events = [Event(**orjson.loads(line)) for line in sys.stdin.buffer]
for n in range(0, len(events), 500):
    assert len(publisher.publish(events[n : n + 500]).confirmed) == len(events[n : n + 500])
publisher.stop()
"""
WATCH = """
import json, sys, time
from shared import settings, store
how, count = settings.read(), int(sys.argv[1])
db = store.connect(how.mongo_url, how.mongo_db)
said = {"type": "contract.started"}
before = db["facts"].count_documents(said)
at = first = done = 0
print("watching", flush=True)
while done < count:
    time.sleep(0.1)
    done = db["facts"].count_documents(said) - before
    if not first and done >= count * 0.2:
        at, first = time.monotonic(), done
rate = (done - first) / (time.monotonic() - at)
parked = db["deliveries"].count_documents({})
waits = db["contracts"].count_documents({"state": {"$ne": "active"}})
print(json.dumps({"rate": rate, "parked": parked, "waits": waits}))
"""


@click.command()
@click.option("--runs", default=3, show_default=True, help="Turns with one and with three.")
@click.option("--cpus", type=float, help="What each worker's container may use of a core.")
def main(runs: int, cpus: float | None) -> None:
    """Print events per second of one and of three workers' containers, and their ratio."""
    rates: dict[int, list[float]] = {n: [] for n in WORKERS}
    with _stack() as stack:
        for turn in range(runs):
            for workers in WORKERS if turn % 2 == 0 else WORKERS[::-1]:
                rates[workers].append(_turn(stack, workers, cpus))
                click.echo(f"{turn + 1}/{runs} {workers}: {rates[workers][-1]:,.0f} events/s")
    one, three = (statistics.median(rates[n]) for n in WORKERS)
    click.echo(f"1: {one:,.0f} events/s, 3: {three:,.0f} events/s, {three / one:.2f}x")


@contextmanager
def _stack() -> Iterator[Stack]:
    """The whole stack, its workers stopped."""
    at = home.here()
    was_there = engine.is_running(at)
    (port,) = home.free_ports(1)
    env = {**engine.environment(at), "GATEWAY_PORT": str(port)}
    stack = Stack(at, env, project="ukeoi-bench")
    stack.build()
    try:
        stack.up()
        _stop(stack)
        yield stack
    finally:
        stack.compose("down", "-v", "--remove-orphans", "--timeout", "5")
        if not was_there:
            engine.stop(at)


def _stop(stack: Stack) -> None:
    found = [container["Id"] for container in stack.containers(*containers.WORKERS)]
    stack.docker("rm", "--force", *found)


def _turn(stack: Stack, workers: int, cpus: float | None) -> float:
    docs = [_awaiting() for _ in range(EVENTS)]
    _run(stack, "contracts-web", KEEP, b"".join(map(bson.encode, docs)))
    _run(stack, "escrow-web", TELL, b"\n".join(orjson.dumps(_funded(doc)) for doc in docs))
    argv = _argv(stack, "contracts-web", WATCH, str(EVENTS))
    with subprocess.Popen(argv, env=stack.env, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "watching\n"
        scale = f"--scale=contracts-worker={workers}"
        assert stack.compose("up", "-d", "--no-deps", scale, "contracts-worker") == 0
        if cpus:
            found = [container["Id"] for container in stack.containers("contracts-worker")]
            stack.docker("update", f"--cpus={cpus}", *found)
        said = json.loads(watching.stdout.readline())
    assert said["parked"] == said["waits"] == 0, said
    _stop(stack)
    return float(said["rate"])


def _awaiting() -> Doc:
    now = clock.now()
    it, _ = contract.form(contract_words(ids.new("mem"), now + timedelta(days=30)), now)
    return newborn(CONTRACTS, it, [], once=None)


def _funded(doc: Doc) -> Doc:
    milestone = doc["milestones"][0]
    words = {
        "hold_id": milestone["hold_id"],
        "ref": doc["_id"],
        "milestone": 1,
        "client_id": doc["client_id"],
        "worker_id": doc["worker_id"],
        "title": doc["title"],
        "amount": milestone["amount"],
        "client_pays": milestone["amount"],
        "method": "card",
    }
    return {
        "id": ids.new("evt"),
        "type": "escrow.funded",
        "source": "escrow",
        "subject": milestone["hold_id"],
        "time": clock.text(clock.now()),
        "version": 1,
        "data": words,
    }


def _run(stack: Stack, service: str, script: str, given: bytes) -> None:
    subprocess.run(_argv(stack, service, script), env=stack.env, input=given, check=True)


def _argv(stack: Stack, service: str, script: str, *words: str) -> list[str]:
    (container, *_) = stack.containers(service)
    return ["docker", "exec", "-i", container["Id"], "python", "-c", script, *words]


if __name__ == "__main__":
    main()
