"""What jobs reads: who members are, proposals, questions. The list of jobs is in `search`."""

from collections.abc import Iterable, Mapping

from services.jobs.domain.entry import Entry
from services.jobs.domain.proposal import WAITING
from services.jobs.domain.wanted import facet
from services.jobs.people import RECORDS
from services.jobs.records import ENTRIES, JOBS, PROPOSALS, QUESTIONS, VERIFIED
from shared.documents import Doc
from shared.paging import Page
from shared.standing import MEMBERS
from shared.store import Db

COUNT_MAX = 100_000
"""Nobody needs to know more exactly how many there are."""
SHARING_MAX = 500
"""At most so many entries share the prizes of a competition without a winner, the earliest."""

_SHOWN = {"seen.unseen": {"$ne": True}}

Names = Mapping[str, str]
"""Display names by member id, as far as accounts has told of them."""


def names(db: Db, ids: Iterable[str]) -> Names:
    """Return the display names of these members."""
    found = db[MEMBERS].find({"_id": {"$in": list(set(ids))}}, {"display_name": 1})
    return {doc["_id"]: doc["display_name"] for doc in found}


def records(db: Db, ids: Iterable[str]) -> Mapping[str, Doc]:
    """Return what accounts has told of these members' records, by id."""
    found = db[RECORDS].find({"_id": {"$in": list(set(ids))}})
    return {doc["_id"]: doc for doc in found}


def is_verified(db: Db, member_id: str) -> bool:
    """Say whether accounts has told that this member's mail address is verified."""
    return db[VERIFIED].find_one({"_id": member_id}, {"_id": 1}) is not None


def proposal_counts(db: Db, job_ids: Iterable[str]) -> Mapping[str, int]:
    """Return how many proposals its client has seen of each of these, whatever became of them."""
    counted = db[PROPOSALS.collection].aggregate(
        [
            {"$match": {"job_id": {"$in": list(job_ids)}, **_SHOWN}},
            {"$group": {"_id": "$job_id", "count": {"$sum": 1}}},
        ]
    )
    return {doc["_id"]: doc["count"] for doc in counted}


def has_proposed(db: Db, job_ids: Iterable[str], member_id: str) -> frozenset[str]:
    """Return those of these jobs for which this member has a live proposal."""
    where = {"job_id": {"$in": list(job_ids)}, "worker_id": member_id, "live": True}
    return frozenset(doc["job_id"] for doc in db[PROPOSALS.collection].find(where, {"job_id": 1}))


def waiting_proposals(db: Db, job_id: str, most: int) -> list[str]:
    """Return the ids of proposals that wait for this job's client."""
    where = {"job_id": job_id, "live": True, "state": {"$in": sorted(WAITING)}}
    return [doc["_id"] for doc in db[PROPOSALS.collection].find(where, {"_id": 1}, limit=most)]


def proposals(db: Db, page: Page, **where: str | None) -> tuple[list[Doc], str | None]:
    """Return a page of proposals, the newest first; a filter that is None filters nothing.

    What its client has never been shown is its author's to see: it needs `worker_id`.
    """
    filters: Doc = {name: value for name, value in where.items() if value is not None}
    if "worker_id" not in filters:
        filters |= _SHOWN
    return page.find(db[PROPOSALS.collection], filters, fields={"outbox": 0, "receipts": 0})


def questions(db: Db, page: Page, job_id: str) -> tuple[list[Doc], str | None]:
    """Return a page of the questions about a job, the newest first."""
    fields = {"outbox": 0, "receipts": 0}
    return page.find(db[QUESTIONS.collection], {"job_id": job_id}, fields=fields)


def is_proposer(db: Db, job_id: str, member_id: str) -> bool:
    """Say whether this member has ever proposed for this job."""
    where = {"job_id": job_id, "worker_id": member_id}
    return db[PROPOSALS.collection].find_one(where, {"_id": 1}) is not None


def entries(
    db: Db, page: Page, *, job_id: str, worker_id: str | None
) -> tuple[list[Doc], str | None]:
    """Return a page of the entries of a competition (of one person), the newest first."""
    where = {"job_id": job_id} | ({"worker_id": worker_id} if worker_id else {})
    return page.find(db[ENTRIES.collection], where, fields={"outbox": 0, "receipts": 0})


def count_entries(db: Db, job_id: str, worker_id: str | None = None) -> int:
    """Return how many entries stand in a competition, or of one person all they ever made."""
    if worker_id is not None:
        where = {"job_id": job_id, "worker_id": worker_id}
    else:
        where = {"job_id": job_id, "state": "submitted"}
    return db[ENTRIES.collection].count_documents(where)


def entry_counts(db: Db, job_ids: Iterable[str]) -> Mapping[str, int]:
    """Return how many entries each of these competitions has had."""
    counted = db[ENTRIES.collection].aggregate(
        [
            {"$match": {"job_id": {"$in": list(job_ids)}}},
            {"$group": {"_id": "$job_id", "count": {"$sum": 1}}},
        ]
    )
    return {doc["_id"]: doc["count"] for doc in counted}


def waiting_entries(db: Db, job_id: str, most: int) -> list[str]:
    """Return the ids of entries that wait for a decision."""
    where = {"job_id": job_id, "state": "submitted"}
    return [doc["_id"] for doc in db[ENTRIES.collection].find(where, {"_id": 1}, limit=most)]


def standing_entries(db: Db, job_id: str) -> list[Entry]:
    """Return the entries that would share the prizes, the earliest first; favourites if any."""
    where: Doc = {"job_id": job_id, "state": "submitted"}
    found = db[ENTRIES.collection].find({**where, "is_favourite": True}, limit=SHARING_MAX)
    liked = list(found.sort("_id", 1))
    docs = liked or list(db[ENTRIES.collection].find(where, limit=SHARING_MAX).sort("_id", 1))
    return [ENTRIES.from_doc(doc) for doc in docs]


def counts(db: Db, modes: Iterable[str], states: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """Return how many jobs of each mode are in each state, at most `COUNT_MAX` of each.

    Those that were never open are counted while they are held or wait for money.
    """
    jobs = db[JOBS.collection]

    def count(mode: str, state: str) -> int:
        was_open = state not in ("held", "awaiting_funding")
        of = {"facets": facet("mode", mode)} if was_open else {"mode": mode}
        return jobs.count_documents({"state": state, **of}, limit=COUNT_MAX, hint="jobs_new")

    return {mode: {state: count(mode, state) for state in states} for mode in modes}
