"""What contracts can be asked: lists of offers and contracts, messages, members."""

from typing import Any

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


def messages(db: Db, thread: str, page: Page) -> tuple[list[Doc], str | None]:
    """Return the messages of an offer or contract, oldest first."""
    return page.find(db["messages"], {"thread": thread}, newest_first=False)


def open_offers_of_job(db: Db, job_id: str) -> list[str]:
    """Return the ids of the offers of a job that are not answered yet."""
    where = {"job_id": job_id, "state": {"$in": ["sent", "countered"]}}
    return [d["_id"] for d in db["offers"].find(where, {"_id": 1})]


def require_active(db: Db, member_id: str) -> None:
    """Pass when this member can be offered work.

    :raises Unknown: `no_such_member`; Conflict: `member_suspended`
    """
    member = db["members"].find_one({"_id": member_id}, {"state": 1})
    if member is None or member["state"] == "erased":
        raise Unknown("no_such_member", "there is no such member (or not yet)")
    if member["state"] != "active":
        raise Conflict("member_suspended", "this member cannot be offered work now")
