"""The journal as it is kept: its documents, their guards, and how accounts are read.

* `entries`   only ever added to: `{_id, at, kind, subject, ref, currency, cause, lines,
  statement}`; `_id` comes from the cause; `lines:
  [{account, amount}]` sum to zero, a wallet's line also has its number `n` and the `balance` then
* `balances`  one document a wallet: `{_id: "wallet:mem_...:JPY", amount, n}`, never below zero
* `seals`     the chain over the entries (`services.escrow.proof`)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from weakref import WeakKeyDictionary

from pymongo import IndexModel, MongoClient
from pymongo.errors import CollectionInvalid, OperationFailure

from services.escrow.domain.posting import Entry, Line
from shared.documents import Doc
from shared.money import CURRENCIES
from shared.store import Db

ENTRIES = "entries"
BALANCES = "balances"
SEALS = "seals"
GUARDED = "wallet:"
NAMESPACE_EXISTS = 48

_WHOLE = {"bsonType": ["int", "long"]}
_TEXT = {"bsonType": "string"}
_LINE: Doc = {
    "bsonType": "object",
    "required": ["account", "amount"],
    "properties": {"account": _TEXT, "amount": _WHOLE, "balance": {**_WHOLE, "minimum": 0}},
}
VALIDATORS: Mapping[str, Doc] = {
    ENTRIES: {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "at", "kind", "subject", "ref", "currency", "cause", "lines"],
            "properties": {
                "_id": _TEXT,
                "at": {"bsonType": "date"},
                "currency": {"enum": sorted(CURRENCIES)},
                "lines": {"bsonType": "array", "minItems": 2, "items": _LINE},
            },
        },
        "$expr": {"$eq": [{"$sum": "$lines.amount"}, 0]},
    },
    BALANCES: {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "amount", "n"],
            "properties": {
                "_id": _TEXT,
                "amount": {**_WHOLE, "minimum": 0},
                "n": {**_WHOLE, "minimum": 1},
            },
        }
    },
    SEALS: {},
}
_STATEMENT = IndexModel(
    [("statement", 1)],
    name="statement",
    # Also a guard: no line of a wallet is ever numbered twice.
    unique=True,
    partialFilterExpression={"statement": {"$exists": True}},
)
_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    ENTRIES: (IndexModel([("at", 1), ("_id", 1)], name="in_time"), _STATEMENT),
    SEALS: (IndexModel([("at", 1)]), IndexModel([("entries", 1)])),
}

_prepared: WeakKeyDictionary[MongoClient[Doc], set[str]] = WeakKeyDictionary()


def prepare(db: Db) -> None:
    """Create the collections with their guards and indexes, once in this process."""
    known = _prepared.setdefault(db.client, set())
    if db.name in known:
        return
    there = {c["name"]: c.get("options", {}) for c in db.list_collections()}
    for name, validator in VALIDATORS.items():
        if name not in there:
            _create(db, name, validator)
        elif there[name].get("validator", {}) != validator:
            db.command("collMod", name, validator=validator)
    for name, indexes in _INDEXES.items():
        db[name].create_indexes([*indexes])
    known.add(db.name)


def _create(db: Db, name: str, validator: Doc) -> None:
    try:
        db.create_collection(name, validator=validator)
    except CollectionInvalid:
        return
    except OperationFailure as wrong:
        if wrong.code != NAMESPACE_EXISTS:  # else: another process was faster
            raise


def is_guarded(account: str) -> bool:
    """Say whether the account has a balance document and must not go below zero."""
    return account.startswith(GUARDED)


def balance_id(account: str, currency: str) -> str:
    """Return the `_id` of a guarded account's balance."""
    return f"{account}:{currency}"


def line_key(balance: str, n: int) -> str:
    """Return the key by which a wallet's n-th line is found."""
    return f"{balance}#{n}"


def entry_doc(entry: Entry, *, at: datetime, counted: Mapping[str, Doc]) -> Doc:
    """Return an entry as it is kept; `counted` has `n` and `balance` of its guarded accounts."""
    doc: Doc = {
        "_id": entry.id,
        "at": at,
        "kind": entry.kind,
        "subject": entry.subject,
        "ref": entry.ref,
        "currency": entry.currency,
        "cause": entry.cause,
        "lines": [_line_doc(line, counted.get(line.account)) for line in entry.lines],
    }
    if counted:
        keys = {account: balance_id(account, entry.currency) for account in counted}
        doc["statement"] = [line_key(keys[a], counts["n"]) for a, counts in counted.items()]
    return doc


def _line_doc(line: Line, counted: Doc | None) -> Doc:
    doc: Doc = {"account": line.account, "amount": line.amount}
    if counted is not None:
        doc |= counted
    if line.kind:
        doc["kind"] = line.kind
    if line.steps:
        doc["steps"] = [asdict(step) for step in line.steps]
    return doc


def guarded_lines(entries: Iterable[Entry]) -> set[str]:
    """Return the ids of the balances that these entries move."""
    return {
        balance_id(line.account, entry.currency)
        for entry in entries
        for line in entry.lines
        if is_guarded(line.account)
    }
