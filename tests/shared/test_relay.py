"""From the outbox to the broker: whatever dies or is away, a fact may come twice and never not."""

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pika import URLParameters

from shared import leases, relay, sweep
from shared.bus import Publisher
from shared.documents import Doc, Written
from shared.relay import Relay
from shared.store import Db, Store
from tests import backends
from tests.proxy import Proxy, proxied
from tests.racers import at_once
from tests.shared.broker import Queue, a_queue, memory_alarm, until
from tests.shared.toys import BOXES, NOW, a_box, after, bump

ROOT = Path(__file__).parents[2]
TYPE = "notification.made"


@pytest.fixture
def queue(amqp_url: str, exchange: str) -> Iterator[Queue]:
    with a_queue(amqp_url, [TYPE]) as it:
        yield it


@pytest.fixture
def out(amqp_url: str, exchange: str) -> Iterator[Publisher]:
    it = Publisher(amqp_url, "toys")
    it.start()
    assert it.wait_ready(10)
    yield it
    it.stop()


def write(store: Store, *, times: int = 1, n: int = 1) -> list[Written]:
    """Make a box say something; return what waits."""
    written: list[Written] = []
    there, store.on_written = store.on_written, written.extend
    store.create(BOXES, a_box(n), [], now=NOW)
    for _ in range(times):
        store.change(BOXES, a_box(n).id, bump, now=NOW)
    store.on_written = there
    return written


def outbox(db: Db, n: int = 1) -> list[Doc]:
    doc = db["boxes"].find_one({"_id": a_box(n).id})
    assert doc is not None
    waiting: list[Doc] = doc["outbox"]
    return waiting


def facts(db: Db) -> list[Doc]:
    return list(db["facts"].find().sort("version"))


def swept(store: Store, publisher: Publisher, **time_: float) -> int:
    return sweep.outbox(store.db, publisher, "toys", [BOXES], after(**time_))


def test_what_was_written_is_published_kept_and_cleared(
    store: Store, queue: Queue, out: Publisher
) -> None:
    written = write(store, times=3)
    waiting = outbox(store.db)

    sent = relay.publish(store.db, out, "toys", written)

    heard = queue.take()
    assert [m["id"] for m in heard] == [e["id"] for e in waiting]
    assert sent.confirmed == {m["id"] for m in heard}
    assert [m["headers"]["ce-version"] for m in heard] == ["2", "3", "4"]
    assert outbox(store.db) == []
    kept = facts(store.db)
    assert [(f["_id"], f["subject"], f["data"]) for f in kept] == [
        (e["id"], a_box().id, e["data"]) for e in waiting
    ]
    assert store.load(BOXES, a_box().id).version == 4, "clearing is no change"


def test_publishing_again_keeps_each_fact_once(store: Store, queue: Queue, out: Publisher) -> None:
    written = write(store)
    for _ in range(2):
        relay.publish(store.db, out, "toys", written)
    assert (len(queue.take()), len(facts(store.db))) == (2, 1)


@pytest.mark.parametrize(
    ("point", "in_queue", "in_facts", "in_outbox"),
    [
        ("before_publish", 0, 0, 3),
        ("after_publish", 3, 0, 3),
        ("after_facts", 3, 3, 3),
        ("after_clear", 3, 3, 0),
    ],
)
def test_a_process_killed_on_its_way_costs_duplicates_and_never_a_fact(
    mongo_url: str,
    amqp_url: str,
    exchange: str,
    store: Store,
    queue: Queue,
    out: Publisher,
    point: str,
    in_queue: int,
    in_facts: int,
    in_outbox: int,
) -> None:
    store.create(BOXES, a_box(), [], now=NOW)
    words = (mongo_url, store.db.name, amqp_url, exchange, point)
    died = subprocess.run([sys.executable, "-m", "tests.shared.dying", *words], cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    heard = [m["id"] for m in queue.take()]
    assert (len(heard), len(facts(store.db)), len(outbox(store.db))) == (
        *(in_queue, in_facts, in_outbox),
    )

    swept(store, out, seconds=3)

    heard += [m["id"] for m in queue.take()]
    assert len(set(heard)) == 3
    assert len(heard) == in_queue + in_outbox
    assert (len(facts(store.db)), outbox(store.db)) == (3, [])


# what no queue hears


def test_a_fact_that_no_queue_hears_waits_and_is_tried_again(
    amqp_url: str, store: Store, out: Publisher
) -> None:
    relay.publish(store.db, out, "toys", write(store))
    assert (len(outbox(store.db)), facts(store.db)) == (1, [])

    assert swept(store, out, seconds=3) == 0
    with a_queue(amqp_url, [TYPE]) as queue:
        assert swept(store, out, seconds=4) == 0, "not at every sweep"
        assert swept(store, out, seconds=14) == 1
        assert len(queue.take()) == 1
    assert (outbox(store.db), len(facts(store.db))) == ([], 1)


def test_a_fact_that_no_queue_hears_holds_up_no_other(
    store: Store, queue: Queue, out: Publisher
) -> None:
    [one] = write(store, n=1)
    [two] = write(store, n=2)
    unheard = [{**e, "type": "toy.unheard"} for e in one.entries]
    store.db["boxes"].update_one({"_id": one.id}, {"$set": {"outbox": unheard}})

    assert swept(store, out, seconds=3) == 1

    assert [m["id"] for m in queue.take()] == [two.entries[0]["id"]]
    assert (len(outbox(store.db, 1)), len(outbox(store.db, 2))) == (1, 0)


def test_of_one_document_what_was_heard_is_cleared_and_the_rest_waits(
    store: Store, queue: Queue, out: Publisher
) -> None:
    write(store, times=2)
    first, second = outbox(store.db)
    mixed = [{**first, "type": "toy.unheard"}, second]
    store.db["boxes"].update_one({"_id": a_box().id}, {"$set": {"outbox": mixed}})

    swept(store, out, seconds=3)

    assert [e["id"] for e in outbox(store.db)] == [first["id"]]
    assert [f["_id"] for f in facts(store.db)] == [second["id"]]


# the sweep


def test_the_sweep_leaves_fresh_facts_to_whoever_wrote_them(
    store: Store, queue: Queue, out: Publisher
) -> None:
    write(store)
    assert swept(store, out, seconds=1.9) == 0
    assert swept(store, out, seconds=2) == 1


def test_one_process_sweeps_the_outbox_at_a_time(
    store: Store, queue: Queue, out: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store)
    assert leases.hold(store.db, "outbox", now=after(seconds=3))
    monkeypatch.setattr(leases, "ME", "another process")
    assert swept(store, out, seconds=3) == 0
    assert swept(store, out, seconds=14) == 1


def test_many_sweeps_in_one_process_still_keep_each_fact_once(
    store: Store, queue: Queue, out: Publisher
) -> None:
    for n in range(20):
        write(store, n=n)
    at_once(4, lambda _: swept(store, out, seconds=3))
    assert len({m["id"] for m in queue.take()}) == 20
    assert len(facts(store.db)) == 20
    assert store.db["boxes"].count_documents({"outbox": {"$ne": []}}) == 0


def test_a_backlog_larger_than_one_sweep_is_published_in_the_end(
    store: Store, queue: Queue, out: Publisher
) -> None:
    docs = []
    [written] = write(store)
    for n in range(450):
        entry = {**written.entries[0], "id": f"evt_{n}"}
        docs.append({"_id": f"box_{n}", "version": 1, "outbox": [entry]})
    store.db["boxes"].insert_many(docs)
    total = sum(swept(store, out, seconds=3 + n) for n in range(4))
    assert total == 451
    assert len(queue.take()) == 451


# the thread of a process


@pytest.fixture
def going(store: Store, amqp_url: str, exchange: str) -> Iterator[Relay]:
    it = relay.start(store, amqp_url)
    assert it.publisher.wait_ready(10)
    yield it
    it.stop()


def test_what_a_process_writes_is_published_at_once(
    store: Store, queue: Queue, going: Relay
) -> None:
    store.create(BOXES, a_box(), [], now=NOW)
    for _ in range(5):
        store.change(BOXES, a_box().id, bump, now=NOW)
    until(lambda: outbox(store.db) == [])
    assert [f["version"] for f in facts(store.db)] == [2, 3, 4, 5, 6]
    assert len(queue.take()) == 5


def test_writers_and_the_relay_together_lose_nothing(
    store: Store, queue: Queue, going: Relay
) -> None:
    store.create(BOXES, a_box(), [], now=NOW)
    done = at_once(6, lambda _: [store.change(BOXES, a_box().id, bump, now=NOW) for _ in range(8)])
    assert [d for d in done if isinstance(d, Exception)] == []
    until(lambda: outbox(store.db) == [])
    assert len(facts(store.db)) == 48
    assert sorted(int(m["headers"]["ce-version"]) for m in queue.take()) == list(range(2, 50))


def test_a_relay_that_is_stopped_first_publishes_what_it_has(
    store: Store, queue: Queue, amqp_url: str
) -> None:
    it = relay.start(store, amqp_url)
    assert it.publisher.wait_ready(10)
    for n in range(50):
        store.create(BOXES, a_box(n), [], now=NOW)
        store.change(BOXES, a_box(n).id, bump, now=NOW)
    it.stop()
    assert len(queue.take()) == 50


def test_a_relay_goes_on_after_what_it_cannot_publish(
    store: Store, queue: Queue, going: Relay
) -> None:
    broken: Any = [Written("boxes", "box_x", [{"id": "evt_x"}])]
    going.take(broken)
    write(store)
    going.take([Written("boxes", a_box().id, outbox(store.db))])
    until(lambda: outbox(store.db) == [])


def test_a_relay_lives_until_it_is_stopped_with_or_without_a_broker(store: Store) -> None:
    it = relay.start(store, "amqp://guest:guest@127.0.0.1:9/%2F")
    assert it.is_alive
    it.stop()
    assert not it.is_alive


def test_a_full_relay_refuses_nobody_and_leaves_it_to_the_sweep(
    store: Store, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "WAITING_MAX", 2)
    still = Relay(store.db, Publisher(amqp_url, "toys"), "toys")  # not started: takes nothing out
    store.on_written = still.take
    store.create(BOXES, a_box(), [], now=NOW)
    for _ in range(5):
        store.change(BOXES, a_box().id, bump, now=NOW)
    assert len(outbox(store.db)) == 5


@pytest.fixture
def proxy(amqp_url: str) -> Iterator[Proxy]:
    how = URLParameters(amqp_url)
    with proxied(how.host, how.port) as it:
        yield it


def test_without_the_broker_writing_goes_on_and_everything_comes_later(
    store: Store, queue: Queue, proxy: Proxy, exchange: str
) -> None:
    it = relay.start(store, f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F")
    assert it.publisher.wait_ready(10)
    proxy.shut()
    until(lambda: not it.publisher.is_ready)
    store.create(BOXES, a_box(), [], now=NOW)
    began = time.monotonic()
    for _ in range(20):
        store.change(BOXES, a_box().id, bump, now=NOW)
    assert time.monotonic() - began < 5, "no writer waits for the broker"
    assert len(outbox(store.db)) == 20
    assert swept(store, it.publisher, seconds=3) == 0

    proxy.reopen()
    until(lambda: it.publisher.is_ready)
    swept(store, it.publisher, seconds=6)

    assert sorted({int(m["headers"]["ce-version"]) for m in queue.take()}) == list(range(2, 22))
    assert outbox(store.db) == []
    it.stop()


def test_a_cut_connection_under_load_loses_nothing(
    store: Store, queue: Queue, proxy: Proxy, exchange: str
) -> None:
    it = relay.start(store, f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F")
    assert it.publisher.wait_ready(10)
    for n in range(60):
        store.create(BOXES, a_box(n), [], now=NOW)
        store.change(BOXES, a_box(n).id, bump, now=NOW)
        if n % 20 == 10:
            proxy.cut()
    until(lambda: it.publisher.is_ready)
    for second in range(3, 8):
        swept(store, it.publisher, seconds=second)
    it.stop()
    assert store.db["boxes"].count_documents({"outbox": {"$ne": []}}) == 0
    ids = {f["_id"] for f in facts(store.db)}
    assert len(ids) == 60
    assert ids <= {m["id"] for m in queue.take()}


def test_a_broker_whose_memory_is_full_stops_no_reader_and_no_writer(store: Store) -> None:
    with backends.private_rabbitmq() as (broker, url), a_queue(url, [TYPE]) as queue:
        it = relay.start(store, url)
        assert it.publisher.wait_ready(10)
        with memory_alarm(broker):
            store.create(BOXES, a_box(), [], now=NOW)
            for _ in range(20):
                store.change(BOXES, a_box().id, bump, now=NOW)
            assert store.get(BOXES, a_box().id).count == 20
            assert len(outbox(store.db)) == 20
            assert queue.waiting() == 0
        seconds = itertools.count(3)
        until(lambda: not outbox(store.db) or swept(store, it.publisher, seconds=next(seconds)) < 0)
        it.stop()
        said = {m["id"] for m in queue.take()}
    assert outbox(store.db) == []
    assert said == {f["_id"] for f in facts(store.db)}
    assert len(said) == 20
