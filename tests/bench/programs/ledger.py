"""Asks for payouts from wallets that hold enough, by so many threads; prints `{"rate": ...}`."""

import json
import os
import threading
import time

from services.escrow import journal, ledger
from services.escrow.domain import payout
from services.escrow.records import KINDS, PAYOUTS
from shared import clock, ids
from shared import store as stores
from shared.documents import Once
from shared.money import Money
from shared.store import Store

ENOUGH = 10**9


def main() -> None:
    """Transfer COUNT times."""
    db = stores.connect(os.environ["MONGO_URL"], os.environ["MONGO_DB"])
    stores.ensure_indexes(db, KINDS)
    journal.prepare(db)
    store = Store(db, "escrow")
    wallets = [ids.new("mem") for _ in range(int(os.environ["WALLETS"]))]
    for member in wallets:
        id_ = journal.balance_id(f"wallet:{member}", "JPY")
        db[journal.BALANCES].insert_one({"_id": id_, "amount": ENOUGH, "n": 1})
    count, threads = int(os.environ["COUNT"]), int(os.environ["THREADS"])
    for n in range(20):
        transfer(store, wallets[n % len(wallets)])
    parts = [range(part, count, threads) for part in range(threads)]
    running = [threading.Thread(target=some, args=(store, wallets, part)) for part in parts]
    began = time.monotonic()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    seconds = time.monotonic() - began
    assert db[journal.ENTRIES].count_documents({}) == count + 20
    taken = [ENOUGH - d["amount"] for d in db[journal.BALANCES].find({"amount": {"$ne": ENOUGH}})]
    assert sum(taken) == 1_000 * (count + 20)
    print(json.dumps({"rate": count / seconds}))  # noqa: T201


def some(store: Store, wallets: list[str], part: range) -> None:
    """Make one thread's share."""
    for n in part:
        transfer(store, wallets[n % len(wallets)])


def transfer(store: Store, member: str) -> None:
    """Ask for one payout, as the HTTP route does, with its key."""
    now = clock.now()
    decision = payout.request(
        ids.new("pay"),
        by=member,
        amount=Money(1_000, "JPY"),
        provider="sandbox",
        minimum={"JPY": 1},
        now=now,
    )
    ledger.create(store, PAYOUTS, decision, once=Once(ids.new("key")), now=now)


if __name__ == "__main__":
    main()
