"""What happens when nobody acts: timers fire one after another, facts are heard, until all is over.

What a worker would do is done here in its order, at each moment at which something is due: the real
sweeps and the real reactions of all five services, on real databases, only without a broker.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from services.escrow import proof, usecases
from shared import clock, sweep
from shared.store import Db
from tests.callers import Signer
from tests.edge.world import World

Doc = dict[str, Any]
STEPS_MAX = 2_000
RECURRING = {"preferences"}
"""Its time comes round every day; it tells of what there is, and nothing waits for it."""
LIFE = {
    "jobs": ("jobs", "proposals", "entries", "assignments"),
    "contracts": ("offers", "contracts", "messages"),
    "escrow": ("holds", "payouts"),
    "accounts": ("cases",),
}
"""The aggregates with a life cycle, by service."""


@dataclass
class Walk:
    """A world and its clock. `begun`: what each story was about; `snapshot`: what waited then."""

    world: World
    file: Path
    begun: dict[str, str] = field(default_factory=dict)
    waited: dict[str, Doc] = field(default_factory=dict)
    to_do: list[Doc] = field(default_factory=list)
    silent_from: datetime = field(default_factory=clock.now)
    silent_until: datetime = field(default_factory=clock.now)
    steps: int = 0

    def begin(self, name: str, story: Callable[[World], str]) -> None:
        """Begin a story; it answers the id of what it is about."""
        self.begun[name] = story(self.world)

    def be_silent(self) -> None:
        """Let nobody act until nothing waits any more."""
        self.world.pump()
        self.waited = {doc["_id"]: doc for doc in self.things()}
        self.to_do = list(self.db("notify")["notices"].find({"action": {"$ne": None}}))
        self.silent_from = clock.now()
        for self.steps in range(STEPS_MAX):
            at = self._next()
            if at is None:
                self.silent_until = clock.now()
                return
            self._move_to(at)
            self._work()
        raise AssertionError(f"no end after {STEPS_MAX} timers: {self._waiting()}")

    def _move_to(self, at: datetime) -> None:
        ahead = (at - clock.now()).total_seconds() + 0.01
        if ahead > 0:
            self.file.write_text(str(float(self.file.read_text()) + ahead))

    def _work(self) -> None:
        for service in self.world.services.values():
            now = clock.now()
            sweep.due_deliveries(service.store, service.reactions, now)
            sweep.timers(service.store, service.kinds, now)
            if service.name == "escrow":
                usecases.ask_providers(service.store, now)
        self.world.pump()

    def _next(self) -> datetime | None:
        times = [at for at, _ in self._waiting()]
        return min(times, default=None)

    def _waiting(self) -> list[tuple[datetime, str]]:
        found = []
        for service in self.world.services.values():
            for kind in service.kinds:
                if kind.collection in RECURRING or kind.wake is None:
                    continue
                where = {"wake_at": {"$type": "date"}}
                names = {"wake_at": 1, "leased_until": 1}
                first = service.store.db[kind.collection].find(where, names).sort("wake_at", 1)
                for doc in first.limit(1):
                    at = max(doc["wake_at"], doc.get("leased_until") or doc["wake_at"])
                    found.append((at, doc["_id"]))
            for doc in service.store.db["deliveries"].find({"state": "retry"}).limit(1):
                found.append((doc["due"], str(doc["_id"])))
        return found

    # what is there to see

    def db(self, name: str) -> Db:
        """Return a service's database."""
        return self.world.db(name)

    def things(self) -> Iterator[Doc]:
        """Yield everything that has a life cycle, with the `kind` it is."""
        for service, collections in LIFE.items():
            for collection in collections:
                for doc in self.db(service)[collection].find():
                    state = doc["state"] if "state" in doc else doc["seen"]["state"]
                    yield {**doc, "kind": collection, "state": state}

    def thing(self, id_: str) -> Doc:
        """Return a thing as it is now."""
        return next(doc for doc in self.things() if doc["_id"] == id_)

    def facts(self, id_: str = "") -> list[Doc]:
        """Return what was said, in its order; of one thing, or all."""
        where = {"subject": id_} if id_ else {}
        return [
            fact
            for service in LIFE
            for fact in self.db(service)["facts"].find(where).sort([("time", 1), ("version", 1)])
        ]

    def about(self, thing: Doc) -> list[str]:
        """Return the ids under which a thing is spoken of: its own, its job's, its holds'."""
        own = [thing["_id"], *(thing.get(n) for n in ("ref", "job_id", "contract_id", "hold_id"))]
        holds = self.db("escrow")["holds"].find({"ref": {"$in": own}}, {"_id": 1})
        return [*(id_ for id_ in own if id_), *(doc["_id"] for doc in holds)]

    def proved(self) -> Doc:
        """Return the ledger's proof."""
        return proof.proof(self.db("escrow"))


DAY = timedelta(days=1)


@contextmanager
def a_walk(
    mongo: MongoClient[dict[str, Any]], mongo_url: str, signer: Signer, folder: Path
) -> Iterator[Walk]:
    """Give a new world in which nothing has begun, and whose clock can be moved."""
    file = folder / "offset"
    file.write_text("0")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "MONGO_URL": mongo_url,
            "MONGO_DB": "none",
            "AMQP_URL": "amqp://127.0.0.1:9/",
            "JWT_PUBLIC_KEYS": str(signer.public),
            "UKEOI_TEST_DEPLOYMENT": "1",
        }.items():
            patch.setenv(name, value)
        patch.setattr(clock, "_offset_file", None)
        clock.allow_offset(str(file))
        world = World(mongo_url, mongo, signer)
        yield Walk(world, file)
        world.close()
