"""What anybody may check: sums over the journal, the chain of seals, and a whole recount.

A seal covers entries that were posted since the seal before:
`{_id: n, prev, hash, entries: [ids], at, count, sums}`. Its hash is the SHA-256, in hex, of these
lines, each ended by a newline:

    {"n":17,"prev":"<hash of seal 16>"}
    <each entry in the order of `entries`, as canonical JSON>

Canonical JSON has sorted keys, no spaces, UTF-8, and times as RFC 3339 UTC with milliseconds.
`prev` of the first seal is 64 zeros. `count` and `sums` are those of all entries sealed so far.

Entries are found by their time. One may be committed seconds after its time was read, so a seal
looks back `LATE`, leaving out what is sealed; that something came later still shows by the count.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from services.escrow.journal import ENTRIES, SEALS
from shared import clock, leases
from shared.documents import Doc
from shared.store import Db, Store

NO_SEAL = "0" * 64
LATE = timedelta(seconds=15)
SEAL_MAX = 1000
SEALS_AT_ONCE = 50
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
PARTS = {
    "hold": "held",
    "wallet": "wallets",
    "payout": "payouts",
    "fees": "fees",
    "tax": "tax",
    "provider": "provider",
}
Sums = dict[str, dict[str, int]]


def proof(db: Db) -> dict[str, Any]:
    """Return the sums per currency and kind of account, and how far the chain reaches.

    Sealed entries are summed up in the last seal; the few after it are added.
    """
    last = last_seal(db)
    sums: Sums = {currency: dict(parts) for currency, parts in last["sums"].items()}
    rest = _unsealed(db, last)
    add_up(sums, rest)
    return {
        "currencies": {
            currency: {"total": sum(parts.values()), **dict.fromkeys(PARTS.values(), 0), **parts}
            for currency, parts in sorted((sums or {"JPY": {}}).items())
        },
        "entries": last["count"] + len(rest),
        "head": last["hash"],
    }


def add_up(sums: Sums, entries: Iterable[Doc]) -> None:
    """Add entries to sums per currency and kind of account."""
    for entry in entries:
        parts = sums.setdefault(entry["currency"], {})
        for line in entry["lines"]:
            kind = line["account"].partition(":")[0]
            part = PARTS.get(kind, kind)
            parts[part] = parts.get(part, 0) + line["amount"]


def canonical(entry: Doc) -> bytes:
    """Return an entry as the chain's hash reads it."""
    return orjson.dumps(
        entry,
        option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME,
        default=clock.text,
    )


def seal_hash(n: int, prev: str, entries: Iterable[Doc]) -> str:
    """Return the hash of a seal over these entries, in this order."""
    digest = hashlib.sha256(canonical({"n": n, "prev": prev}) + b"\n")
    for entry in entries:
        digest.update(canonical(entry) + b"\n")
    return digest.hexdigest()


def last_seal(db: Db) -> Doc:
    """Return the last seal, or what stands before the first."""
    nothing = {"_id": 0, "hash": NO_SEAL, "entries": [], "at": None, "count": 0, "sums": {}}
    return db[SEALS].find_one(sort=[("_id", -1)]) or nothing


def unsealed(db: Db) -> list[Doc]:
    """Return the entries that no seal covers yet, oldest first."""
    return _unsealed(db, last_seal(db))


# Sealing


def seal(store: Store, now: datetime) -> int:
    """Seal what has been posted, one worker at a time; return how many seals were written.

    The lease only saves work: of two sealers that write the same number, one is not kept.
    """
    if not leases.hold(store.db, "seals", now=now):
        return 0
    for count in range(SEALS_AT_ONCE):
        last = last_seal(store.db)
        posted = store.db[ENTRIES].estimated_document_count()
        entries = _unsealed(store.db, last, SEAL_MAX)
        if not entries and posted > last["count"]:
            entries = _forgotten(store.db, SEAL_MAX)
        if not entries:
            return count
        store.keep(SEALS, [_next_seal(last, entries)])
    return SEALS_AT_ONCE


def _next_seal(last: Doc, entries: Sequence[Doc]) -> Doc:
    n, prev = last["_id"] + 1, last["hash"]
    sums: Sums = {currency: dict(parts) for currency, parts in last["sums"].items()}
    add_up(sums, entries)
    newest = entries[-1]["at"]
    return {
        "_id": n,
        "prev": prev,
        "hash": seal_hash(n, prev, entries),
        "entries": [e["_id"] for e in entries],
        # The newest of all that is sealed: never earlier than any entry of this seal.
        "at": max(newest, last["at"] or newest),
        "count": last["count"] + len(entries),
        "sums": sums,
    }


def _unsealed(db: Db, last: Doc, limit: int = 0) -> list[Doc]:
    """Return the entries that no seal covers, oldest first, as far back as one may be late."""
    since = last["at"] - LATE if last["at"] else BEGINNING
    recent = {"at": {"$gte": since}}
    sealed = {id_ for one in db[SEALS].find(recent, {"entries": 1}) for id_ in one["entries"]}
    journal = _committed(db)
    in_time = journal.find(recent, {"_id": 1, "at": 1}).sort([("at", 1), ("_id", 1)])
    open_ = [doc["_id"] for doc in in_time if doc["_id"] not in sealed]
    return _in_time(journal.find({"_id": {"$in": open_[:limit] if limit else open_}}))


def _forgotten(db: Db, limit: int) -> list[Doc]:
    """Return entries that were later than `LATE`, as from a process that was stopped for long."""
    steps: list[Doc] = [
        {"$lookup": {"from": SEALS, "localField": "_id", "foreignField": "entries", "as": "by"}},
        {"$match": {"by": []}},
        {"$limit": limit},
        {"$unset": "by"},
    ]
    return _in_time(_committed(db).aggregate(steps))


def _committed(db: Db) -> Collection[Doc]:
    return db.get_collection(ENTRIES, read_concern=ReadConcern("majority"))


def _in_time(entries: Iterable[Doc]) -> list[Doc]:
    return sorted(entries, key=lambda e: (e["at"], e["_id"]))
