"""The recount: everything the ledger claims, computed anew from its first entry.

For tests, chaos runs and operators. It reads the whole journal; what anybody may ask at any time is
`services.escrow.proof.proof`.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from services.escrow import proof
from services.escrow.journal import BALANCES, ENTRIES, SEALS, balance_id, is_guarded
from services.escrow.records import BOOKED
from shared.documents import Doc
from shared.store import Db


def check(db: Db) -> list[str]:
    """Return what is wrong with the ledger, as sentences; an empty list is a sound ledger.

    Every entry sums to zero; every guarded balance is the sum of its lines, with none missing, and
    never below zero; every hold and payout holds what its lines say; the seals chain and their sums
    are right. Read while nothing is being posted.
    """
    found: list[str] = []
    sums: dict[str, int] = defaultdict(int)
    wallets: dict[str, list[Doc]] = defaultdict(list)
    for entry in db[ENTRIES].find():
        if total := sum(line["amount"] for line in entry["lines"]):
            found.append(f"{entry['_id']} sums to {total}")
        for line in entry["lines"]:
            id_ = balance_id(line["account"], entry["currency"])
            sums[id_] += line["amount"]
            if is_guarded(line["account"]):
                wallets[id_].append(line)
    found += _wrong_wallets(db, wallets)
    found += _wrong_things(db, sums)
    found += _wrong_seals(db)
    return found


def _wrong_wallets(db: Db, wallets: dict[str, list[Doc]]) -> Iterator[str]:
    balances = {doc["_id"]: doc for doc in db[BALANCES].find()}
    for id_ in balances.keys() | wallets.keys():
        if bare := sum("n" not in line for line in wallets[id_]):
            yield f"{id_} has {bare} lines that no guard has counted"
            continue
        lines = sorted(wallets[id_], key=lambda line: line["n"])
        amount = 0
        for n, line in enumerate(lines, start=1):
            amount += line["amount"]
            if line["n"] != n or line["balance"] != amount or amount < 0:
                yield f"{id_} line {line['n']} says {line['balance']}, it is line {n}: {amount}"
        kept = balances.get(id_, {"amount": None, "n": None})
        if (kept["amount"], kept["n"]) != (amount, len(lines)):
            yield f"{id_} keeps {kept}, its {len(lines)} lines come to {amount}"


def _wrong_things(db: Db, sums: dict[str, int]) -> Iterator[str]:
    known = set()
    for kind in BOOKED:
        for doc in db[kind.collection].find():
            thing: Any = kind.from_doc(doc)
            id_ = balance_id(thing.account, thing.amount.currency)
            known.add(id_)
            if thing.held != sums.get(id_, 0):
                yield f"{id_} is {thing.state} and holds {thing.held}, its lines {sums[id_]}"
    for id_ in sums:
        if id_.startswith(("hold:", "payout:")) and id_ not in known:
            yield f"{id_} has lines and is no hold or payout"


def _wrong_seals(db: Db) -> Iterator[str]:
    prev, count = proof.NO_SEAL, 0
    sums: proof.Sums = {}
    sealed: set[str] = set()
    for n, seal in enumerate(db[SEALS].find().sort("_id", 1), start=1):
        there = {doc["_id"]: doc for doc in db[ENTRIES].find({"_id": {"$in": seal["entries"]}})}
        entries = [there[id_] for id_ in seal["entries"] if id_ in there]
        count += len(entries)
        proof.add_up(sums, entries)
        if seal["_id"] != n or seal["prev"] != prev:
            yield f"seal {seal['_id']} stands where seal {n} should"
        if proof.seal_hash(n, prev, entries) != seal["hash"]:
            yield f"seal {n} does not fit its entries"
        if seal["count"] != count or seal["sums"] != sums:
            yield f"seal {n} sums up wrongly"
        if not sealed.isdisjoint(seal["entries"]):
            yield f"seal {n} covers an entry that was sealed before"
        sealed.update(seal["entries"])
        prev = seal["hash"]


def journal(db: Db) -> Iterator[bytes]:
    """Return the whole journal as lines of JSON: each seal after the entries it covers.

    `{"entry": {...}}` is canonical, so that a reader can compute each seal's hash anew; entries
    that no seal covers yet stand at the end.
    """
    for seal in db[SEALS].find({}, {"sums": 0, "at": 0, "count": 0}).sort("_id", 1):
        there = {doc["_id"]: doc for doc in db[ENTRIES].find({"_id": {"$in": seal["entries"]}})}
        for id_ in seal["entries"]:
            yield b'{"entry":' + proof.canonical(there[id_]) + b"}\n"
        words = {"n": seal["_id"], **{k: seal[k] for k in ("prev", "hash", "entries")}}
        yield b'{"seal":' + proof.canonical(words) + b"}\n"
    for entry in proof.unsealed(db):
        yield b'{"entry":' + proof.canonical(entry) + b"}\n"
