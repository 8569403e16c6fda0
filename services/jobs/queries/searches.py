"""What is read of saved searches."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from services.jobs.domain.saved import SEARCHES_MAX, Search
from services.jobs.search_records import MATCHES, SEARCHES
from shared.documents import Doc
from shared.standing import BARRED, MEMBERS
from shared.store import Db

READ_AT_ONCE = 200


def mine(db: Db, member_id: str) -> list[Doc]:
    """Return a member's searches, the newest first."""
    where = {"member_id": member_id, "seat": {"$type": "number"}}
    found = db[SEARCHES.collection].find(where, limit=SEARCHES_MAX)
    return sorted(found, key=lambda doc: str(doc["_id"]), reverse=True)


def waiting(db: Db, keys: Collection[str]) -> Iterator[list[Search]]:
    """Yield the searches that have one of these keys, so many at a time."""
    found = db[SEARCHES.collection].find(
        {"key": {"$in": sorted(set(keys))}},
        sort=[("key", 1), ("_id", 1)],
        batch_size=READ_AT_ONCE,
    )
    while some := list(islice(found, READ_AT_ONCE)):
        yield [SEARCHES.from_doc(doc) for doc in some]


def told(db: Db, match_ids: Sequence[str]) -> set[str]:
    """Return those of these matches that were told already."""
    found = db[MATCHES.collection].find({"_id": {"$in": list(match_ids)}}, {"_id": 1})
    return {doc["_id"] for doc in found}


def barred(db: Db, member_ids: Iterable[str]) -> set[str]:
    """Return those of these members who may begin nothing new, and are told of nothing."""
    where: Doc = {"_id": {"$in": sorted(set(member_ids))}, "state": {"$in": sorted(BARRED)}}
    return {doc["_id"] for doc in db[MEMBERS].find(where, {"_id": 1})}
