"""B5: events per second from documents that wait in MongoDB to the broker."""

import json
from datetime import timedelta

from pymongo import InsertOne

from shared import clock
from shared import store as stores
from shared.bus.topology import EXCHANGE
from shared.documents import newborn, stamp
from tests.bench import peers
from tests.bench.measure import Contestant, Goal, Row, best_of
from tests.bench.programs import parcels
from tests.bench.rig import Rig, python, rate, until

EVENTS = 20_000
EVENTS_QUICK = 2_000
EVENTS_SLOW = 1_500
"""Enough for a peer that publishes a few hundred a second."""
PEERS = ("outbox-pattern, pika", "outbox-pattern, aio-pika")


def ukeoi(rig: Rig) -> float:
    """A worker starts and finds a fact in each of many documents, as after a broker's absence."""
    count = rig.size(EVENTS, EVENTS_QUICK)
    with rig.database() as db, rig.queues("bench.next", exchange=EXCHANGE, keys=["milestone.*"]):
        stores.ensure_indexes(db, [parcels.PARCELS])
        docs = [_waiting() for _ in range(count)]
        db["parcels"].bulk_write([InsertOne(doc) for doc in docs])
        with (
            rig.queues("parcels.inbox"),
            rig.depths("bench.next") as depth,
            rig.program(
                "parcels", *python("tests.bench.programs.parcels"), MONGO_DB=db.name
            ) as worker,
        ):
            speed = rate(rig, depth, count, worker)
            left = {"outbox.0": {"$exists": True}}
            until(lambda: db["parcels"].count_documents(left) == 0, "every outbox is cleared")
        assert db["facts"].count_documents({}) == count
    return speed


def _waiting() -> parcels.Doc:
    now = clock.now() - timedelta(minutes=1)
    parcel, facts = parcels.hear(parcels.a_parcel(now), type_="escrow.funded", now=now)
    return newborn(parcels.PARCELS, parcel, stamp(facts, version=1, now=now), once=None)


def floor(rig: Rig) -> float:
    """Publish what is in memory, 500 on their way at once; nothing is read, kept or marked."""
    count = rig.size(EVENTS, EVENTS_QUICK)
    with rig.queues("bench.next", exchange="bench.out", keys=["#"]):
        said = rig.asked(*python("tests.bench.programs.floor_publish"), COUNT=count)
        assert rig.depth("bench.next") == count
    return float(json.loads(said)["rate"])


def outbox_pattern(rig: Rig, how: str) -> float:
    """Its worker, batches of 100, no pause between polls, and the index that its query wants."""
    home = peers.installed("outbox-pattern")
    count = rig.size(EVENTS_SLOW, EVENTS_QUICK // 4)
    with rig.database() as db, rig.queues("bench.next", exchange="outbox.events", keys=["#"]):
        outbox = db["outbox_events"]
        outbox.create_index([("status", 1), ("locked_until", 1)])
        outbox.insert_many([_pending(doc) for doc in parcels.documents(count)])
        argv = home.python("outbox_relay.py", how)
        env = {"MONGO_DB": db.name, "OUTBOX_BATCH_SIZE": "100"}
        with (
            rig.depths("bench.next") as depth,
            rig.program(f"outbox-{how}", *argv, **env) as process,
        ):
            return rate(rig, depth, count, process)


def _pending(doc: parcels.Doc) -> parcels.Doc:
    said = {name: doc[name] for name in ("client_id", "worker_id", "title", "hold_id", "price")}
    return {
        "tenant": "x",
        "topic": "milestone.funded",
        "payload": {"contract_id": doc["_id"], "milestone": 1, **said},
        "status": "pending",
        "created_at": clock.now(),
    }


ROW = Row(
    id="B5",
    title="outbox relay: events per second from waiting documents to the broker",
    unit="events/s",
    contestants=[
        Contestant("floor", floor, "publishes from memory, confirmed"),
        Contestant("Ukeoi", ukeoi, "at least once, in order per document, facts kept, confirmed"),
        Contestant(
            PEERS[0],
            lambda rig: outbox_pattern(rig, "pika"),
            "no publisher confirms: what the broker drops is marked published",
        ),
        Contestant(
            PEERS[1],
            lambda rig: outbox_pattern(rig, "aio"),
            "confirmed, not mandatory: without a queue it is marked published",
        ),
    ],
    goals=[
        Goal("the best of outbox-pattern", lambda f: f["Ukeoi"] / best_of(*PEERS)(f), least=10),
        Goal("the pipelined publish floor", lambda f: f["Ukeoi"] / f["floor"], least=0.5),
    ],
)
