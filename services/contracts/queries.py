"""What contracts can be asked: lists of offers and contracts, messages, members."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.contracts.domain.cancelling import UNDELIVERED
from services.contracts.domain.terms import Terms
from shared import standing
from shared.documents import Doc
from shared.errors import Conflict, Unknown
from shared.paging import Page
from shared.store import Db


def of_party(
    db: Db, collection: str, member_id: str, *, role: str | None, state: str | None, page: Page
) -> tuple[list[Doc], str | None]:
    """Return the offers or contracts of a member, newest first; `role` narrows to one side."""
    sides = [f"{role}_id"] if role else ["client_id", "worker_id"]
    where: dict[str, Any] = {"$or": [{side: member_id} for side in sides]}
    if state:
        where["state"] = state
    return page.find(db[collection], where)


def messages(db: Db, thread: str, page: Page, *, by: str) -> tuple[list[Doc], str | None]:
    """Return the messages of an offer or contract that this reader sees, oldest first."""
    where = {"thread": thread, "$or": [{"sender_id": by}, {"seen.unseen": {"$ne": True}}]}
    return page.find(db["messages"], where, newest_first=False)


def open_offers_of_job(db: Db, job_id: str) -> list[str]:
    """Return the ids of the offers of a job that are not answered yet."""
    where = {"job_id": job_id, "state": {"$in": ["sent", "countered"]}}
    return [d["_id"] for d in db["offers"].find(where, {"_id": 1})]


def is_cancelled(db: Db, job_id: str) -> bool:
    """Say whether a job is known to be cancelled."""
    return db["cancelled_jobs"].find_one({"_id": job_id}) is not None


def contract_of_ask(db: Db, ask_id: str) -> str:
    """Return the id of the contract in which this extension was asked for.

    :raises Unknown: `no_such_extension`
    """
    found = db["contracts"].find_one({"asks.id": ask_id}, {"_id": 1})
    if found is None:
        raise Unknown("no_such_extension", "there is no such extension")
    return str(found["_id"])


def open_disputes(db: Db, page: Page) -> tuple[list[Doc], str | None]:
    """Return the contracts whose dispute waits for its end, newest first."""
    waiting = {"dispute.state": {"$in": ["opened", "answered", "escalated"]}}
    return page.find(db["contracts"], waiting)


def overdue(db: Db, page: Page) -> tuple[list[Doc], str | None]:
    """Return the contracts in which work is overdue and its client was told, newest first."""
    late = {"state": {"$in": list(UNDELIVERED)}, "told_overdue_at": {"$type": "date"}}
    where = {
        "state": "active",
        "milestones": {"$elemMatch": late},
        "milestones.told_overdue_at": {"$type": "date"},  # that of the index
    }
    return page.find(db["contracts"], where)


def decided(db: Db, page: Page) -> tuple[list[Doc], str | None]:
    """Return the contracts whose dispute an operator has decided, newest first."""
    return page.find(db["contracts"], {"dispute.state": "decided", "dispute.ended_by": "ops"})


def deciders(db: Db, contract_ids: Sequence[str]) -> dict[str, str]:
    """Return who decided the latest dispute of each of these contracts, as their facts say.

    What is said again until the money is divided is said by nobody.
    """
    where = {"subject": {"$in": list(contract_ids)}, "type": "dispute.decided"}
    said = db["facts"].find(where).sort([("subject", 1), ("version", 1), ("_id", 1)])
    return {doc["subject"]: doc["actor"] for doc in said if doc["actor"] != "system"}


def dispute_statistics(db: Db) -> Doc:
    """Return how many disputes there were, by reason, and how they ended; nobody is named.

    Each counts once, those too after which their contract had another.
    """
    days = {"$divide": [{"$subtract": ["$one.ended_at", "$one.opened_at"]}, 86_400_000]}
    share = {"$divide": ["$one.worker_gets.amount", "$one.held.amount"]}
    group = {
        "_id": "$one.reason",
        "disputes": {"$sum": 1},
        "ended": _count({"$gt": ["$one.ended_at", None]}),
        "settled": _count({"$eq": ["$one.state", "settled"]}),
        "decided_by_ops": _count({"$eq": ["$one.ended_by", "ops"]}),
        "decided_by_silence": _count({"$eq": ["$one.ended_by", "silence"]}),
        "worker_share": {"$avg": {"$cond": [{"$gt": ["$one.ended_at", None]}, share, None]}},
        "days_to_end": {"$avg": {"$cond": [{"$gt": ["$one.ended_at", None]}, days, None]}},
    }
    every = {"$concatArrays": [{"$ifNull": ["$past_disputes", []]}, ["$dispute"]]}
    found = db["contracts"].aggregate(
        [
            {"$match": {"dispute.state": {"$gt": ""}}},
            {"$project": {"one": every}},
            {"$unwind": "$one"},
            {"$group": group},
            {"$sort": {"_id": 1}},
        ]
    )
    rows = [{"reason": row.pop("_id"), **row} for row in found]
    return {"disputes": sum(row["disputes"] for row in rows), "by_reason": rows}


def _count(when: Doc) -> Doc:
    return {"$sum": {"$cond": [when, 1, 0]}}


def terms(db: Db, contract_id: str) -> Terms | None:
    """Return the terms in writing as they are kept, or None."""
    doc = db["terms"].find_one({"_id": contract_id})
    return None if doc is None else Terms(contract_id=doc.pop("_id"), **doc)


def names(db: Db, member_ids: Sequence[str]) -> dict[str, str]:
    """Return the display names of members, as far as they are known here."""
    found = db["members"].find({"_id": {"$in": list(member_ids)}}, {"display_name": 1})
    return {doc["_id"]: doc["display_name"] for doc in found}


def sheet(db: Db, contract_id: str, n: int) -> list[Doc]:
    """Return the lines of a week's time sheet by day; what was taken off is not among them."""
    lines = db["times"].find({"contract_id": contract_id, "n": n}).sort([("day", 1), ("_id", 1)])
    return [doc for doc in lines if doc["state"] == "noted"]


def thread(db: Db, threads: Sequence[str]) -> Iterator[Doc]:
    """Return all messages of these threads that both sides saw, oldest first."""
    where = {"thread": {"$in": list(threads)}, "seen.unseen": {"$ne": True}}
    return iter(db["messages"].find(where).sort("_id", 1))


def require_available(db: Db, member_id: str, *, by: str) -> None:
    """Pass when this member can be offered work by that one.

    :raises Unknown: `no_such_member`; Conflict: `member_suspended`, `member_leaving`
    :raises Forbidden: what bars the one who offers
    """
    member = db["members"].find_one({"_id": member_id}, {"state": 1})
    if member is None or member["state"] == "erased":
        raise Unknown("no_such_member", "there is no such member (or not yet)")
    if bar := standing.of(db, by, [member_id]).bar(member_id):
        raise bar
    if member["state"] != "active":
        code, _ = standing.BARRED[member["state"]]
        raise Conflict(code, "this member cannot be offered work now")
