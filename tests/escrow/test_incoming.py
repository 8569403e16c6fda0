"""Money that nobody asked for: bank transfers, chargebacks; and the provider's own statement."""

from typing import Any

import pytest

from services.escrow import audit, incoming, journal, ledger, proof, queries, reconcile, usecases
from services.escrow.domain import chargeback, deposit, funding, settlement
from services.escrow.domain.hold import Hold
from services.escrow.outside.sandbox import Sandbox
from services.escrow.records import CHARGEBACKS, DEPOSITS, HOLDS, PAYOUTS
from shared import clock, ids, moves
from shared.documents import Once
from shared.errors import Conflict, Invalid
from shared.money import Money
from shared.store import Store
from tests.escrow.builders import CLIENT, MINIMUM, NOW, keep_funded, keep_hold, keep_released, race

SANDBOX = Sandbox.name


def told(store: Store, of: Hold, amount: int, id_: str = "tr-1") -> None:
    number = of.transfer[1] if of.transfer else ""
    incoming.deposit_received(
        store, SANDBOX, id_=id_, reference=number, amount=Money(amount), now=clock.now()
    )


def awaited(store: Store, **words: Any) -> Hold:
    opened = keep_hold(store, **words)
    done = usecases.fund(
        store,
        opened.id,
        by=CLIENT,
        method="bank_transfer",
        once=Once(ids.new("req")),
        now=clock.now(),
    )
    assert (done.thing.state, done.thing.transfer) == (
        "opened",
        (SANDBOX, Sandbox().account(opened.id)),
    )
    return done.thing


def states(store: Store) -> list[str]:
    return [doc["state"] for doc in store.db["deposits"].find().sort("_id", 1)]


def wallet(store: Store) -> int:
    return queries.wallet(store.db, CLIENT, "JPY")["available"].amount


def facts(store: Store, collection: str) -> list[tuple[str, Any]]:
    docs = store.db[collection].find().sort("_id", 1)
    return [(one["type"], one["data"]) for doc in docs for one in doc["outbox"]]


def sound(store: Store) -> None:
    assert audit.check(store.db) == []
    assert all(p["total"] == 0 for p in proof.proof(store.db)["currencies"].values())


# Transfers


def test_a_transfer_funds_its_hold(store: Store) -> None:
    of = awaited(store)
    told(store, of, 75_000)
    assert store.get(HOLDS, of.id).state == "funded"
    assert (states(store), wallet(store), facts(store, "deposits")) == (["applied"], 0, [])
    sound(store)


def test_the_same_transfer_told_eight_times_at_once_is_one(store: Store) -> None:
    of = awaited(store)
    race([lambda: told(store, of, 75_000) for _ in range(8)])
    told(store, of, 75_000)
    assert (states(store), wallet(store)) == (["applied"], 0)
    assert proof.proof(store.db)["currencies"]["JPY"]["provider"] == -75_000
    sound(store)


@pytest.mark.parametrize(
    ("amount", "state", "left", "reason"),
    [
        (74_999, "opened", 74_999, "too_little"),
        (75_001, "funded", 1, "too_much"),
    ],
)
def test_too_little_or_too_much_is_the_clients(
    store: Store, amount: int, state: str, left: int, reason: str
) -> None:
    of = awaited(store)
    told(store, of, amount)
    assert (store.get(HOLDS, of.id).state, wallet(store)) == (state, left)
    ((type_, said),) = facts(store, "deposits")
    assert (type_, said["reason"], said["member_id"]) == ("deposit.credited", reason, CLIENT)
    assert said["amount"]["amount"] == left
    sound(store)


def test_what_was_missing_may_come_later(store: Store) -> None:
    of = awaited(store)
    told(store, of, 70_000, "tr-1")
    told(store, of, 5_000, "tr-2")
    assert (store.get(HOLDS, of.id).state, wallet(store)) == ("funded", 0)
    sound(store)


def test_money_for_a_dead_hold_is_the_clients(store: Store) -> None:
    of = awaited(store)
    store.change(HOLDS, of.id, settlement.cancel, reason="x", now=clock.now())
    told(store, of, 75_000)
    assert (wallet(store), states(store)) == (75_000, ["credited"])
    assert facts(store, "deposits")[0][1]["reason"] == "hold_cancelled"
    sound(store)


def test_a_transfer_to_nobody_waits_for_an_operator(store: Store) -> None:
    of = awaited(store)
    incoming.deposit_received(
        store, SANDBOX, id_="tr-9", reference="?", amount=Money(75_000), now=clock.now()
    )
    ((type_, said),) = facts(store, "deposits")
    assert (type_, said["reference"]) == ("deposit.unmatched", "?")
    assert proof.proof(store.db)["currencies"]["JPY"]["suspense"] == 75_000
    sound(store)
    id_, now = said["deposit_id"], clock.now()
    for words in ({"hold_id": None, "member_id": None}, {"hold_id": of.id, "member_id": CLIENT}):
        with pytest.raises(Invalid):
            incoming.match_deposit(store, id_, **words, once=None, now=now)
    words = {"hold_id": of.id, "member_id": None}
    done = incoming.match_deposit(store, id_, **words, once=None, now=now)
    assert (done.thing.state, store.get(HOLDS, of.id).state) == ("applied", "funded")
    with pytest.raises(Conflict):
        incoming.match_deposit(store, id_, **words, once=None, now=now)
    sound(store)


def test_a_transfer_that_was_only_booked_is_put_to_use_by_the_sweep(store: Store) -> None:
    of = awaited(store)
    decision = deposit.receive(
        ids.derived("dep", "x"),
        provider=SANDBOX,
        reference="r",
        amount=Money(75_000),
        member_id=CLIENT,
        hold_id=of.id,
        now=clock.now(),
    )
    ledger.create(store, DEPOSITS, decision, now=clock.now())
    assert usecases.ask_providers(store, clock.now()) == 1
    assert (store.get(HOLDS, of.id).state, states(store)) == ("funded", ["applied"])


def test_a_hold_that_was_funded_and_not_noted_is_noted(store: Store) -> None:
    of = awaited(store)
    decision = deposit.receive(
        ids.derived("dep", "x"),
        provider=SANDBOX,
        reference="r",
        amount=Money(75_000),
        member_id=CLIENT,
        hold_id=of.id,
        now=clock.now(),
    )
    made = ledger.create(store, DEPOSITS, decision, now=clock.now()).thing
    ledger.change(store, HOLDS, of.id, funding.by_transfer, deposit_id=made.id, now=clock.now())
    usecases.ask_providers(store, clock.now())
    assert (states(store), facts(store, "deposits")) == (["applied"], [])


# Chargebacks


def taken_back(store: Store, of: Hold) -> str:
    charge = of.charges[0]
    words: dict[str, Any] = {"charge_id": charge.id, "amount": charge.amount, "reason": "fraud"}
    incoming.charged_back(store, SANDBOX, **words, now=clock.now())
    incoming.charged_back(store, SANDBOX, **words, now=clock.now())
    return ids.derived("cbk", charge.id)


def test_what_was_taken_back_is_owed_and_nothing_is_paid_out_until_then(store: Store) -> None:
    of = keep_funded(store)
    id_ = taken_back(store, of)
    assert store.get(CHARGEBACKS, id_).state == "owed"
    sums = proof.proof(store.db)["currencies"]["JPY"]
    assert (sums["receivable"], sums["provider"], sums["held"]) == (-75_000, 0, 75_000)
    with pytest.raises(Conflict) as why:
        usecases.request_payout(
            store, by=CLIENT, amount=Money(1_000), minimum=MINIMUM, once=Once("x"), now=clock.now()
        )
    assert why.value.code == "owes_money"
    ledger.change(store, HOLDS, of.id, settlement.refund, cause="x", now=clock.now())
    incoming.recover(store, store.get(CHARGEBACKS, id_))
    assert (store.get(CHARGEBACKS, id_).state, wallet(store)) == ("recovered", 0)
    assert [type_ for type_, _ in facts(store, "chargebacks")] == [
        "chargeback.received",
        "chargeback.resolved",
    ]
    sound(store)


@pytest.mark.parametrize("state", ["owed", "recovered", "written_off"])
def test_the_bank_may_give_it_back(store: Store, state: str) -> None:
    of = keep_funded(store)
    id_, now = taken_back(store, of), clock.now()
    if state == "recovered":
        ledger.change(store, HOLDS, of.id, settlement.refund, cause="x", now=now)
        incoming.recover(store, store.get(CHARGEBACKS, id_))
    if state == "written_off":
        ledger.change(store, CHARGEBACKS, id_, chargeback.write_off, now=now)
        assert proof.proof(store.db)["currencies"]["JPY"]["losses"] == -75_000
    for _ in range(2):
        incoming.chargeback_reversed(store, charge_id=of.charges[0].id, now=now)
    assert store.get(CHARGEBACKS, id_).state == "reversed"
    sums = proof.proof(store.db)["currencies"]["JPY"]
    assert (sums["receivable"], sums.get("losses", 0), sums["provider"]) == (0, 0, -75_000)
    assert wallet(store) == (75_000 if state == "recovered" else 0)
    sound(store)


@pytest.mark.pure
@pytest.mark.parametrize("state", chargeback.STATES)
@pytest.mark.parametrize("move", chargeback.MOVES)
def test_a_chargeback_moves_as_its_table_says(state: str, move: str) -> None:
    owed = chargeback.Chargeback(
        id="cbk_1",
        charge_id="chg_1",
        provider=SANDBOX,
        hold_id="hld_1",
        ref="con_1",
        member_id=CLIENT,
        title="x",
        amount=Money(75_000),
        reason="",
        received_at=NOW,
        try_at=NOW,
    )
    rules = {"recover": chargeback.recover, "write_off": chargeback.write_off}
    ways = {**rules, "reverse": chargeback.reversed_}
    reach = {"recovered": "recover", "written_off": "write_off", "reversed": "reverse"}
    thing = ways[reach[state]](owed, now=NOW)[0] if state in reach else owed
    if state in chargeback.MOVES[move]:
        assert rules[move](thing, now=NOW)[0].state == chargeback.MOVES[move][state]
    else:
        with pytest.raises(Conflict):
            rules[move](thing, now=NOW)
    assert moves.missing_pairs(chargeback.HEARD, chargeback.STATES) == []


def test_only_what_was_charged_can_be_taken_back(store: Store) -> None:
    of = keep_funded(store)
    words: dict[str, Any] = {"charge_id": of.charges[0].id, "reason": "", "now": clock.now()}
    for amount in (Money(75_001), Money(0), Money(-1), Money(75_000, "USD")):
        with pytest.raises(Conflict) as why:
            incoming.charged_back(store, SANDBOX, amount=amount, **words)
        assert why.value.code == "amount_mismatch"
    assert store.db["chargebacks"].count_documents({}) == 0
    incoming.charged_back(store, SANDBOX, amount=Money(25_000), **words)
    assert proof.proof(store.db)["currencies"]["JPY"]["receivable"] == -25_000
    sound(store)


# The provider's statement


def test_our_books_are_as_the_provider_says_but_for_what_is_listed(store: Store) -> None:
    card, by_bank, gone = keep_released(store), awaited(store), keep_funded(store)
    told(store, by_bank, 75_001)
    taken_back(store, gone)
    books = list(reconcile.ours(store.db, SANDBOX))
    assert sorted(type_ for _, type_, _, _ in books) == [
        "charge",
        "charge",
        "chargeback",
        "deposit",
    ]
    assert (card.charges[0].id, "charge", 75_000, "JPY") in books
    assert reconcile.differences(books, books) == []
    theirs = [
        ("chg_x", "charge", 5, "JPY"),
        *((i, t, a + (t == "deposit"), c) for i, t, a, c in books if i != card.charges[0].id),
    ]
    found = reconcile.differences(books, theirs)
    assert len(found) == 3
    assert any("75001 JPY in our books, 75002 JPY in theirs" in what for what in found)
    assert any(f"{card.charges[0].id}: 75000 JPY only in our books" in what for what in found)
    assert any("chg_x: 5 JPY only in their statement" in what for what in found)


@pytest.mark.pure
def test_a_statement_is_read_as_it_is_written() -> None:
    rows = ["type,id,amount,currency,more", "charge,chg_1,500,JPY,x"]
    assert reconcile.read(rows) == [("chg_1", "charge", 500, "JPY")]
    for bad in (["id,amount"], ["id,type,amount,currency", "a,b,c,d"]):
        with pytest.raises(ValueError, match=r"columns|invalid literal"):
            reconcile.read(bad)


def test_every_query_of_the_sweep_has_its_index(store: Store) -> None:
    for name in ("deposits", "chargebacks"):
        assert "wake" in store.db[name].index_information()
    assert "transfer_1" in store.db["holds"].index_information()
    assert PAYOUTS.collection == "payouts"
    assert journal.is_guarded("wallet:x")
