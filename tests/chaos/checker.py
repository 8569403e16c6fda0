"""The count at the end: nothing lost, nothing twice, every story ended, the ledger at zero."""

import hashlib
import importlib
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from deploy.dev.home import SERVICES
from services.escrow import audit, proof
from shared import deliveries
from shared.bus import Publisher, event_of
from shared.documents import Doc
from shared.ops import broker_url, database
from shared.store import Db
from tests.chaos.stories import Told

ENDED_WITHIN_S = 60.0
ONCE = (
    *("offer.sent", "offer.accepted", "contract.formed", "contract.started"),
    *("milestone.funded", "milestone.paid", "contract.completed", "escrow.funded"),
    *("hold.opened", "payout.requested", "payout.paid", "member.registered"),
)
"""Facts that an aggregate says once in its life. (What waits for the system is said again.)"""
BOOKKEEPING = ("version", "batch", "receipts", "outbox", "leased_until", "wake_tries")
GHOST = "con_" + "0" * 32


def kinds(service: str) -> list[Any]:
    """Return the kinds of aggregates of a service."""
    return list(importlib.import_module(f"services.{service}.records").KINDS)


class Checker:
    """Looks into the databases of a deployment; `findings` are what is wrong, as sentences."""

    def __init__(self, told: Told, now: Callable[[], datetime], queued: Callable[[], int]) -> None:
        self.told = told
        self.now = now
        self.queued = queued
        self.dbs: dict[str, Db] = {name: database(name) for name in SERVICES}
        self.findings: list[str] = []
        self.figures: dict[str, Any] = {}

    def wait_until_ended(self, patience_s: float = ENDED_WITHIN_S) -> float:
        """Wait until every story has ended; return the seconds that it took."""
        began = time.monotonic()
        left: list[str] = []
        while time.monotonic() - began < patience_s:
            left = [*self._not_yet("contracts"), *self._not_yet("offers"), *self._unsettled()]
            if not left:
                break
            time.sleep(0.5)
        took = time.monotonic() - began
        self.figures["ended_after_s"] = round(took, 1)
        self.findings += [f"not ended after {patience_s:.0f} s: {what}" for what in left[:20]]
        return took

    def _not_yet(self, collection: str) -> list[str]:
        wanted: dict[str, str] = getattr(self.told, collection)
        found = self.dbs["contracts"][collection].find({"_id": {"$in": list(wanted)}}, {"state": 1})
        states = {doc["_id"]: doc["state"] for doc in found}
        return [
            f"{id_} is {states.get(id_, 'missing')}, not {state}"
            for id_, state in wanted.items()
            if states.get(id_) != state
        ]

    def _unsettled(self) -> Iterator[str]:
        escrow = self.dbs["escrow"]
        for doc in escrow["payouts"].find({"state": {"$in": ["requested", "sent"]}}, {"state": 1}):
            yield f"{doc['_id']} is {doc['state']}"
        ended = {id_ for id_, state in self.told.contracts.items() if state == "completed"}
        for doc in escrow["holds"].find({"state": {"$in": ["opened", "funded"]}}, {"ref": 1}):
            if doc["ref"] in ended or doc["ref"] in self.told.contracts:
                yield f"the hold {doc['_id']} of {doc['ref']} is still open"

    def check(self) -> None:
        """Count everything; what is wrong goes to `findings`."""
        self._drain()
        for name, db in self.dbs.items():
            self._no_leftovers(name, db)
            self._said_once(name, db)
        self._everything_was_heard()
        self._ghost_is_parked()
        self.findings += [f"ledger: {wrong}" for wrong in audit.check(self.dbs["escrow"])[:20]]
        sums = proof.proof(self.dbs["escrow"])["currencies"]
        self.figures["ledger_total"] = {c: s["total"] for c, s in sums.items()}
        self.findings += [f"{c} sums to {s['total']}" for c, s in sums.items() if s["total"]]
        self.figures["facts"] = sum(db["facts"].count_documents({}) for db in self.dbs.values())

    def _ghost_is_parked(self) -> None:
        """What can never be done is kept and shown, after the bounded tries; then once an hour."""
        parked = self.dbs["contracts"]["deliveries"].find({"state": "parked"})
        tries = [doc["tries"] for doc in parked if GHOST in str(doc.get("event"))]
        bounds = range(deliveries.TRIES_MAX, deliveries.EARLY_TRIES_MAX + 1)
        if not tries or any(n not in bounds for n in tries):
            self.findings.append(f"events for nobody were to be parked after 8 tries: {tries}")

    def _drain(self, patience_s: float = 90.0) -> None:
        """Wait until what is on its way has arrived: outboxes, retries, timers, queues, feed."""
        until = time.monotonic() + patience_s + len(self.told.contracts) / 10
        while time.monotonic() < until:
            due = {"wake_at": {"$lte": self.now()}, "leased_until": {"$not": {"$gt": self.now()}}}
            waiting = sum(
                db[kind.collection].count_documents(where, limit=1)
                for name, db in self.dbs.items()
                for kind in kinds(name)
                for where in ({"outbox.time": {"$exists": True}}, *((due,) if kind.on_wake else ()))
            )
            retries = sum(
                db["deliveries"].count_documents({"state": "retry"}) for db in self.dbs.values()
            )
            if not waiting and not retries and not self._unheard() and not self.queued():
                return
            time.sleep(0.5)

    def _no_leftovers(self, name: str, db: Db) -> None:
        for kind in kinds(name):
            for doc in db[kind.collection].find({"outbox.time": {"$exists": True}}).limit(5):
                self.findings.append(f"{name}: {doc['_id']} has facts that were not published")
        for doc in db["deliveries"].find({"state": {"$in": ["retry", "running", "parked"]}}):
            if GHOST not in str(doc.get("event")):
                self.findings.append(f"{name}: {doc['_id']} is {doc['state']}: {doc['reason']}")

    def _said_once(self, name: str, db: Db) -> None:
        group = {"_id": {"s": "$subject", "t": "$type"}, "n": {"$sum": 1}}
        # A contract says some facts once for each milestone; these stories have one.
        twice = [
            {"$match": {"type": {"$in": list(ONCE)}}},
            {"$group": group},
            {"$match": {"n": {"$gt": 1}}},
        ]
        for doc in db["facts"].aggregate(twice):
            self.findings.append(f"{name}: {doc['_id']['s']} said {doc['_id']['t']} {doc['n']}x")

    def _unheard(self) -> set[str]:
        heard = {doc["_id"] for doc in self.dbs["notify"]["feed"].find({}, {"_id": 1})}
        said = {
            doc["_id"]
            for name, db in self.dbs.items()
            if name != "notify"
            for doc in db["facts"].find({}, {"_id": 1})
        }
        return said - heard

    def _everything_was_heard(self) -> None:
        self.findings += [f"notify never heard {id_}" for id_ in sorted(self._unheard())[:5]]

    def state(self) -> dict[str, str]:
        """Return a fingerprint of every aggregate, without the store's own bookkeeping."""
        prints: dict[str, str] = {}
        for name, db in self.dbs.items():
            for kind in kinds(name):
                for doc in db[kind.collection].find():
                    plain = {k: v for k, v in doc.items() if k not in BOOKKEEPING}
                    text = json.dumps(plain, default=str, sort_keys=True)
                    prints[f"{name} {doc['_id']}"] = hashlib.sha256(text.encode()).hexdigest()
        return prints

    def say_everything_again(self, dice: random.Random, settle: Callable[[], None]) -> None:
        """Publish every fact again to every service, shuffled; nothing may change."""
        self._drain()
        before = self.state()
        facts = [(name, f) for name, db in self.dbs.items() for f in db["facts"].find()]
        for hearer in SERVICES:
            dice.shuffle(facts)
            _publish_all(hearer, facts)
        settle()
        self._drain()
        after = self.state()
        changed = [k for k in before.keys() | after.keys() if before.get(k) != after.get(k)]
        self.figures["said_again"] = len(facts) * len(SERVICES)
        self.findings += [f"changed by a repetition: {what}" for what in sorted(changed)[:10]]


def _publish_all(hearer: str, facts: list[tuple[str, Doc]]) -> None:
    publisher = Publisher(broker_url(), "chaos", only_to=hearer)
    publisher.start()
    publisher.wait_ready(20)
    batches = defaultdict(list)
    for i, (source, fact) in enumerate(facts):
        event = event_of({**fact, "id": fact["_id"]}, source=source, subject=fact["subject"])
        batches[i // 500].append(event)
    for batch in batches.values():
        sent = publisher.publish(batch)
        if len(sent.confirmed) < len({e.id for e in batch}):
            raise RuntimeError(
                f"the broker took {len(sent.confirmed)} of {len(batch)} for {hearer}"
            )
    publisher.stop()
