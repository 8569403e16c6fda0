"""What is read of the slots of tasks."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from services.jobs.records import ASSIGNMENTS, JOBS
from shared.documents import Doc
from shared.paging import Page
from shared.store import Db

RESULTS_AT_ONCE = 500
WORKED_MAX = 200
"""So many approved assignments say how long a task takes."""
ByState = Mapping[str, Mapping[str, int]]
"""How many slots are in which state, by the job."""
LIVE = ["reserved", "submitted", "approved", "rejected", "appealed"]
RESULTS = ["submitted", "approved", "rejected", "appealed"]


def seats(db: Db, job_ids: Iterable[str], worker_id: str) -> Mapping[str, set[int]]:
    """Return the numbers of this person's assignments that count for the limit, by task."""
    where = {"job_id": {"$in": list(job_ids)}, "worker_id": worker_id, "state": {"$in": LIVE}}
    found: dict[str, set[int]] = {}
    for doc in db[ASSIGNMENTS.collection].find(where, {"job_id": 1, "seat": 1}):
        found.setdefault(doc["job_id"], set()).add(doc["seat"])
    return found


def rejections(db: Db, job_id: str) -> set[int]:
    """Return the numbers of a task's rejections, those under appeal too."""
    where = {"job_id": job_id, "state": {"$in": ["rejected", "appealed"]}}
    return {doc["rejection"] for doc in db[ASSIGNMENTS.collection].find(where, {"rejection": 1})}


def count_submitted(db: Db, job_id: str) -> int:
    """Return how many submissions a task has had."""
    where = {"job_id": job_id, "state": {"$in": RESULTS}}
    return db[ASSIGNMENTS.collection].count_documents(where)


def count_minted(db: Db, job_id: str) -> int:
    """Return how many of a task's slots were minted at its opening."""
    where = {"job_id": job_id, "turn": 0}
    return db[ASSIGNMENTS.collection].count_documents(where)


def count_closed(db: Db, job_id: str) -> int:
    """Return how many slots were free when the task closed."""
    where = {"job_id": job_id, "state": "closed", "is_counted": True}
    return db[ASSIGNMENTS.collection].count_documents(where)


def by_state(db: Db, job_ids: Iterable[str]) -> ByState:
    """Return how many slots of each task are in which state."""
    counted = db[ASSIGNMENTS.collection].aggregate(
        [
            {"$match": {"job_id": {"$in": list(job_ids)}}},
            {"$group": {"_id": {"job": "$job_id", "state": "$state"}, "count": {"$sum": 1}}},
        ]
    )
    found: dict[str, dict[str, int]] = {}
    for doc in counted:
        found.setdefault(doc["_id"]["job"], {})[doc["_id"]["state"]] = doc["count"]
    return found


def decided(db: Db, worker_id: str) -> tuple[int, int]:
    """Return how many of a person's assignments were approved, and rejected for good."""
    approved = {"worker_id": worker_id, "state": "approved"}
    rejected = {"worker_id": worker_id, "state": "rejected", "is_over": True}
    there = db[ASSIGNMENTS.collection]
    return there.count_documents(approved), there.count_documents(rejected)


def controls(db: Db, job_ids: Iterable[str], worker_id: str) -> Mapping[str, tuple[int, int]]:
    """Return how many control questions a person has met, and answered right, by task."""
    where = {"job_id": {"$in": list(job_ids)}, "worker_id": worker_id, "controls": {"$gt": 0}}
    shown = {"job_id": 1, "controls": 1, "controls_right": 1}
    found: dict[str, tuple[int, int]] = {}
    for doc in db[ASSIGNMENTS.collection].find(where, shown):
        met, right = found.get(doc["job_id"], (0, 0))
        found[doc["job_id"]] = (met + doc["controls"], right + doc["controls_right"])
    return found


def worked_s(db: Db, job_ids: Iterable[str]) -> Mapping[str, list[int]]:
    """Return how long approved work took, from taking the slot to handing in, in seconds, by job.

    Of some of each: ids of assignments are hashes, so the first are as good as any.
    """
    if not (ids := list(job_ids)):
        return {}
    some: list[Doc] = [
        {"$match": {"state": "approved"}},
        {"$sort": {"_id": 1}},
        {"$limit": WORKED_MAX},
        {"$project": {"_id": 0, "ms": {"$subtract": ["$submitted_at", "$reserved_at"]}}},
    ]
    theirs = {"from": ASSIGNMENTS.collection, "localField": "_id", "foreignField": "job_id"}
    found = db[JOBS.collection].aggregate(
        [
            {"$match": {"_id": {"$in": ids}}},
            {"$project": {"_id": 1}},
            {"$lookup": {**theirs, "pipeline": some, "as": "work"}},
        ]
    )
    return {doc["_id"]: [int(done["ms"]) // 1000 for done in doc["work"]] for doc in found}


def submitted(db: Db, job_id: str, until: datetime, *, after: str, most: int) -> list[str]:
    """Return ids, in their order, of what was submitted until then and waits for review."""
    where = {"job_id": job_id, "state": "submitted", "_id": {"$gt": after}}
    found = db[ASSIGNMENTS.collection].find(
        {**where, "submitted_at": {"$lte": until}}, {"_id": 1}, sort=[("_id", 1)], limit=most
    )
    return [doc["_id"] for doc in found]


def assignments(
    db: Db, page: Page, *, job_id: str | None = None, worker_id: str | None = None
) -> tuple[list[Doc], str | None]:
    """Return a page of assignments, of a task or of a person."""
    where: Doc = {"worker_id": worker_id} if worker_id else {"worker_id": {"$gt": ""}}
    if job_id:
        where["job_id"] = job_id
    return page.find(db[ASSIGNMENTS.collection], where, fields={"outbox": 0, "receipts": 0})


def results(db: Db, job_id: str) -> Iterator[Doc]:
    """Return everything that was submitted, a page of documents at a time."""
    after = ""
    while True:
        where = {"job_id": job_id, "state": {"$in": RESULTS}, "_id": {"$gt": after}}
        found = db[ASSIGNMENTS.collection].find(where, {"outbox": 0, "receipts": 0})
        docs = list(found.sort("_id", 1).limit(RESULTS_AT_ONCE))
        yield from docs
        if len(docs) < RESULTS_AT_ONCE:
            return
        after = docs[-1]["_id"]
