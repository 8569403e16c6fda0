"""Members and sessions as documents, and what records and limits are derived from."""

from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.accounts.case_records import CASES
from services.accounts.domain import finding, waking
from services.accounts.domain.api_token import ApiToken
from services.accounts.domain.block import Block
from services.accounts.domain.letter import Letter
from services.accounts.domain.measures import from_words
from services.accounts.domain.member import Leaving, Member, Profile, Record, Sanction, Totp
from services.accounts.domain.session import Session
from shared.documents import Doc, Kind, Shelf

ENDED = "contract_ends"
"""One document for each contract that ended and each of its parties."""
SEEN = "record_facts"
"""One document for each fact and each member whose figures it is of."""
REVIEWS = "reviews"
"""One document for each review that was revealed."""
FAILURES = "login_failures"
"""One document for each failed login; counted for a minute, kept for an hour."""

SESSIONS_KEPT_S = 30 * 24 * 3600
FAILURES_KEPT_S = 3600
LETTERS_KEPT_S = 7 * 24 * 3600


def _member_doc(member: Member) -> Doc:
    profile = member.profile
    folded = finding.fold("\n".join([member.display_name, profile.bio, *profile.skills]))
    return {
        "_id": member.id,
        "email": member.email,
        "password_hash": member.password_hash,
        "display_name": member.display_name,
        "kind": member.kind,
        "locale": member.locale,
        "joined_at": member.joined_at,
        "state": member.state,
        "roles": list(member.roles),
        "bio": profile.bio,
        "skills": list(profile.skills),
        "categories": list(profile.categories),
        "links": list(profile.links),
        "record": asdict(member.record),
        "measures": asdict(member.measures),
        "email_verified_at": member.email_verified_at,
        "sessions_since": member.sessions_since,
        "totp": _totp_doc(member.totp),
        "sanctions": [asdict(one) for one in member.sanctions],
        "leaving": _leaving_doc(member.leaving),
        "skills_folded": [finding.fold(skill) for skill in profile.skills],
        "folded": folded,
        "grams": finding.grams(folded),
    }


def _member(doc: Doc) -> Member:
    return Member(
        id=doc["_id"],
        email=doc["email"],
        password_hash=doc["password_hash"],
        display_name=doc["display_name"],
        kind=doc["kind"],
        locale=doc["locale"],
        joined_at=doc["joined_at"],
        state=doc["state"],
        roles=tuple(doc["roles"]),
        profile=Profile(
            bio=doc["bio"],
            skills=tuple(doc["skills"]),
            categories=tuple(doc["categories"]),
            links=tuple(doc["links"]),
        ),
        record=Record(**doc["record"]),
        measures=from_words(doc.get("measures")),
        email_verified_at=doc.get("email_verified_at"),
        sessions_since=doc.get("sessions_since"),
        totp=_totp(doc.get("totp")),
        sanctions=tuple(Sanction(**one) for one in doc.get("sanctions", ())),
        leaving=_leaving(doc.get("leaving")),
    )


def _leaving_doc(leaving: Leaving | None) -> Doc | None:
    if leaving is None:
        return None
    unmet = {name: list(reasons) for name, reasons in leaving.unmet}
    return {**asdict(leaving), "cleared": list(leaving.cleared), "unmet": unmet}


def _leaving(doc: Doc | None) -> Leaving | None:
    if doc is None:
        return None
    unmet = tuple(sorted((name, tuple(reasons)) for name, reasons in doc["unmet"].items()))
    return Leaving(**{**doc, "cleared": tuple(doc["cleared"]), "unmet": unmet})


def _totp_doc(totp: Totp | None) -> Doc | None:
    return None if totp is None else {**asdict(totp), "recovery": list(totp.recovery)}


def _totp(doc: Doc | None) -> Totp | None:
    return None if doc is None else Totp(**{**doc, "recovery": tuple(doc["recovery"])})


def _session_doc(session: Session) -> Doc:
    words: dict[str, Any] = asdict(session)
    return {"_id": words.pop("id"), **words}


def _session(doc: Doc) -> Session:
    return Session(
        id=doc["_id"],
        member_id=doc["member_id"],
        token_hash=doc["token_hash"],
        started_at=doc["started_at"],
        expires_at=doc["expires_at"],
        last_used_at=doc["last_used_at"] if "last_used_at" in doc else doc["started_at"],
        agent=doc.get("agent", ""),
        state=doc["state"],
    )


def _letter_doc(letter: Letter) -> Doc:
    words: dict[str, Any] = asdict(letter)
    return {
        "_id": words.pop("id"),
        **words,
        "keys": list(letter.keys),
        "hashes": list(letter.hashes),
    }


def _letter(doc: Doc) -> Letter:
    names = [name for name in Letter.__slots__ if name not in ("id", "keys", "hashes")]
    return Letter(
        id=doc["_id"],
        keys=tuple(doc["keys"]),
        hashes=tuple(doc["hashes"]),
        **{name: doc[name] for name in names},
    )


def _api_token_doc(token: ApiToken) -> Doc:
    words: dict[str, Any] = asdict(token)
    return {"_id": words.pop("id"), **words, "scopes": list(token.scopes)}


def _api_token(doc: Doc) -> ApiToken:
    names = [name for name in ApiToken.__slots__ if name not in ("id", "scopes")]
    return ApiToken(
        id=doc["_id"], scopes=tuple(doc["scopes"]), **{name: doc[name] for name in names}
    )


def _block_doc(block: Block) -> Doc:
    words: dict[str, Any] = asdict(block)
    return {"_id": words.pop("id"), **words}


def _block(doc: Doc) -> Block:
    names = [name for name in Block.__slots__ if name != "id"]
    return Block(id=doc["_id"], **{name: doc[name] for name in names})


MEMBERS: Kind[Member] = Kind(
    name="member",
    prefix="mem",
    collection="members",
    to_doc=_member_doc,
    from_doc=_member,
    wake=waking.wake_at,
    on_wake=waking.on_wake,
    indexes=(
        IndexModel([("email", ASCENDING)], name="one_email", unique=True),
        IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("sanctions.state", ASCENDING), ("_id", DESCENDING)], name="sanctions"),
        IndexModel([("grams", ASCENDING), ("_id", DESCENDING)], name="words"),
        IndexModel([("skills_folded", ASCENDING), ("_id", DESCENDING)], name="skills"),
        IndexModel([("categories", ASCENDING), ("_id", DESCENDING)], name="categories"),
        IndexModel([("roles", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="roles"),
    ),
    uniques={"one_email": ("email_taken", "there is an account with this address already")},
)
SESSIONS: Kind[Session] = Kind(
    name="session",
    prefix="ses",
    collection="sessions",
    to_doc=_session_doc,
    from_doc=_session,
    # Housekeeping only: an expired session is refused by its rule, whether it is there or not.
    indexes=(
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=SESSIONS_KEPT_S),
        IndexModel([("member_id", ASCENDING), ("started_at", DESCENDING)], name="of_member"),
    ),
)
LETTERS: Kind[Letter] = Kind(
    name="letter",
    prefix="ltr",
    collection="letters",
    to_doc=_letter_doc,
    from_doc=_letter,
    indexes=(
        IndexModel([("hashes", ASCENDING)], name="codes"),
        IndexModel([("member_id", ASCENDING)], name="of_member"),
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING)], name="due"),
        IndexModel([("keys", ASCENDING), ("asked_at", ASCENDING)], name="asked"),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=LETTERS_KEPT_S),
    ),
)
API_TOKENS: Kind[ApiToken] = Kind(
    name="api_token",
    prefix="pat",
    collection="api_tokens",
    to_doc=_api_token_doc,
    from_doc=_api_token,
    indexes=(
        IndexModel([("member_id", ASCENDING), ("made_at", DESCENDING)], name="of_member"),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=SESSIONS_KEPT_S),
    ),
)
BLOCKS: Kind[Block] = Kind(
    name="block",
    prefix="blk",
    collection="blocks",
    to_doc=_block_doc,
    from_doc=_block,
    indexes=(
        IndexModel(
            [("member_id", ASCENDING), ("state", ASCENDING), ("_id", DESCENDING)], name="of_member"
        ),
    ),
)
KINDS: tuple[Kind[Any], ...] = (MEMBERS, SESSIONS, LETTERS, API_TOKENS, BLOCKS, CASES)


def _uncounted() -> IndexModel:
    return IndexModel(
        [("uncounted", ASCENDING), ("heard_at", ASCENDING)],
        name="uncounted",
        partialFilterExpression={"uncounted": True},
    )


SHELVES = (
    Shelf(ENDED, (IndexModel([("member_id", ASCENDING), ("outcome", ASCENDING)]), _uncounted())),
    Shelf(
        SEEN,
        (
            IndexModel(
                [
                    ("member_id", ASCENDING),
                    ("of", ASCENDING),
                    ("at", DESCENDING),
                    ("_id", DESCENDING),
                ]
            ),
            _uncounted(),
        ),
    ),
    Shelf(
        REVIEWS,
        (
            IndexModel([("reviewee_id", ASCENDING), ("at", DESCENDING)]),
            IndexModel([("reviewer_id", ASCENDING)]),
            _uncounted(),
        ),
    ),
    Shelf(
        FAILURES,
        (
            IndexModel([("keys", ASCENDING), ("at", ASCENDING)]),
            IndexModel([("at", ASCENDING)], expireAfterSeconds=FAILURES_KEPT_S),
        ),
    ),
)
