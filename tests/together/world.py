"""The three services that decide about work and money, and the people who use them."""

import importlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from pymongo import MongoClient
from werkzeug.test import TestResponse

from services.escrow import usecases
from shared import clock, deliveries, engine, ids, sweep
from shared.documents import Kind
from shared.events import Event
from shared.reactions import Reactions
from shared.store import Store, ensure_indexes
from tests.callers import Signer
from tests.together.courier import Courier

NAMES = ("jobs", "contracts", "escrow")
CLIENT, WORKER, OTHER, OPS = (ids.derived("mem", name) for name in ("c", "w", "o", "ops"))
PEOPLE = (CLIENT, WORKER, OTHER)
BATCH = 8
TICK = timedelta(seconds=31)  # longer than any lease of a sweep
ROUNDS_MAX = 300
WOKEN_MAX = 30  # how often one thing may be woken in one state

Doc = dict[str, Any]


@dataclass
class Service:
    """One service: its application, and what its worker has."""

    name: str
    app: Flask
    store: Store
    kinds: Sequence[Kind[Any]]
    reactions: Reactions

    def docs(self, collection: str) -> list[Doc]:
        """Return all documents of a collection, in the order of their birth (ids may be hashes)."""
        return list(self.store.db[collection].find().sort("$natural", 1))


@dataclass
class Ground:
    """What one run of tests builds once: databases with their indexes, applications, a clock."""

    services: dict[str, Service]
    signer: Signer
    clock_file: Path

    @classmethod
    def made(cls, mongo: MongoClient[Doc], url: str, signer: Signer, clock_file: Path) -> "Ground":
        """Build it; the environment is to name a profile and allow a moved clock."""
        clock.allow_offset(str(clock_file))
        tag = ids.new("run")[-10:]
        services = {}
        for name in NAMES:
            settings = signer.settings(url, f"together_{tag}_{name}")
            app = importlib.import_module(f"services.{name}.app").create_app(settings)
            kinds = importlib.import_module(f"services.{name}.records").KINDS
            reactions = importlib.import_module(f"services.{name}.reactions").REACTIONS
            store = app.extensions["ukeoi_store"]
            ensure_indexes(store.db, kinds)
            services[name] = Service(name, app, store, kinds, reactions)
        return cls(services, signer, clock_file)

    def clear(self) -> None:
        """Forget everything that has happened."""
        self.clock_file.write_text("0")
        for service in self.services.values():
            db = service.store.db
            for name in db.list_collection_names():
                db[name].delete_many({})

    def close(self) -> None:
        """Delete the databases, and let the clock be as it was."""
        clock._offset_file = None
        for service in self.services.values():
            client = service.store.db.client
            client.drop_database(service.store.db.name)
            client.close()


@dataclass
class World:
    """One story: what people do, what is carried, what silence does."""

    ground: Ground
    random: Random
    done: list[str] = field(default_factory=list)
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        self.ground.clear()
        hearers = {name: service.reactions for name, service in self.services.items()}
        self.courier = Courier(hearers, self.random)
        for member in PEOPLE:
            self._introduce(member)

    @property
    def services(self) -> dict[str, Service]:
        """Return the services by name."""
        return self.ground.services

    def docs(self, service: str, collection: str, **where: Any) -> list[Doc]:
        """Return a service's documents that are so."""
        found = self.services[service].docs(collection)
        return [doc for doc in found if all(doc.get(k) == v for k, v in where.items())]

    def _introduce(self, member: str) -> None:
        said = {"member_id": member, "kind": "individual", "locale": "ja", "state": "active"}
        event = Event(
            id=ids.new("evt"),
            type="member.registered",
            source="accounts",
            subject=member,
            time=clock.text(clock.now()),
            version=1,
            data={**said, "display_name": "誰か", "email": "who@example.com"},
        )
        for service in self.services.values():
            engine.handle_one(service.store, service.reactions, event, now=clock.now())

    # What people do

    def post(self, by: str, path: str, words: Any = None, method: str = "POST") -> TestResponse:
        """Send a request; every third is sent again, with the same key, and answered the same."""
        key, service = ids.new("key"), self._service_of(path)
        first = self._send(by, service, method, path, words, key)
        self.done.append(f"{method} {path} {first.status_code}")
        assert first.status_code < 500, (path, first.status_code, first.text)
        if first.status_code < 300 and self.random.random() < 0.34:
            again = self._send(by, service, method, path, words, key)
            assert again.status_code == first.status_code, (path, again.status_code, again.text)
            assert again.headers.get("Idempotency-Replayed") == "true" or method != "POST", path
        return first

    def _service_of(self, path: str) -> Service:
        segment = path.split("/")[2]
        owner = {"offers": "contracts", "contracts": "contracts", "extensions": "contracts"}
        owner |= {"holds": "escrow", "payouts": "escrow"}
        return self.services[owner.get(segment, "jobs")]

    def _send(
        self, by: str, service: Service, method: str, path: str, words: Any, key: str
    ) -> TestResponse:
        at = int(clock.now().timestamp())
        roles = ("ops",) if by == OPS else ()
        token = self.ground.signer.token(by, *roles, iat=at, exp=at + 600)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        wire = service.app.test_client()
        return wire.open(path, method=method, json=words, headers=headers)

    # What is carried

    def carry(self, most: int = BATCH) -> None:
        """Let each service's worker say what waits, and hear some of what has come."""
        self.move(timedelta(seconds=11))  # facts are swept when they are 2 s old, under 10 s leases
        now, publisher = clock.now(), self.courier
        for service in self.services.values():
            sweep.outbox(service.store.db, publisher, service.name, service.kinds, now)  # type: ignore[arg-type]
        for service in self.services.values():
            if heard := self.courier.hand_over(service.name, most):
                verdicts, _ = engine.handle_many(
                    service.store, service.reactions, heard, now=clock.now()
                )
                by_id = {event.id: event for event in heard}
                for id_, why in verdicts.items():
                    if why is not None:
                        deliveries.failed(service.store.db, by_id[id_], why, now=clock.now())

    def settle(self) -> None:
        """Let everything be said and heard, honestly, until nothing is on its way."""
        self.courier.is_honest = True
        for _ in range(ROUNDS_MAX):
            self.carry(10_000)
            for service in self.services.values():
                sweep.due_deliveries(service.store, service.reactions, clock.now())
            if not self.courier.waiting() and not self._unsaid() and not self._later():
                return
            if not self.courier.waiting() and not self._unsaid():
                self.move(timedelta(minutes=5))  # what was too early is due again
        raise AssertionError(f"facts follow from facts without an end: {self._unsaid()}")

    def _unsaid(self) -> list[str]:
        said = {"outbox.0": {"$exists": True}}
        return [
            doc["_id"]
            for service in self.services.values()
            for kind in service.kinds
            for doc in service.store.db[kind.collection].find(said, {"_id": 1})
        ]

    def _later(self) -> list[Doc]:
        return [
            doc
            for service in self.services.values()
            for doc in service.store.db["deliveries"].find({"state": "retry"})
        ]

    def parked(self) -> list[str]:
        """Return what waits for a person: there is never any."""
        return [
            f"{service.name} {doc.get('type')}: {doc['reason']}"
            for service in self.services.values()
            for doc in service.store.db["deliveries"].find({"state": "parked"})
        ]

    # What silence does

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.offset_s += by.total_seconds()
        self.ground.clock_file.write_text(str(self.offset_s))

    def wait(self, by: timedelta) -> None:
        """Let time pass, and let the workers do what is due by then."""
        self.move(by)
        self.fire()

    def fire(self) -> None:
        """Let the workers do what silence leads to by now."""
        for service in self.services.values():
            sweep.timers(service.store, service.kinds, clock.now())
            sweep.due_deliveries(service.store, service.reactions, clock.now())
        usecases.ask_providers(self.services["escrow"].store, clock.now())

    def next_wake(self) -> datetime | None:
        """Return when silence next has a consequence."""
        times = [
            doc["wake_at"]
            for service in self.services.values()
            for kind in service.kinds
            for doc in service.store.db[kind.collection].find({"wake_at": {"$ne": None}})
        ]
        return min(times, default=None)

    def silence(self) -> None:
        """Let everybody be silent until nothing waits for anybody."""
        woken: Counter[str] = Counter()
        for _ in range(ROUNDS_MAX):
            self.settle()
            if (at := self.next_wake()) is None:
                return
            woken.update(f"{id_} {state}" for id_, state, by in self._waiting() if by == str(at))
            if max(woken.values()) > WOKEN_MAX:
                break
            self.wait(max(at - clock.now(), timedelta(0)) + TICK)
        raise AssertionError(f"no end: {woken.most_common(5)}, {self._waiting()}")

    def _waiting(self) -> list[tuple[str, str, str]]:
        return [
            (doc["_id"], doc.get("state", ""), str(doc["wake_at"]))
            for service in self.services.values()
            for kind in service.kinds
            for doc in service.store.db[kind.collection].find({"wake_at": {"$ne": None}})
        ][:20]
