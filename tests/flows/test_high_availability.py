"""Three members of MongoDB and three nodes of RabbitMQ: any one of them dies under load, and nobody
loses anything. Promises 3 and 5, with a part that never comes back in time.
"""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from werkzeug.test import TestResponse

from tests import backends
from tests.callers import Signer
from tests.flows.marketplace import Marketplace, Member, eventually
from tests.flows.running import running
from tests.flows.stories import Hire, delivered, formed, funded, offered, proof_is_zero

TELLERS = 2
PATIENCE_S = 90.0
AWAY = 503


class PatientMember(Member):
    """Asks again, with the same key, while a service says that it cannot just now."""

    def _send(self, method: str, path: str, words: Any, headers: dict[str, str]) -> TestResponse:
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = super()._send(method, path, words, headers)
            assert answer.status_code < 500 or answer.status_code == AWAY, answer.json
            if answer.status_code != AWAY or time.monotonic() > until:
                return answer
            time.sleep(0.2)


@dataclass
class Telling:
    """Stories told one after the other, from several threads, until told to stop."""

    market: Marketplace
    contracts: list[tuple[Member, str]] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, client: Member, worker: Member) -> None:
        """Hire, fund, deliver, accept, again and again."""
        try:
            while not self.stop.is_set():
                hire = delivered(funded(formed(offered(Hire(self.market, client, worker)))))
                hire.client.did(f"{hire.step}/accept")
                self.contracts.append((client, hire.contract))
        except BaseException as wrong:  # noqa: BLE001  (it is for the test to say)
            self.failed.append(wrong)

    def goes_on(self, stories: int = 2) -> None:
        """Wait until so many more stories are told."""
        enough = len(self.contracts) + stories
        eventually(
            lambda: self.failed or len(self.contracts) >= enough, "more stories end", PATIENCE_S
        )
        assert self.failed == []


@pytest.mark.timeout(420)
def test_primary_and_leaders_die_under_load_and_nothing_is_lost(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.flows.marketplace.PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(eventually, "__defaults__", (PATIENCE_S,))
    with (
        backends.replica_set_of_three() as (members, mongo_url),
        backends.cluster_of_three() as (nodes, amqp_url),
        running(Marketplace(mongo_url, amqp_url, signer, tmp_path)) as market,
        MongoClient[dict[str, Any]](mongo_url, timeoutMS=5000) as client,
    ):
        pairs = [(_patient(market, "client"), _patient(market, "worker")) for _ in range(TELLERS)]
        telling = Telling(market)
        threads = [threading.Thread(target=telling.tell, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        try:
            telling.goes_on()
            primary = _primary(client)
            members[primary].kill()
            telling.goes_on()  # without it: another is primary
            assert _primary(client) != primary
            members[primary].start()
            for node in nodes:  # each in turn: so the leader of every queue, wherever it went
                node.kill()
                telling.goes_on()
                node.start()
        finally:
            telling.stop.set()
            for thread in threads:
                thread.join()
        assert telling.failed == []
        for who, contract in telling.contracts:
            who.sees_at_last(f"/v1/contracts/{contract}", lambda c: c["state"] == "completed")
        proof_is_zero(market, pairs[0][0])
        _everything_was_said(market)


def _patient(market: Marketplace, name: str) -> PatientMember:
    return PatientMember(market, market.member(name).id)


def _primary(client: MongoClient[dict[str, Any]]) -> str:
    def found() -> str:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return ""
        return "" if client.primary is None else f"{client.primary[0]}:{client.primary[1]}"

    primary: str = eventually(found, "there is a primary", PATIENCE_S)
    return primary


def _everything_was_said(market: Marketplace) -> None:
    """No fact waits in an outbox, no delivery was given up."""
    for name in ("jobs", "contracts", "escrow"):
        db = market.db(name)
        for kept in ("jobs", "proposals", "offers", "contracts", "holds"):
            eventually(
                lambda db=db, kept=kept: not db[kept].find_one({"outbox.time": {"$exists": True}}),
                f"{name} has said all of {kept}",
            )
        parked = db["deliveries"].find({"state": "parked"})
        assert [(one["event"]["type"], one["tries"], one["reason"]) for one in parked] == []
