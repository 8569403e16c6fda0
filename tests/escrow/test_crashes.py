"""A process killed between any two steps leaves nothing half done, and its work is taken up."""

import os
import signal
import subprocess
import sys
import time

import pytest

from services.escrow import audit, ledger, usecases
from services.escrow.domain import settlement
from services.escrow.domain.hold import Hold
from services.escrow.records import HOLDS, PAYOUTS
from shared import clock, faults
from shared.documents import Once
from shared.money import Money
from shared.store import Store, connect
from tests.escrow.builders import CLIENT, WORKER, keep_funded, keep_hold, keep_released

RELEASE, FUND, PAY_OUT = "release", "fund", "pay_out"
CLIENT_ASKS, WORKER_SWEEPS = "the client asks again", "the worker sweeps"


def act(store: Store, what: str, id_: str) -> None:
    """Do one of the things during which a process may be killed."""
    now = clock.now()
    match what:
        case "release":
            words = {"amount": Money(75_000), "cause": "test", "now": now}
            ledger.change(store, HOLDS, id_, settlement.release, **words)
        case "fund":
            once = Once("request", "words")
            usecases.fund(store, id_, by=CLIENT, method="card", once=once, now=now)
        case "pay_out":
            once = Once("request", "words")
            usecases.request_payout(
                store, by=WORKER, amount=Money(5_000), minimum={"JPY": 1}, once=once, now=now
            )
            usecases.ask_providers(store, clock.now())
            usecases.ask_providers(store, clock.now())


def killed(store: Store, mongo_url: str, what: str, id_: str, point: str) -> None:
    """Do it in a process that dies at this point."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, mongo_url, store.db.name, what, id_, point],
        env={**os.environ, "UKEOI_TEST_DEPLOYMENT": "1"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def main(mongo_url: str, name: str, what: str, id_: str, point: str) -> None:
    """Run as the process that dies."""
    faults.arm(point)
    act(Store(connect(mongo_url, name), "escrow"), what, id_)


def test_a_process_killed_inside_a_transaction_blocks_a_hold_for_six_seconds_at_most(
    store: Store, mongo_url: str
) -> None:
    funded = keep_funded(store)
    killed(store, mongo_url, RELEASE, funded.id, "before_commit")
    began = time.monotonic()
    _when_free(store, funded, began)
    assert time.monotonic() - began < 6
    assert store.get(HOLDS, funded.id).state == "released"
    assert audit.check(store.db) == []


def _when_free(store: Store, of: Hold, began: float) -> None:
    while True:
        try:
            act(store, RELEASE, of.id)
        except Exception:  # noqa: BLE001
            assert time.monotonic() - began < 6, "still locked"
        else:
            return


def test_a_process_killed_after_the_commit_has_left_its_facts_to_the_sweep(
    store: Store, mongo_url: str
) -> None:
    funded = keep_funded(store)
    killed(store, mongo_url, RELEASE, funded.id, "after_commit")
    doc = store.db["holds"].find_one({"_id": funded.id}) or {}
    assert doc["state"] == "released"
    assert doc["outbox"][-1]["type"] == "escrow.released"
    assert audit.check(store.db) == []


@pytest.mark.parametrize(
    ("point", "again"),
    [
        ("after_write", CLIENT_ASKS),
        ("before_outside", CLIENT_ASKS),
        ("before_outside", WORKER_SWEEPS),
        ("after_outside", WORKER_SWEEPS),
        ("before_commit", WORKER_SWEEPS),
        ("after_commit", CLIENT_ASKS),
    ],
)
def test_a_process_killed_while_it_funds_has_charged_once_in_the_end(
    store: Store, mongo_url: str, point: str, again: str
) -> None:
    opened = keep_hold(store)
    killed(store, mongo_url, FUND, opened.id, point)
    if point == "before_commit":
        time.sleep(5)
    if again == CLIENT_ASKS:
        act(store, FUND, opened.id)
    elif asked := store.get(HOLDS, opened.id).asked:
        usecases.ask_providers(store, asked.ask_at)
    assert store.get(HOLDS, opened.id).state == "funded"
    act(store, FUND, opened.id)
    assert store.db["entries"].count_documents({}) == 1
    assert audit.check(store.db) == []


@pytest.mark.parametrize("point", ["before_outside", "after_outside:2", "after_commit:2"])
def test_a_process_killed_while_it_pays_out_has_paid_once_in_the_end(
    store: Store, mongo_url: str, point: str
) -> None:
    keep_released(store)
    killed(store, mongo_url, PAY_OUT, "-", point)
    for _ in range(2):
        usecases.ask_providers(store, clock.now() + usecases.ASK_LEASE * 2)
    doc = store.db["payouts"].find_one({}) or {}
    assert store.get(PAYOUTS, doc["_id"]).state == "paid"
    assert store.db["entries"].count_documents({}) == 4
    assert audit.check(store.db) == []


if __name__ == "__main__":
    main(*sys.argv[1:])
