"""Whether what the services keep agrees with itself and with each other; only read.

Within a service: the ledger's recount and its seals, terms as they were hashed, facts without a
gap, each contract's log chained anew and held against its terms and its state. Between services:
each hold and its contract's milestone; each contract's log and what notify heard of it. What
changed within `SETTLE` may be on its way and is left for the next time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter

from services.contracts import evidence
from services.contracts.domain import chain
from services.contracts.records import CONTRACTS
from services.escrow import audit
from services.escrow.records import HOLDS
from shared.documents import Doc
from shared.store import Db

SETTLE = timedelta(minutes=1)
ENDED = {
    "released": {"paid"},
    "refunded": {"refunded"},
    "split": {"split", "paid", "refunded"},
    "funded": {"funded", "delivered", "changes_requested", "accepted"},
}
"""A contract's hold in this state -> the states of its milestone that agree."""
SAID_IN_THE_END = {"completed": "contract.completed", "cancelled": "contract.cancelled"}
BATCH = 500


def check(dbs: Mapping[str, Db], *, now: datetime) -> list[str]:
    """Return what is wrong, as sentences, in these services and between them."""
    found: list[str] = []
    for name, db in dbs.items():
        found += [f"{name}: {wrong}" for wrong in _within(name, db)]
    if {"escrow", "contracts"} <= dbs.keys():
        found += _holds_and_milestones(dbs["escrow"], dbs["contracts"], now)
    if {"notify", "contracts"} <= dbs.keys():
        found += _logs_as_heard(dbs["contracts"], dbs["notify"])
    return found


def _within(name: str, db: Db) -> Iterator[str]:
    yield from _facts(db)
    if name == "escrow":
        yield from audit.check(db)
    if name == "contracts":
        yield from _terms(db)
        yield from _logs(db)


def _facts(db: Db) -> Iterator[str]:
    """A fact never has a version that its aggregate has not reached."""
    newest = [{"$group": {"_id": "$subject", "version": {"$max": "$version"}}}]
    said = {doc["_id"]: doc["version"] for doc in db["facts"].aggregate(newest, allowDiskUse=True)}
    for collection in db.list_collection_names():
        # What says something has an outbox; a projection may know an older version of it.
        aggregates = {"version": {"$type": "int"}, "outbox": {"$exists": True}}
        for doc in db[collection].find(aggregates, {"version": 1}):
            if said.get(doc["_id"], 0) > doc["version"]:
                yield f"{doc['_id']} is at version {doc['version']}, facts at {said[doc['_id']]}"


def _terms(db: Db) -> Iterator[str]:
    """Each contract's written terms are those whose hash its log says."""
    kept = {doc["_id"]: doc for doc in db["terms"].find({}, {"pages": 0})}
    for doc in db[CONTRACTS.collection].find(
        {"terms_hash": {"$type": "string"}}, {"terms_hash": 1}
    ):
        terms = kept.get(doc["_id"], {"hash": None, "json": ""})
        made = hashlib.sha256(terms["json"].encode()).hexdigest()
        # Of who was erased the name is gone: then the log has the hash of what was.
        as_made = terms["hash"] if terms.get("is_redacted") else made
        if not doc["terms_hash"] == terms["hash"] == as_made:
            yield f"the terms of {doc['_id']} are not those of its log"


def _logs(db: Db) -> Iterator[str]:
    """Each contract's log chains as it would be exported, and says what its contract is."""
    about = {"terms_hash": 1, "state": 1, "outbox.type": 1}
    there = {doc["_id"]: doc for doc in db[CONTRACTS.collection].find({}, about)}
    of_contracts = {"subject": {"$gte": "con_", "$lt": "con`"}}
    order = [("subject", 1), ("version", 1), ("_id", 1)]
    for id_, facts in groupby(db["facts"].find(of_contracts).sort(order), itemgetter("subject")):
        doc = there.pop(id_, None)
        if doc is None:
            yield f"facts speak of {id_}, which is not there"
        else:
            yield from _log(doc, list(facts))
    yield from (f"{id_} has no log" for id_, doc in there.items() if not doc.get("outbox"))


def _log(doc: Doc, facts: list[Doc]) -> Iterator[str]:
    text = "".join(chain.lines(doc["_id"], map(evidence.line, facts)))
    try:
        chain.verify(text.encode())
    except chain.Broken as wrong:
        yield f"the log of {doc['_id']} does not chain: {wrong}"
    types = [fact["type"] for fact in facts]
    if types[0] != "contract.formed":
        yield f"the log of {doc['_id']} begins with {types[0]}"
    named = {fact["data"].get("terms_hash") for fact in facts if fact["type"] == "terms.made"}
    if doc.get("outbox"):
        return  # the rest is not in its log yet
    if named != ({doc["terms_hash"]} if doc.get("terms_hash") else set()):
        yield f"the log of {doc['_id']} names other terms"
    for state, said in SAID_IN_THE_END.items():
        if (doc["state"] == state) != (said in types):
            yield f"{doc['_id']} is {doc['state']}, which is not what its log says"


def _logs_as_heard(contracts: Db, notify: Db) -> Iterator[str]:
    """What notify heard of contracts, and keeps for 90 days, is what their logs say."""
    gone = {doc["_id"] for doc in contracts["members"].find({"state": "erased"}, {"_id": 1})}
    heard = notify["feed"].find({"subject": {"$gte": "con_", "$lt": "con`"}})
    for batch in _batches(heard):
        ids = [doc["_id"] for doc in batch]
        kept = {doc["_id"]: doc for doc in contracts["facts"].find({"_id": {"$in": ids}})}
        for entry in batch:
            fact = kept.get(entry["_id"])
            if fact is None or gone & set(entry["concerns"]):
                continue  # another service's, or not kept yet; words of who has left are removed
            if any(fact[name] != entry[name] for name in ("type", "subject", "data")):
                which = f"{fact['type']} {fact['_id']} of {fact['subject']}"
                yield f"{which} is not what was heard of it"


def _batches(docs: Iterable[Doc]) -> Iterator[list[Doc]]:
    left = iter(docs)
    while batch := list(islice(left, BATCH)):
        yield batch


def _holds_and_milestones(escrow: Db, contracts: Db, now: datetime) -> Iterator[str]:
    fresh = _said_since(escrow, now - SETTLE) | _said_since(contracts, now - SETTLE)
    milestones = {
        m["hold_id"]: (doc["_id"], m)
        for doc in contracts[CONTRACTS.collection].find({}, {"milestones": 1})
        for m in doc["milestones"]
    }
    seen = set()
    for hold in escrow[HOLDS.collection].find({"milestone": {"$gt": 0}}, {"state": 1, "ref": 1}):
        contract, m = milestones.get(hold["_id"], ("", {}))
        seen.add(hold["_id"])
        if hold["_id"] in fresh or hold["ref"] in fresh:
            continue
        if not contract:
            yield f"the hold {hold['_id']} is for {hold['ref']}, which does not know it"
        elif m["state"] not in ENDED.get(hold["state"], {m["state"]}):
            which = f"milestone {m['n']} of {contract}"
            yield f"{hold['_id']} is {hold['state']}, {which} is {m['state']}"
    for id_, (contract, m) in milestones.items():
        if m["state"] not in ("pending", "refunded") and id_ not in seen and contract not in fresh:
            yield f"milestone {m['n']} of {contract} is {m['state']}, and there is no hold {id_}"


def _said_since(db: Db, since: datetime) -> set[str]:
    """Return what was said something of lately, and what was spoken of."""
    found: set[str] = set()
    for fact in db["facts"].find({"time": {"$gte": since}}, {"subject": 1, "data": 1}):
        found.add(fact["subject"])
        found |= {str(fact["data"].get(word)) for word in ("hold_id", "ref", "contract_id")}
    return found
