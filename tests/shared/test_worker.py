"""A worker on the real broker: hears, repeats, parks; harmed by no message and no absence."""

import random
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pika
import pytest
from pika import URLParameters

from deploy.dev import home
from shared import clock, deliveries
from shared import store as stores
from shared.documents import Doc
from shared.errors import Conflict
from shared.reactions import Handle, Reactions
from shared.store import Db, Store
from shared.worker import Worker
from tests.proxy import proxied
from tests.shared.broker import Queue, a_queue, until
from tests.shared.test_bus import UNREADABLE
from tests.shared.toys import BOXES, REACTIONS, a_box, a_story, an_event, bump
from tests.shared.working import a_worker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def queue(amqp_url: str, exchange: str) -> Iterator[Queue]:
    with a_queue(amqp_url, REACTIONS) as it:
        yield it


@pytest.fixture
def mine(store: Store, queue: Queue) -> Store:
    """The store of the service whose queue this is."""
    return Store(store.db, source=queue.service)


@contextmanager
def working(store: Store, amqp_url: str, **how: Any) -> Iterator[Worker]:
    worker = a_worker(store, amqp_url, **how)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until(lambda: worker.hearing and worker.relay.publisher.is_ready)
        yield worker
    finally:
        worker.stop()
        thread.join(20)
    assert not thread.is_alive()


def state(db: Db, n: int = 1) -> str | None:
    doc = db["boxes"].find_one({"_id": a_box(n).id})
    return doc["state"] if doc else None


def parked(db: Db) -> list[Doc]:
    return list(db["deliveries"].find({"state": "parked"}))


def is_quiet(db: Db, queue: Queue) -> bool:
    """Say whether everything has been heard, and nothing is to be tried again."""
    return queue.waiting() == 0 and db["deliveries"].count_documents({"state": "retry"}) == 0


def test_a_worker_hears_acts_and_tells(amqp_url: str, mine: Store, queue: Queue) -> None:
    with a_queue(amqp_url, ["notification.made"]) as others, working(mine, amqp_url):
        queue.put_events([an_event(f"payout.{t}") for t in ("requested", "sent", "paid")])
        until(lambda: state(mine.db) == "came")
        until(lambda: mine.db["facts"].count_documents({}) == 3)
        assert [m["headers"]["ce-version"] for m in others.take()] == ["1", "2", "3"]
        until(lambda: mine.db["boxes"].count_documents({"outbox": []}) == 1)
    assert queue.waiting() == 0, "everything was acknowledged"
    assert mine.db["deliveries"].count_documents({}) == 0


def test_a_wild_story_ends_as_a_calm_one(amqp_url: str, mine: Store, queue: Queue) -> None:
    chance = random.Random(3)
    events = [an_event(f"payout.{t}", n) for n in range(15) for t in ("requested", "sent", "paid")]
    wild = events * 3
    chance.shuffle(wild)
    with working(mine, amqp_url):
        queue.put_events(wild)
        until(lambda: [state(mine.db, n) for n in range(15)] == ["came"] * 15)
        until(lambda: is_quiet(mine.db, queue))
    docs = list(mine.db["boxes"].find())
    assert {(d["version"], d["count"]) for d in docs} == {(3, 2)}
    assert parked(mine.db) == []


def test_several_workers_share_a_queue_and_do_everything_once(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    story = a_story(random.Random(5), size=200, among=12)
    numbers = range(12)
    queue.put_events([an_event("payout.requested", n) for n in numbers])
    with working(mine, amqp_url):
        until(lambda: mine.db["boxes"].count_documents({}) == 12)
    second = Store(mine.db, source=queue.service)
    with working(mine, amqp_url), working(second, amqp_url):
        queue.put_events(story)
        until(lambda: is_quiet(mine.db, queue), timeout_s=40)
    for doc in mine.db["boxes"].find():
        said = mine.db["facts"].count_documents({"subject": doc["_id"]}) + len(doc["outbox"])
        assert doc["version"] == doc["count"] + 1 == said


def test_unreadable_messages_are_parked_and_the_queue_stays_live(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    with working(mine, amqp_url):
        for _, body, headers in UNREADABLE:
            queue.put(body, headers, content_type="application/json")
        queue.put_events([an_event("payout.requested")])
        until(lambda: state(mine.db) == "packed")
        until(lambda: queue.waiting() == 0)
        assert len(parked(mine.db)) == len(UNREADABLE)
    assert {d["type"] for d in parked(mine.db)} == {""}


def test_words_nobody_understands_are_parked_and_the_queue_stays_live(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    good = an_event("payout.sent").data
    strange: list[Any] = [
        {},
        {"a\x00b": 1},
        {"$set": {"a.b": 1}},
        {"$ref": "a", "$id": "b"},
        {**good, "payout_id": None},
        {**good, "payout_id": {"$gt": ""}},
        {**good, "amount": {"amount": 2**64 - 1, "currency": "JPY"}},
        {**good, "amount": []},
    ]
    with working(mine, amqp_url):
        queue.put_events([an_event("payout.sent", data=data) for data in strange])
        queue.put_events([an_event("moon.landed", data={"a\x00b": 1})])
        queue.put_events([an_event("payout.requested")])
        until(lambda: state(mine.db) == "packed")
        until(lambda: len(parked(mine.db)) == len(strange) + 1)
    assert queue.waiting() == 0


def test_what_a_rule_refuses_is_parked_with_its_reason(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    def refuse(*_: Any) -> None:
        raise Conflict("no", "not today")

    event = an_event("payout.sent")
    with working(mine, amqp_url, reactions={"payout.sent": (Handle(refuse),)}):
        queue.put_events([event])
        [doc] = until(lambda: parked(mine.db))
    assert (doc["_id"], doc["reason"]) == (event.id, "no: not today")


def test_a_bug_in_a_reaction_is_tried_again_and_ends_well_once_mended(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    calls: list[str] = []

    def buggy(_: Store, event: Any, now: Any) -> None:
        calls.append(event.id)
        if len(calls) < 3:
            raise ZeroDivisionError

    event = an_event("payout.sent")
    with working(mine, amqp_url, reactions={"payout.sent": (Handle(buggy),)}):
        queue.put_events([event])
        until(lambda: len(calls) == 3)
        until(lambda: mine.db["deliveries"].count_documents({}) == 0)
    assert calls == [event.id] * 3


def test_timers_fire_and_forgotten_facts_are_published(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    soon = clock.now() + timedelta(seconds=0.3)
    with a_queue(amqp_url, ["notification.made"]) as others:
        box = a_box(due=soon)
        earlier = clock.now() - timedelta(minutes=1)
        mine.create(BOXES, box, [], now=earlier)
        mine.change(BOXES, box.id, bump, now=earlier)  # by a process that died before publishing
        with working(mine, amqp_url):
            until(lambda: state(mine.db) == "lost")
            until(lambda: mine.db["facts"].count_documents({}) == 2)
        assert {m["headers"]["ce-version"] for m in others.take()} == {"2", "3"}


# absences


def test_a_worker_whose_broker_went_away_goes_on_when_it_is_back(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    how = URLParameters(amqp_url)
    with (
        proxied(how.host, how.port) as proxy,
        working(mine, f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F") as worker,
    ):
        proxy.shut()
        until(lambda: not worker.hearing)
        queue.put_events([an_event("payout.requested")])
        assert worker.health() == {"database": True, "hearing": False, "publishing": False}
        proxy.reopen()
        until(lambda: state(mine.db) == "packed")
        until(lambda: worker.health() == dict.fromkeys(worker.health(), True))


def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    amqp_url: str, mongo: Any, mine: Store, queue: Queue
) -> None:
    host, port = mongo.address
    with proxied(host, port) as proxy:
        url = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
        far = stores.connect(url, mine.db.name)
        store = Store(far, queue.service)
        with far.client, working(store, amqp_url) as worker:
            queue.put_events([an_event("payout.requested", n) for n in range(5)])
            until(lambda: state(mine.db, 4))
            proxy.shut()
            queue.put_events([an_event("payout.sent", n) for n in range(5)])
            until(lambda: not worker.hearing, timeout_s=30)
            until(lambda: queue.waiting() >= 5, timeout_s=30)
            proxy.reopen()
            until(lambda: [state(mine.db, n) for n in range(5)] == ["sent"] * 5, timeout_s=30)
            until(lambda: is_quiet(mine.db, queue))
    assert parked(mine.db) == []


# processes


@pytest.fixture
def a_process(
    mongo_url: str, amqp_url: str, exchange: str, mine: Store, queue: Queue
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    words = (mongo_url, mine.db.name, amqp_url, exchange, queue.service)
    argv = [sys.executable, "-m", "tests.shared.working", *words]

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def of_member(member_id: str, n: int, type_: str = "payout.requested") -> Any:
    event = an_event(type_, n)
    return an_event(type_, n, id_=event.id, data={**event.data, "member_id": member_id})


def test_a_message_that_kills_its_process_is_parked_and_nobody_else(
    mine: Store, queue: Queue, a_process: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Beside it in the same batch: one that comes too early, and is no killer for that."""
    poison = of_member("poison", 99)
    early = an_event("payout.sent", 100)
    before = [of_member("good", n) for n in range(8)]
    after = [of_member("good", n) for n in range(8, 16)]
    queue.put_events([early, *before, poison, *after])
    is_parked = {"_id": poison.id, "state": "parked"}

    def dies(process: subprocess.Popen[bytes]) -> bool:
        until(lambda: process.poll() is not None or mine.db["deliveries"].find_one(is_parked))
        return process.poll() == 9

    kills = 0
    while dies(process := a_process()):
        kills += 1
        assert kills < 10

    last = of_member("good", 200)
    queue.put_events([last])  # who has heard this has heard everything before it
    until(lambda: mine.db["boxes"].count_documents({}) == 18, timeout_s=30)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert 3 <= kills <= deliveries.CRASHES_MAX + 2
    [doc] = parked(mine.db)
    assert doc["_id"] == poison.id
    assert {message["id"] for message in queue.take()} <= {last.id}
    assert {d["version"] for d in mine.db["boxes"].find()} == {1}


def test_what_is_given_again_is_acknowledged_one_by_one(
    mine: Store, amqp_url: str, queue: Queue, a_process: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """A process that ends among many does not begin with the first of them again."""
    events = [of_member("again", n) for n in range(30)]
    queue.put_events(events)
    taken = pika.BlockingConnection(pika.URLParameters(amqp_url))
    hold = taken.channel()
    for _ in events:
        hold.basic_get(queue.name)
    taken.close()  # all are given back, and are suspects
    until(lambda: queue.waiting() == len(events))

    process = a_process()
    until(lambda: mine.db["boxes"].count_documents({}) >= 5)
    process.kill()
    process.wait()

    done = mine.db["boxes"].count_documents({})
    until(lambda: queue.waiting() >= len(events) - done)
    assert queue.waiting() <= len(events) - done + 1, "one at most was done and not acknowledged"


def test_sigterm_finishes_what_is_in_hand_and_gives_back_the_rest(
    amqp_url: str,
    mine: Store,
    queue: Queue,
    a_process: Callable[[], subprocess.Popen[bytes]],
) -> None:
    count = 100  # the batches of that process are of 20
    queue.put_events([of_member("slow", n) for n in range(count)])
    process = a_process()
    until(lambda: mine.db["boxes"].count_documents({}) > 0)

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0
    made = mine.db["boxes"].count_documents({})
    assert 0 < made < count
    assert queue.waiting() == count - made, "what was done is acknowledged, what was not is back"
    assert mine.db["boxes"].count_documents({"outbox": {"$ne": []}}) == made, "nobody hears it"
    with working(mine, amqp_url):
        until(lambda: mine.db["boxes"].count_documents({}) == count)
    assert {d["version"] for d in mine.db["boxes"].find()} == {1}


# health


def asked(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as no:
        with no:
            return no.code, no.read()


def test_a_worker_shows_that_it_lives_what_it_leans_on_and_its_figures(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    (port,) = home.free_ports(1)
    with working(mine, amqp_url, port=port):
        assert asked(port, "/healthz") == (200, b'{"status":"ok"}')
        assert asked(port, "/readyz")[0] == 200
        status, figures = asked(port, "/metrics")
        assert status == 200
        assert b"messages_consumed_total" in figures
        assert asked(port, "/else")[0] == 404


def test_a_type_that_a_stranger_made_up_makes_no_new_figures(
    amqp_url: str, mine: Store, queue: Queue
) -> None:
    (port,) = home.free_ports(1)
    with working(mine, amqp_url, port=port):
        queue.put_events([an_event(f"made.up{n}") for n in range(3)])
        until(lambda: len(parked(mine.db)) == 3)
        assert b"made.up" not in asked(port, "/metrics")[1]


@pytest.mark.pure
def test_reactions_of_a_worker_are_plain_data() -> None:
    assert all(isinstance(steps, tuple) for steps in _all(REACTIONS))


def _all(reactions: Reactions) -> list[Any]:
    return list(reactions.values())
