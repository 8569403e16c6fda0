"""The whole marketplace on real servers, in this process: five applications and five workers.

Whoever calls it sees one HTTP surface; requests are handed to the service that the gateway would
route them to. The clock of the whole can be moved.
"""

import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
from flask import Flask
from werkzeug.test import TestResponse

from shared import clock, ids
from shared import store as stores
from shared.store import Store
from shared.worker import Worker
from tests.callers import Caller, Signer

SERVICES = ("accounts", "contracts", "escrow", "jobs", "notify")
ROUTES = {
    "accounts": ("members", "sessions", "me", "email-verifications", "password-resets"),
    "jobs": ("categories", "jobs", "proposals", "questions", "entries", "assignments", "listings"),
    "contracts": ("offers", "contracts", "extensions"),
    "escrow": ("quotes", "holds", "wallet", "payouts", "ledger"),
    "notify": ("notifications", "todo", "events", "webhooks", "notification-preferences"),
}
SERVICE_OF = {segment: name for name, segments in ROUTES.items() for segment in segments}
PATIENCE_S = 20.0


class Member(Caller):
    """Somebody at the gateway; every request carries a fresh token of the marketplace's time."""

    def __init__(self, market: "Marketplace", id_: str) -> None:
        super().__init__(app=market.apps["jobs"], id=id_)
        self._market = market

    def _send(self, method: str, path: str, words: Any, headers: dict[str, str]) -> TestResponse:
        self.app = self._market.apps[SERVICE_OF[path.split("/")[2].partition("?")[0]]]
        self.token = self._market.token(self.id)
        return super()._send(method, path, words, headers)

    def did(self, path: str, words: Any = None, **headers: str) -> Any:
        """POST and return the representation; anything but success fails the test."""
        answer = self.post(path, words, key=headers.pop("key", None) or ids.new("key"), **headers)
        assert answer.status_code in (200, 201, 202), (path, answer.status_code, answer.json)
        return answer.json

    def sees(self, path: str) -> Any:
        """GET what is there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.json)
        return answer.json

    def sees_at_last(self, path: str, what: Callable[[Any], object]) -> Any:
        """GET until what is there is as it should be: other services take their moment."""
        return eventually(lambda: self._seen(path, what), f"{path} became as it should")

    def _seen(self, path: str, what: Callable[[Any], object]) -> Any:
        answer = self.get(path)
        return answer.json if answer.status_code == 200 and what(answer.json) else None


class Marketplace:
    """Five services on one MongoDB and one RabbitMQ, with databases of their own."""

    def __init__(self, mongo_url: str, amqp_url: str, signer: Signer, folder: Path) -> None:
        self.mongo_url, self.amqp_url, self.signer = mongo_url, amqp_url, signer
        self.tag = ids.new("run")[-8:]
        self.folder = folder
        self.clock_file = folder / "clock"
        self.clock_file.write_text("0")
        self._client = stores.connect(mongo_url, "admin").client
        self.apps: dict[str, Flask] = {}
        self.workers: dict[str, tuple[Worker, threading.Thread]] = {}

    def database(self, service: str) -> str:
        """Return the name of a service's database."""
        return f"flows_{self.tag}_{service}"

    def db(self, service: str) -> stores.Db:
        """Return a service's database, for a test that looks inside."""
        return self._client[self.database(service)]

    def token(self, member_id: str) -> str:
        """Return a token that is good at the marketplace's time."""
        now = int(clock.now().timestamp())
        return self.signer.token(member_id, iat=now, exp=now + 600)

    def start(self) -> None:
        """Start everything and wait until every worker hears."""
        for name in SERVICES:
            how = self.signer.settings(self.mongo_url, self.database(name), amqp_url=self.amqp_url)
            app = importlib.import_module(f"services.{name}.app")
            self.apps[name] = app.create_app(how)
            self.start_worker(name)
        eventually(lambda: all(w.hearing for w, _ in self.workers.values()), "every worker hears")

    def start_worker(self, name: str) -> None:
        """Start a service's worker in a thread."""
        store = Store(self.db(name), name)
        worker = Worker(store, self.amqp_url, **_parts(name))
        thread = threading.Thread(target=worker.run, name=f"{name}-worker", daemon=True)
        thread.start()
        self.workers[name] = (worker, thread)

    def stop_worker(self, name: str) -> None:
        """Stop a service's worker; what it would hear waits in its queue."""
        worker, thread = self.workers.pop(name)
        worker.stop()
        thread.join(timeout=20)

    def environment(self, service: str) -> dict[str, str]:
        """Return what a process of a service finds in its environment."""
        return {
            "MONGO_URL": self.mongo_url,
            "MONGO_DB": self.database(service),
            "AMQP_URL": self.amqp_url,
            "JWT_PUBLIC_KEYS": str(self.signer.public),
            "UKEOI_TEST_DEPLOYMENT": "1",
            "UKEOI_CLOCK_FILE": str(self.clock_file),
        }

    @contextmanager
    def worker_process(self, name: str, crash_at: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service's worker as a process that dies at a named point."""
        env = {**os.environ, **self.environment(name), "UKEOI_CRASH_AT": crash_at}
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{name}"], env=env, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            log.close()

    def stop(self) -> None:
        """Stop everything and delete what it kept."""
        for name in list(self.workers):
            self.stop_worker(name)
        for name, app in self.apps.items():
            app.extensions["ukeoi_relay"].stop()
            app.extensions["ukeoi_store"].db.client.close()
            self._client.drop_database(self.database(name))
        self._client.close()

    def move_clock(self, seconds: float) -> None:
        """Let time pass for every service at once."""
        self.clock_file.write_text(str(float(self.clock_file.read_text()) + seconds))

    def member(self, name: str) -> Member:
        """Register somebody."""
        words = {
            "email": f"{ids.new('mem')}@example.com",
            "password": "correct horse battery staple",
            "display_name": name,
            "locale": "ja",
            "kind": "individual",
        }
        answer = self.apps["accounts"].test_client().post("/v1/members", json=words)
        assert answer.status_code == 201, answer.json
        id_ = answer.json["id"]
        for service in ("jobs", "contracts"):
            there = self.db(service)["members"]
            eventually(lambda there=there: there.find_one({"_id": id_}), "the member is known")
        return Member(self, id_)


def _parts(name: str) -> dict[str, Any]:
    """Return what a service's `__main__` gives its worker."""
    records = importlib.import_module(f"services.{name}.records")
    reactions = importlib.import_module(f"services.{name}.reactions")
    parts: dict[str, Any] = {"kinds": records.KINDS, "reactions": reactions.REACTIONS}
    if name == "accounts":
        parts["sweeps"] = reactions.SWEEPS
    if name == "notify":
        parts |= {"shelves": records.SHELVES, "sweeps": reactions.SWEEPS}
    if name == "escrow":
        proof = importlib.import_module("services.escrow.proof")
        usecases = importlib.import_module("services.escrow.usecases")
        figures = importlib.import_module("services.escrow.figures")
        parts["sweeps"] = [usecases.ask_providers, proof.seal, figures.measure]
    return parts


def forget_queues(amqp_url: str) -> None:
    """Delete the services' queues: other tests on this broker may have left messages in them."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    for name in SERVICES:
        channel.queue_delete(f"{name}.inbox")
    connection.close()


def eventually(found: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Return the first truthy thing found; fail with `what` when there is none in time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if thing := found():
            return thing
        time.sleep(0.05)
    raise AssertionError(f"not in {patience_s:.0f} s: {what}")
