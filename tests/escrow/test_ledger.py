"""The ledger: one transaction, one entry, no account below zero (against a dict: `test_book`)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.errors import WriteError

from services.escrow import audit, journal, ledger
from services.escrow.domain import funding, payout, settlement
from services.escrow.domain.hold import Hold
from services.escrow.ledger import Posting, Wish
from services.escrow.records import HOLDS, PAYOUTS
from shared import clock, ids
from shared.documents import Done, Once
from shared.errors import Conflict, Invalid, Unknown
from shared.money import Money
from shared.store import Store, ensure_indexes
from tests.escrow.builders import (
    CLIENT,
    MINIMUM,
    WORKER,
    keep_funded,
    keep_hold,
    keep_released,
    race,
)


def balance(store: Store, member_id: str = WORKER) -> int:
    doc = store.db[journal.BALANCES].find_one({"_id": f"wallet:{member_id}:JPY"})
    return int(doc["amount"]) if doc else 0


def ask_payout(store: Store, amount: int, *, once: Once | None = None) -> Done[Any]:
    now = clock.now()
    decision = payout.request(
        ids.new("pay"),
        by=WORKER,
        amount=Money(amount),
        provider="sandbox",
        minimum={"JPY": 1},
        now=now,
    )
    return ledger.create(store, PAYOUTS, decision, once=once, now=now)


def release(store: Store, of: Hold) -> Done[Hold]:
    words = {"amount": of.amount, "cause": "test", "now": clock.now()}
    return ledger.change(store, HOLDS, of.id, settlement.release, **words)


def refund(store: Store, of: Hold) -> Done[Hold]:
    return ledger.change(store, HOLDS, of.id, settlement.refund, cause="test", now=clock.now())


def entries(store: Store) -> int:
    return store.db[journal.ENTRIES].count_documents({})


# One at a time


def test_a_release_writes_hold_entry_balance_and_facts_at_once(store: Store) -> None:
    released = keep_released(store)
    doc = store.db["holds"].find_one({"_id": released.id})
    assert doc is not None
    assert [fact["type"] for fact in doc["outbox"]] == [
        "hold.opened",
        "escrow.funded",
        "escrow.released",
    ]
    assert [fact["version"] for fact in doc["outbox"]] == [1, 3, 4]
    assert balance(store) == 71_250
    entry = store.db[journal.ENTRIES].find_one({"_id": f"{released.id}:resolve"})
    assert entry is not None
    assert entry["ref"] == released.ref
    wallet = next(line for line in entry["lines"] if line["account"] == f"wallet:{WORKER}")
    assert (wallet["n"], wallet["balance"], wallet["kind"]) == (1, 71_250, "released")
    assert wallet["steps"][0]["name"] == "system_fee"
    assert audit.check(store.db) == []


def test_what_is_written_is_told_to_the_publisher(store: Store) -> None:
    told: list[str] = []
    store.on_written = lambda writes: told.extend(e["type"] for w in writes for e in w.entries)
    keep_released(store)
    assert told == ["hold.opened", "escrow.funded", "escrow.released"]


def test_a_wallet_never_pays_what_it_does_not_hold(store: Store) -> None:
    keep_released(store)
    before = entries(store)
    with pytest.raises(Conflict) as why:
        ask_payout(store, 71_251)
    assert why.value.code == "insufficient_funds"
    assert (entries(store), balance(store)) == (before, 71_250)
    assert store.db["payouts"].count_documents({}) == 0
    ask_payout(store, 71_250)
    assert balance(store) == 0
    assert audit.check(store.db) == []


def test_the_same_request_acts_once(store: Store) -> None:
    keep_released(store)
    once = Once("request", "words", {"status": 201})
    first = ask_payout(store, 1_000, once=once)
    again = ask_payout(store, 1_000, once=once)
    assert (again.thing.id, again.replayed, again.answer) == (first.thing.id, True, {"status": 201})
    with pytest.raises(Invalid) as why:
        ask_payout(store, 2_000, once=Once("request", "other words"))
    assert why.value.code == "idempotency_key_reused"
    assert balance(store) == 70_250


def test_the_same_request_changes_a_hold_once(store: Store) -> None:
    keep_released(store, client_id=WORKER, worker_id=CLIENT)
    keep_released(store, client_id=CLIENT, worker_id=WORKER)
    opened = keep_hold(store, client_id=WORKER, amount=1_000)
    once = Once("request", "words")
    words: dict[str, Any] = {"by": WORKER, "once": once, "now": clock.now()}
    first = ledger.change(store, HOLDS, opened.id, funding.from_wallet, **words)
    again = ledger.change(store, HOLDS, opened.id, funding.from_wallet, **words)
    assert (first.replayed, again.replayed) == (False, True)
    assert balance(store) == 70_250
    assert audit.check(store.db) == []


def test_what_does_not_exist_cannot_change(store: Store) -> None:
    with pytest.raises(Unknown) as why:
        ledger.change(store, HOLDS, ids.new("hld"), settlement.refund, cause="x", now=clock.now())
    assert why.value.code == "no_such_hold"


# Many at once


def test_fifty_releases_share_a_transaction(store: Store) -> None:
    funded = [keep_funded(store, worker_id=ids.new("mem")) for _ in range(60)]
    words = {"amount": Money(75_000), "cause": "test"}
    wishes = [Wish(id=one.id, rule=settlement.release, words=words) for one in funded]
    ledger.change_many(store, HOLDS, wishes, now=clock.now())
    assert {store.get(HOLDS, one.id).state for one in funded} == {"released"}
    assert audit.check(store.db) == []


def test_many_releases_to_one_wallet_are_counted_one_by_one(store: Store) -> None:
    funded = [keep_funded(store) for _ in range(5)]
    words = {"amount": Money(75_000), "cause": "test"}
    ledger.change_many(
        store,
        HOLDS,
        [Wish(id=one.id, rule=settlement.release, words=words) for one in funded],
        now=clock.now(),
    )
    assert balance(store) == 5 * 71_250
    assert audit.check(store.db) == []


def test_one_that_is_refused_keeps_nobody_else_from_theirs(store: Store) -> None:
    good, opened, other = keep_funded(store), keep_hold(store), keep_funded(store)
    words = {"amount": Money(75_000), "cause": "test"}
    missing = ids.new("hld")
    wishes = [
        Wish(id=id_, rule=settlement.release, words=words)
        for id_ in (good.id, opened.id, missing, good.id, other.id)
    ]
    with pytest.raises(Conflict) as why:
        ledger.change_many(store, HOLDS, wishes, now=clock.now())
    assert why.value.code == "wrong_state"
    states = [store.get(HOLDS, one.id).state for one in (good, opened, other)]
    assert states == ["released", "opened", "released"]
    assert audit.check(store.db) == []


def test_a_batch_in_which_one_has_raced_is_written_one_by_one(store: Store) -> None:
    first, second = keep_funded(store), keep_funded(store)
    postings = []
    for one in (first, second):
        loaded = store.load(HOLDS, one.id)
        thing, _, entry = settlement.refund(loaded.thing, cause="x", now=clock.now())
        postings.append(
            Posting(kind=HOLDS, thing=thing, outbox=[], entries=[entry], old=loaded.doc)
        )
    release(store, second)
    one, two = ledger.post_batch(store, postings, now=clock.now())
    assert isinstance(one, Done)
    assert isinstance(two, ledger.Raced)
    assert store.get(HOLDS, second.id).state == "released"
    assert audit.check(store.db) == []


def test_a_batch_refuses_the_posting_that_its_wallet_does_not_hold(store: Store) -> None:
    keep_released(store)
    now = clock.now()
    postings = []
    for amount in (70_000, 2_000, 1_250):
        thing, _, entry = payout.request(
            ids.new("pay"),
            by=WORKER,
            amount=Money(amount),
            provider="sandbox",
            minimum=MINIMUM,
            now=now,
        )
        postings.append(Posting(kind=PAYOUTS, thing=thing, outbox=[], entries=[entry]))
    verdicts = ledger.post_batch(store, postings, now=now)
    assert [type(v) for v in verdicts] == [Done, Conflict, Done]
    assert balance(store) == 0
    assert audit.check(store.db) == []


# Races


def test_a_hold_is_funded_once_by_64_racers(store: Store) -> None:
    keep_released(store, amount=1_000_000, worker_id=CLIENT, client_id=WORKER)
    opened = keep_hold(store, amount=10_000)

    def racer() -> Done[Any]:
        return ledger.change(
            store, HOLDS, opened.id, funding.from_wallet, by=CLIENT, now=clock.now()
        )

    results = race([racer] * 64)
    won = [r for r in results if isinstance(r, Done)]
    lost = [r for r in results if isinstance(r, Conflict) and r.code == "wrong_state"]
    assert (len(won), len(lost)) == (1, 63), results
    assert balance(store, CLIENT) == 940_000
    assert audit.check(store.db) == []


def test_sixteen_payouts_of_the_whole_balance_and_one_wins(store: Store) -> None:
    keep_released(store)
    results = race([lambda: ask_payout(store, 71_250)] * 16)
    won = [r for r in results if isinstance(r, Done)]
    lost = [r for r in results if isinstance(r, Conflict) and r.code == "insufficient_funds"]
    assert (len(won), len(lost)) == (1, 15), results
    assert balance(store) == 0
    assert audit.check(store.db) == []


def test_a_release_and_a_refund_race_and_exactly_one_wins(store: Store) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(15):
        funded = keep_funded(store)
        racers: list[Callable[[], Done[Hold]]] = [
            lambda of=funded: release(store, of),  # type: ignore[misc]
            lambda of=funded: refund(store, of),  # type: ignore[misc]
        ]
        results = race(racers)
        assert sorted(type(r).__name__ for r in results) == ["Conflict", "Done"], results
        outcomes[store.get(HOLDS, funded.id).state] += 1
    assert set(outcomes) <= {"released", "refunded"}
    assert entries(store) == 30
    assert audit.check(store.db) == []


def test_many_at_once_into_one_wallet_all_arrive(store: Store) -> None:
    funded = [keep_funded(store) for _ in range(16)]
    results = race([lambda of=one: release(store, of) for one in funded])  # type: ignore[misc]
    assert [type(r) for r in results] == [Done] * 16, results
    assert balance(store) == 16 * 71_250
    assert audit.check(store.db) == []


# Guards of the server itself


@pytest.mark.parametrize(
    "bad",
    [
        {"lines": [{"account": "a", "amount": 1}, {"account": "b", "amount": -2}]},
        {"lines": [{"account": "a", "amount": 0.5}, {"account": "b", "amount": -0.5}]},
        {"lines": [{"account": "a", "amount": 0}]},
        {"currency": "XXX"},
        {"at": "yesterday"},
    ],
)
def test_the_server_refuses_an_entry_that_is_none(store: Store, bad: dict[str, Any]) -> None:
    good = {
        "_id": "x",
        "at": clock.now(),
        "kind": "x",
        "subject": "x",
        "ref": "x",
        "currency": "JPY",
        "cause": "x",
        "lines": [{"account": "a", "amount": 1}, {"account": "b", "amount": -1}],
    }
    with pytest.raises(WriteError, match="failed validation"):
        store.db[journal.ENTRIES].insert_one({**good, **bad})
    store.db[journal.ENTRIES].insert_one(good)


@pytest.mark.parametrize("bad", [{"amount": -1}, {"amount": 0.1}, {"n": 0}])
def test_the_server_refuses_a_balance_below_zero(store: Store, bad: dict[str, Any]) -> None:
    with pytest.raises(WriteError, match="failed validation"):
        store.db[journal.BALANCES].insert_one({"_id": "x", "amount": 1, "n": 1, **bad})


def store_facts(store: Store, hold_id: str) -> dict[str, Any]:
    doc = store.db["holds"].find_one({"_id": hold_id}) or {}
    return {fact["type"]: fact["data"] for fact in doc["outbox"]}


def test_preparing_twice_changes_nothing(store: Store) -> None:
    ensure_indexes(store.db, [HOLDS])
    journal.prepare(store.db)
    names = set(store.db[journal.ENTRIES].index_information())
    assert names == {"_id_", "in_time", "statement"}
