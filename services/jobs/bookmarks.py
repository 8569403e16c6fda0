"""Jobs that a member has marked, to find them again: one document for a member and a job.

Taking a mark back keeps the document, with `is_on` false, so that the latest word always wins.
"""

from collections.abc import Iterable
from datetime import datetime

from pymongo import IndexModel

from services.jobs.records import JOBS, NOT_LISTED
from shared.documents import Doc, Shelf
from shared.errors import Conflict
from shared.paging import Page
from shared.store import Db, Store

BOOKMARKS = "bookmarks"
BOOKMARKS_MAX = 500
"""So many jobs a member may have marked at one time."""

_MINE = IndexModel([("member_id", 1), ("is_on", 1), ("at", -1), ("_id", -1)], name="mine")
SHELVES = (Shelf(BOOKMARKS, (_MINE,)),)


def mark(store: Store, job_id: str, *, by: str, now: datetime) -> None:
    """Mark a job; a second time changes nothing.

    :raises Conflict: `too_many_bookmarks`
    """
    if marked(store.db, [job_id], by):
        return
    mine = {"member_id": by, "is_on": True}
    if store.db[BOOKMARKS].count_documents(mine, limit=BOOKMARKS_MAX) >= BOOKMARKS_MAX:
        raise Conflict("too_many_bookmarks", f"at most {BOOKMARKS_MAX}", limit=BOOKMARKS_MAX)
    store.project(BOOKMARKS, _doc(job_id, by, now, is_on=True))


def unmark(store: Store, job_id: str, *, by: str, now: datetime) -> None:
    """Take a mark back; where there is none, nothing changes."""
    if marked(store.db, [job_id], by):
        store.project(BOOKMARKS, _doc(job_id, by, now, is_on=False))


def _doc(job_id: str, by: str, now: datetime, *, is_on: bool) -> Doc:
    # The later word is the newer version, whichever request is written first.
    version = int(now.timestamp() * 1000)
    words = {"member_id": by, "job_id": job_id, "is_on": is_on, "at": now}
    return {"_id": f"{by} {job_id}", "version": version, **words}


def marked(db: Db, job_ids: Iterable[str], by: str) -> frozenset[str]:
    """Return those of these jobs that this member has marked."""
    where = {"_id": {"$in": [f"{by} {id_}" for id_ in job_ids]}, "is_on": True}
    return frozenset(doc["job_id"] for doc in db[BOOKMARKS].find(where, {"job_id": 1}))


def jobs(db: Db, page: Page, by: str) -> tuple[list[Doc], str | None]:
    """Return a page of the jobs that this member has marked, the latest mark first."""
    docs, cursor = page.find(db[BOOKMARKS], {"member_id": by, "is_on": True}, by="at")
    ids = [doc["job_id"] for doc in docs]
    found = {doc["_id"]: doc for doc in db[JOBS.collection].find({"_id": {"$in": ids}}, NOT_LISTED)}
    return [found[id_] for id_ in ids if id_ in found], cursor
