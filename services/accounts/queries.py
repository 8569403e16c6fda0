"""What is read: people by words, by address, their reviews, what their record counts."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.accounts.case_records import CASES
from services.accounts.domain import finding
from services.accounts.domain.api_token import ApiToken
from services.accounts.domain.block import Block
from services.accounts.domain.case import Case
from services.accounts.domain.letter import Letter
from services.accounts.domain.measures import Measures, Seen, measure
from services.accounts.domain.member import OPERATOR, Member, Record
from services.accounts.domain.session import Session
from services.accounts.records import (
    API_TOKENS,
    BLOCKS,
    ENDED,
    FAILURES,
    LETTERS,
    MEMBERS,
    REVIEWS,
    SEEN,
    SESSIONS,
)
from shared.documents import Doc, Loaded
from shared.errors import Conflict, Unknown
from shared.paging import Page
from shared.store import Db

REVIEWS_SHOWN = 20
SESSIONS_SHOWN = 100
EARLIER_SHOWN = 20
OPERATORS_ASKED = 20
# Figures are of the latest so many facts of contracts, tasks, jobs, offers each: of how it is now.
SEEN_READ = 1000
PUBLIC_FIELDS = dict.fromkeys(
    (
        *("display_name", "kind", "bio", "skills", "categories", "links"),
        *("joined_at", "record", "measures"),
    ),
    1,
)


def member_by_email(db: Db, email: str) -> Loaded[Any] | None:
    """Return who has this normalised address, or None."""
    doc = db[MEMBERS.collection].find_one({"email": {"$eq": email}})
    return None if doc is None else Loaded(MEMBERS.from_doc(doc), doc["version"], doc)


def refuse_taken(db: Db, email: str) -> None:
    """Pass when nobody has this address yet; the unique index has the last word.

    :raises Conflict: `email_taken`
    """
    if db[MEMBERS.collection].find_one({"email": {"$eq": email}}, {"_id": 1}):
        raise Conflict(*MEMBERS.uniques["one_email"])


def public_member(db: Db, member_id: str) -> Doc:
    """Return what anybody may see of a member.

    :raises Unknown: `no_such_member`, or they have left
    """
    where = {"_id": {"$eq": member_id}, "state": {"$ne": "erased"}}
    doc = db[MEMBERS.collection].find_one(where, {**PUBLIC_FIELDS, "version": 1})
    if doc is None:
        raise Unknown("no_such_member", "there is no such member")
    return doc


def find_people(
    db: Db, page: Page, *, q: str | None, skill: str | None, category: str | None
) -> tuple[list[Doc], str | None]:
    """Return a page of active members, newest first.

    `q` is found in names, bios and skills; `skill` is one whole skill, whatever its case.
    """
    where: list[Doc] = [{"state": "active"}]
    if q is not None:
        where.append(_containing(q))
    if skill is not None:
        where.append({"skills_folded": {"$eq": finding.fold(skill)}})
    if category is not None:
        where.append({"categories": {"$eq": category}})
    return page.find(db[MEMBERS.collection], {"$and": where}, fields=PUBLIC_FIELDS)


def _containing(q: str) -> Doc:
    """Return the filter for texts that contain every word of a query as it is written."""
    words, grams = finding.wanted(q)
    if not words:
        return {}
    literal = [{"folded": {"$regex": re.escape(word)}} for word in words]
    return {"$and": [{"grams": {"$all": grams}}, *literal]}


def reviews_of(db: Db, member_id: str) -> list[Doc]:
    """Return the latest reviews that a member was given, with the reviewers' names."""
    found = db[REVIEWS].find({"reviewee_id": {"$eq": member_id}})
    reviews = list(found.sort("at", -1).limit(REVIEWS_SHOWN))
    names = names_of(db, {review["reviewer_id"] for review in reviews})
    return [{**review, "reviewer_name": names.get(review["reviewer_id"])} for review in reviews]


def names_of(db: Db, member_ids: Iterable[str]) -> dict[str, str]:
    """Return the display names of these members."""
    found = db[MEMBERS.collection].find({"_id": {"$in": list(member_ids)}}, {"display_name": 1})
    return {doc["_id"]: doc["display_name"] for doc in found}


# Whose a fact that a record is made of is, by its collection.
COUNTED = {ENDED: "member_id", SEEN: "member_id", REVIEWS: "reviewee_id"}


def is_uncounted(db: Db) -> bool:
    """Say whether something was heard that no record has counted yet."""
    return any(db[name].find_one({"uncounted": True}, {"_id": 1}) for name in COUNTED)


def uncounted(db: Db, limit: int) -> dict[str, dict[str, list[str]]]:
    """Return by member the ids, by collection, of what is not counted yet: heard first, first.

    At most so many of each collection.
    """
    found = []
    for name, who in COUNTED.items():
        docs = db[name].find({"uncounted": True}, {who: 1, "heard_at": 1})
        found += [
            (doc["heard_at"], doc[who], name, doc["_id"])
            for doc in docs.sort("heard_at", 1).limit(limit)
        ]
    due: dict[str, dict[str, list[str]]] = {}
    for _, member_id, name, id_ in sorted(found):
        due.setdefault(member_id, {}).setdefault(name, []).append(id_)
    return due


def record_of(db: Db, member_id: str) -> Record:
    """Return the record of a member, counted from one document per fact."""
    ends = _counted(db, ENDED, "outcome", member_id)
    reviews = _counted(db, REVIEWS, "satisfied", member_id)
    return Record(
        contracts_completed=ends.get("completed", 0),
        contracts_cancelled=ends.get("cancelled", 0),
        reviews_satisfied=reviews.get(True, 0),
        reviews_unsatisfied=reviews.get(False, 0),
    )


def _counted(db: Db, collection: str, what: str, member_id: str) -> dict[Any, int]:
    rows = db[collection].aggregate(
        [
            {"$match": {COUNTED[collection]: member_id}},
            {"$group": {"_id": f"${what}", "n": {"$sum": 1}}},
        ]
    )
    return {row["_id"]: row["n"] for row in rows}


def measures_of(db: Db, member_id: str) -> Measures:
    """Return the figures of a member, derived from one document per fact."""
    # Counted before they are read: figures never say that they are of more than was read.
    facts = db[SEEN].count_documents({"member_id": member_id})
    seen: list[Seen] = []
    for of in ("contract", "assignment", "job", "offer"):
        found = db[SEEN].find({"member_id": member_id, "of": of})
        for doc in found.sort([("at", -1), ("_id", -1)]).limit(SEEN_READ):
            words = {name: doc[name] for name in ("role", "what", "ref", "at", "step", "due")}
            other, turn = doc.get("other"), doc.get("turn")
            seen.append(Seen(id=doc["_id"], other=other, turn=turn, **words))
    return measure(seen, facts=facts)


def failures_since(db: Db, key: str, since: datetime) -> list[datetime]:
    """Return when logins under this key failed, oldest first."""
    found = db[FAILURES].find({"keys": {"$eq": key}, "at": {"$gt": since}}, {"at": 1})
    return [doc["at"] for doc in found.sort("at", 1).limit(1000)]


def sessions_of(db: Db, member_id: str, *, now: datetime) -> list[Session]:
    """Return the sessions of a member that go on, the latest login first."""
    member = db[MEMBERS.collection].find_one({"_id": member_id}, {"sessions_since": 1}) or {}
    where: Doc = {"member_id": member_id, "state": "active", "expires_at": {"$gt": now}}
    if since := member.get("sessions_since"):
        where["started_at"] = {"$gte": since}
    found = db[SESSIONS.collection].find(where).sort("started_at", -1).limit(SESSIONS_SHOWN)
    return [SESSIONS.from_doc(doc) for doc in found]


def letter_with(db: Db, purpose: str, token_hash: str) -> Letter | None:
    """Return the letter that carried this code, or None."""
    where = {"hashes": {"$eq": token_hash}, "purpose": purpose}
    doc = db[LETTERS.collection].find_one(where)
    return None if doc is None else LETTERS.from_doc(doc)


def letters_since(db: Db, key: str, since: datetime) -> list[datetime]:
    """Return when letters were asked for under this key, oldest first."""
    found = db[LETTERS.collection].find(
        {"keys": {"$eq": key}, "asked_at": {"$gt": since}}, {"asked_at": 1}
    )
    return [doc["asked_at"] for doc in found.sort("asked_at", 1).limit(1000)]


def letters_due(db: Db, now: datetime, limit: int) -> list[str]:
    """Return the ids of letters to send now, the longest due first."""
    where = {"state": "wanted", "due_at": {"$lte": now}}
    found = db[LETTERS.collection].find(where, {"_id": 1}).sort("due_at", 1).limit(limit)
    return [doc["_id"] for doc in found]


def appeals(db: Db, page: Page) -> tuple[list[Member], str | None]:
    """Return a page of the members with an appeal that waits for an operator."""
    docs, cursor = page.find(db[MEMBERS.collection], {"sanctions.state": "appealed"})
    return [MEMBERS.from_doc(doc) for doc in docs], cursor


def blocks(db: Db, member_id: str, page: Page) -> tuple[list[Block], str | None]:
    """Return a page of those whom a member has blocked."""
    docs, cursor = page.find(db[BLOCKS.collection], {"member_id": member_id, "state": "blocked"})
    return [BLOCKS.from_doc(doc) for doc in docs], cursor


def api_tokens(db: Db, member_id: str, *, now: datetime) -> list[ApiToken]:
    """Return a member's personal API tokens that count, the latest first."""
    where = {"member_id": member_id, "state": "active", "expires_at": {"$gt": now}}
    found = db[API_TOKENS.collection].find(where).sort("made_at", -1)
    return [API_TOKENS.from_doc(doc) for doc in found]


# reports and cases


def latest_case(db: Db, about_id: str, about_kind: str) -> Loaded[Case] | None:
    """Return the latest case about a thing, open or not, or None."""
    where = {"about_id": {"$eq": about_id}, "about_kind": about_kind}
    doc = db[CASES.collection].find_one(where, sort=[("_id", -1)])
    return None if doc is None else Loaded(CASES.from_doc(doc), doc["version"], doc)


def open_reports(db: Db, reporter_id: str, *, most: int) -> int:
    """Return how many of a member's reports wait, at most so many."""
    where = {"reports.reporter_id": reporter_id, "is_open": True}
    return db[CASES.collection].count_documents(where, limit=most)


def reported_by(db: Db, reporter_id: str, page: Page) -> tuple[list[Case], str | None]:
    """Return a page of the cases that a member has reported in, the latest first."""
    docs, cursor = page.find(db[CASES.collection], {"reports.reporter_id": reporter_id})
    return [CASES.from_doc(doc) for doc in docs], cursor


def find_cases(
    db: Db, page: Page, *, state: str | None, kind: str | None, author: str | None, not_of: str
) -> tuple[list[Case], str | None]:
    """Return a page of cases: those that wait, what is due first first; closed ones newest first.

    Without a `state` they are those that wait for operators; `not_of` whom they are not about.
    """
    where: Doc = {"state": state} if state else {"state": {"$in": ["open", "appealed"]}}
    where["author_id"] = {"$ne": not_of} if author is None else {"$eq": author, "$ne": not_of}
    if kind is not None:
        where["about_kind"] = kind
    how: Doc = {} if state == "closed" else {"by": "due_at", "newest_first": False}
    docs, cursor = page.find(db[CASES.collection], where, **how)
    return [CASES.from_doc(doc) for doc in docs], cursor


def earlier_cases(db: Db, case: Case) -> list[Case]:
    """Return the other cases of the author of this one, the latest first."""
    if case.author_id is None:
        return []
    where = {"author_id": case.author_id, "_id": {"$ne": case.id}}
    found = db[CASES.collection].find(where).sort("_id", -1).limit(EARLIER_SHOWN)
    return [CASES.from_doc(doc) for doc in found]


def operators(db: Db) -> list[str]:
    """Return the ids of the operators who are asked to decide, the first made first."""
    where = {"roles": OPERATOR, "state": "active"}
    found = db[MEMBERS.collection].find(where, {"_id": 1}).sort("_id", 1).limit(OPERATORS_ASKED)
    return [doc["_id"] for doc in found]


def are_others(db: Db, operator_id: str | None) -> bool:
    """Say whether there is an operator besides this one."""
    where = {"roles": OPERATOR, "state": "active", "_id": {"$ne": operator_id}}
    return db[MEMBERS.collection].find_one(where, {"_id": 1}) is not None
