"""64 racers take slots of one task, in one WAY; prints `{"rate": ...}`.

`claim` is what the route calls: who may start, the limit of each person, the slot. `write` is its
one write alone. `counter` is the floor: a number that goes up, with nothing that says whose it is.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator

from pymongo import MongoClient, ReturnDocument

from services.jobs import tasks
from services.jobs.domain import assignment
from services.jobs.domain.job import Task
from services.jobs.records import ASSIGNMENTS, KINDS
from shared import clock, ids
from shared import store as stores
from shared.documents import Doc, Once
from shared.store import Store
from tests.jobs.builders import CLIENT as OWNER
from tests.jobs.builders import DAY, a_job, yen

JOB = a_job(
    client_id=OWNER,
    mode="task",
    deadline_at=clock.now() + 30 * DAY,
    hold_id=ids.new("hld"),
    task=Task(reward=yen(100), slots=int(os.environ.get("SLOTS", "1"))),
)


def main() -> None:
    """Let RACERS threads take COUNT of the slots, which are more."""
    racers = int(os.environ["RACERS"])
    # A connection for each: a web process has as many threads as its pool, never more.
    client: MongoClient[Doc] = MongoClient(
        os.environ["MONGO_URL"], tz_aware=True, w="majority", maxPoolSize=racers
    )
    db = client[os.environ["MONGO_DB"]]
    stores.ensure_indexes(db, KINDS)
    store = Store(db, "jobs")
    tasks.mint(store, JOB)
    db["counters"].insert_one({"_id": "slots", "n": 0})
    take, total = WAYS[os.environ["WAY"]](store), int(os.environ["COUNT"])
    for _ in range(20):
        take()
    numbers = iter(range(total))
    running = [threading.Thread(target=some, args=(take, numbers)) for _ in range(racers)]
    began = time.monotonic()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    seconds = time.monotonic() - began
    taken = db[ASSIGNMENTS.collection].count_documents({"job_id": JOB.id, "state": "reserved"})
    counted = db["counters"].find_one({"_id": "slots"}) or {}
    assert taken + counted["n"] == total + 20, (taken, counted)
    print(json.dumps({"rate": total / seconds}))  # noqa: T201


def some(take: Callable[[], object], numbers: Iterator[int]) -> None:
    """Take one after another, until all are taken."""
    for _ in numbers:
        take()


def claim(store: Store) -> Callable[[], object]:
    """As the route does it, each time another person, with a key."""

    def take() -> object:
        once = Once(ids.new("key"))
        return tasks.claim(store, JOB, by=ids.new("mem"), now=clock.now(), once=once)

    return take


def write(store: Store) -> Callable[[], object]:
    """The write that takes a slot, and nothing before it."""

    def take() -> object:
        by = ids.new("mem")
        words = assignment.claim_words(JOB, by=by, seat=1, now=clock.now())
        return tasks.any_free(store, JOB, by, words, Once(ids.new("key")))

    return take


def counter(store: Store) -> Callable[[], object]:
    """The floor."""

    def take() -> object:
        return store.db["counters"].find_one_and_update(
            {"_id": "slots", "n": {"$lt": 10**9}},
            {"$inc": {"n": 1}},
            return_document=ReturnDocument.AFTER,
        )

    return take


WAYS = {"claim": claim, "write": write, "counter": counter}

if __name__ == "__main__":
    main()
