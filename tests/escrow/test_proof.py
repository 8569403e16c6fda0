"""The proof sums up the journal, and the chain shows any changed byte."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from services.escrow import audit, journal, proof
from shared import clock, ids
from shared.leaving import DEPARTURES, Departure
from shared.store import Store
from tests.escrow.builders import RICH, keep_funded, keep_hold, keep_released, race


def seal(store: Store) -> int:
    return proof.seal(store, clock.now())


def raw(store: Store, id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "_id": id_,
        "at": clock.now(),
        "kind": "deposit",
        "subject": "x",
        "ref": "x",
        "currency": "JPY",
        "cause": "test",
        "lines": [{"account": "suspense", "amount": 1}, {"account": "losses", "amount": -1}],
        **changes,
    }


def test_an_empty_ledger_is_proved(store: Store) -> None:
    said = proof.proof(store.db)
    assert said["currencies"]["JPY"]["total"] == 0
    assert (said["entries"], said["head"]) == (0, proof.NO_SEAL)
    assert seal(store) == 0
    assert audit.check(store.db) == []


def test_the_sums_are_the_same_sealed_and_unsealed(store: Store) -> None:
    keep_released(store, fees=RICH)
    keep_funded(store)
    before = proof.proof(store.db)
    assert before["currencies"]["JPY"]["held"] == 75_000
    assert before["currencies"]["JPY"]["tax"] == 1_840
    assert seal(store) == 1
    after = proof.proof(store.db)
    assert after["currencies"] == before["currencies"]
    assert after["entries"] == before["entries"] == 3
    assert after["head"] == proof.last_seal(store.db)["hash"] != before["head"]
    assert seal(store) == 0


def test_each_seal_holds_the_hash_of_the_one_before(store: Store) -> None:
    for _ in range(3):
        keep_funded(store)
        seal(store)
    seals = list(store.db[journal.SEALS].find().sort("_id", 1))
    assert [s["_id"] for s in seals] == [1, 2, 3]
    assert [s["prev"] for s in seals] == [proof.NO_SEAL, seals[0]["hash"], seals[1]["hash"]]
    assert [s["count"] for s in seals] == [1, 2, 3]
    assert audit.check(store.db) == []


def test_an_entry_that_is_committed_late_is_sealed_all_the_same(store: Store) -> None:
    keep_funded(store)
    seal(store)
    entries = store.db[journal.ENTRIES]
    entries.insert_one(raw(store, "late", at=clock.now() - timedelta(seconds=5)))
    assert seal(store) == 1
    entries.insert_one(raw(store, "very late", at=clock.now() - timedelta(days=5)))
    assert seal(store) == 1
    assert seal(store) == 0
    assert proof.last_seal(store.db)["count"] == 3
    assert not [wrong for wrong in audit.check(store.db) if wrong.startswith("seal")]


def test_sealers_that_race_seal_nothing_twice(store: Store) -> None:
    for _ in range(10):
        keep_funded(store)
    race([lambda: seal(store)] * 8)
    seal(store)
    assert proof.last_seal(store.db)["count"] == 10
    assert audit.check(store.db) == []


def test_the_export_can_be_verified_by_what_the_document_says(store: Store) -> None:
    keep_released(store)
    seal(store)
    keep_funded(store)
    seal(store)
    keep_funded(store)
    entries: list[bytes] = []
    prev, seals = "0" * 64, 0
    for line in audit.journal(store.db):
        said = json.loads(line)
        if "entry" in said:
            entries.append(_canonical(said["entry"]))
            continue
        head = _canonical({"n": said["seal"]["n"], "prev": prev})
        wanted = hashlib.sha256(b"".join(one + b"\n" for one in (head, *entries))).hexdigest()
        assert said["seal"]["hash"] == wanted
        prev, entries, seals = wanted, [], seals + 1
    assert (seals, len(entries)) == (2, 1)


def _canonical(words: dict[str, Any]) -> bytes:
    said = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return said.encode()


@pytest.mark.parametrize(
    ("collection", "change", "found"),
    [
        (journal.ENTRIES, {"cause": "another"}, "does not fit"),
        (journal.ENTRIES, {"ref": "con_2"}, "does not fit"),
        (journal.ENTRIES, {"lines.1.amount": 71_251, "lines.2.amount": 3_749}, "does not fit"),
        (journal.BALANCES, {"amount": 71_251}, "wallet:"),
        (journal.BALANCES, {"n": 2}, "wallet:"),
        (journal.SEALS, {"hash": "0" * 64}, "does not fit"),
        (journal.SEALS, {"prev": "1" * 64}, "stands where"),
        (journal.SEALS, {"count": 7}, "sums up wrongly"),
        ("holds", {"state": "funded", "released.amount": 0}, "hold:"),
    ],
)
def test_whatever_is_changed_behind_our_back_is_found(
    store: Store, collection: str, change: dict[str, Any], found: str
) -> None:
    released = keep_released(store)
    seal(store)
    assert audit.check(store.db) == []
    id_ = f"{released.id}:resolve"
    where = {"_id": id_} if collection == journal.ENTRIES else {}
    store.db[collection].update_one(where, {"$set": change}, bypass_document_validation=True)
    assert any(found in wrong for wrong in audit.check(store.db))


def test_an_unbalanced_or_missing_entry_is_found(store: Store) -> None:
    released = keep_released(store)
    store.db[journal.ENTRIES].update_one(
        {"_id": f"{released.id}:resolve"},
        {"$set": {"lines.0.amount": -74_999}},
        bypass_document_validation=True,
    )
    assert any("sums to 1" in wrong for wrong in audit.check(store.db))
    store.db[journal.ENTRIES].delete_one({"_id": f"{released.id}:resolve"})
    assert any("lines" in wrong for wrong in audit.check(store.db))
    store.db["holds"].delete_one({"_id": released.id})
    assert any("is no hold" in wrong for wrong in audit.check(store.db))


def test_a_line_that_no_guard_has_counted_is_found(store: Store) -> None:
    released = keep_released(store)
    store.db[journal.ENTRIES].update_one(
        {"_id": f"{released.id}:resolve"},
        {"$unset": {"lines.1.n": ""}},
        bypass_document_validation=True,
    )
    assert any("no guard has counted" in wrong for wrong in audit.check(store.db))


def test_an_opened_hold_moves_nothing(store: Store) -> None:
    keep_hold(store)
    assert proof.proof(store.db)["entries"] == 0


def test_who_is_leaving_is_no_account(store: Store) -> None:
    keep_released(store)
    gone = Departure(id=ids.new("mem"), asked_at=clock.text(clock.now()), round=1, reasons=())
    store.create(DEPARTURES, gone, [], now=clock.now())
    assert audit.check(store.db) == []
