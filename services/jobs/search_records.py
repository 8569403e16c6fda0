"""Saved searches, and what they were told of, as documents."""

from dataclasses import asdict, fields
from datetime import timedelta

from pymongo import IndexModel

from services.jobs.domain.saved import Match, Search
from shared.documents import Doc, Kind

MATCHES_KEPT = timedelta(days=90)
"""A job opens once, so nobody asks about its matches any more after this time."""

_WORDS = [field.name for field in fields(Search) if field.name != "id"]


def search_doc(found: Search) -> Doc:
    """Return a search as it is kept; `key` is what opening jobs find it by."""
    words = {name: getattr(found, name) for name in _WORDS}
    return {"_id": found.id, **words, "query": dict(found.query), "key": found.key}


def search_of(doc: Doc) -> Search:
    """Return the search that `search_doc` kept."""
    return Search(id=doc["_id"], **{name: doc[name] for name in _WORDS})


def match_doc(found: Match) -> Doc:
    """Return a match as it is kept."""
    words = asdict(found)
    return {"_id": words.pop("id"), **words}


def match_of(doc: Doc) -> Match:
    """Return the match that `match_doc` kept."""
    names = ("search_id", "member_id", "job_id", "at")
    return Match(id=doc["_id"], **{name: doc[name] for name in names})


SEARCHES = Kind(
    name="search",
    prefix="sea",
    collection="searches",
    to_doc=search_doc,
    from_doc=search_of,
    indexes=(
        IndexModel([("key", 1), ("_id", 1)], name="by_key"),
        IndexModel(
            [("member_id", 1), ("seat", 1)],
            name="one_seat",
            unique=True,
            partialFilterExpression={"seat": {"$type": "number"}},
        ),
        IndexModel([("member_id", 1), ("_id", -1)], name="of_member"),
    ),
    uniques={"one_seat": ("seat_taken", "you have just saved another one")},
)
MATCHES = Kind(
    name="match",
    prefix="mat",
    collection="matches",
    to_doc=match_doc,
    from_doc=match_of,
    indexes=(IndexModel([("at", 1)], expireAfterSeconds=int(MATCHES_KEPT.total_seconds())),),
)
