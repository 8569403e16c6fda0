"""What accounts holds of its members: exported, and removed when they are erased."""

from services.accounts.case_records import CASES
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
from shared.documents import Doc
from shared.personal import SHARED, Part, Wipe, by

_REVIEW = ("contract_id", "reviewer_id", "reviewee_id", "reviewer_role", "title", "satisfied", "at")


def _own_report(doc: Doc, member_id: str) -> Doc:
    """Return of a case no more than what its reporter said."""
    [own] = [one for one in doc.pop("reports") if one["reporter_id"] == member_id]
    return {**doc, **{name: own[name] for name in ("id", "reason", "words", "at")}}


PARTS = (
    Part(
        kind="member",
        collection=MEMBERS.collection,
        find=by("_id"),
        fields=(
            *("email", "email_verified_at", "display_name", "kind", "locale", "joined_at"),
            *("state", "roles", "bio", "skills", "categories", "links", "record", "measures"),
            *("sanctions", "leaving"),
        ),
    ),
    Part(
        kind="session",
        collection=SESSIONS.collection,
        find=by("member_id"),
        fields=("started_at", "last_used_at", "expires_at", "agent", "state"),
    ),
    Part(
        kind="api_token",
        collection=API_TOKENS.collection,
        find=by("member_id"),
        fields=("name", "scopes", "made_at", "expires_at", "state"),
    ),
    Part(
        kind="letter",
        collection=LETTERS.collection,
        find=by("member_id"),
        fields=("purpose", "email", "locale", "name", "asked_at", "state"),
    ),
    Part(
        kind="block",
        collection=BLOCKS.collection,
        find=by("member_id"),
        fields=("other_id", "state", "at"),
    ),
    Part(
        kind="report",
        collection=CASES.collection,
        find=by("reports.reporter_id"),
        fields=("about_id", "about_kind", "reports"),
        say=_own_report,
    ),
    # No more than they are shown: that something was only reported is not theirs to know.
    Part(
        kind="case",
        collection=CASES.collection,
        find=by("author_id", outcome={"$in": ["removed", "released", "restored"]}),
        fields=(
            *("about_id", "about_kind", "words", "findings", "outcome", "reason", "decided_at"),
            *("appeal", "appealed_at", "answer", "answered_at"),
        ),
    ),
    Part(
        kind="review_written",
        collection=REVIEWS,
        find=by("reviewer_id"),
        fields=(*_REVIEW, "comment"),
    ),
    Part(kind="review_got", collection=REVIEWS, find=by("reviewee_id"), fields=_REVIEW),
    Part(
        kind="contract_end",
        collection=ENDED,
        find=by("member_id"),
        fields=("contract_id", "outcome"),
    ),
    Part(
        kind="record_fact",
        collection=SEEN,
        find=by("member_id"),
        fields=("role", "of", "what", "ref", "at", "step", "due"),
    ),
)
EXEMPT = {
    **{name: why for name, why in SHARED.items() if name not in ("members", "blocks")},
    FAILURES: "hashes of addresses that no name comes back from, for an hour",
}
# The member's own document is emptied by its rule (`domain.leaving`).
WIPES = (
    Wipe(
        kind=SESSIONS,
        collection=SESSIONS.collection,
        find=by("member_id"),
        set={"agent": "", "state": "revoked"},
    ),
    Wipe(
        kind=API_TOKENS,
        collection=API_TOKENS.collection,
        find=by("member_id"),
        set={"name": "", "state": "revoked"},
    ),
    Wipe(
        kind=LETTERS,
        collection=LETTERS.collection,
        find=by("member_id"),
        set={"email": "", "name": "", "hashes": [], "keys": [], "state": "void"},
    ),
    Wipe(
        kind=CASES,
        collection=CASES.collection,
        find=by("author_id"),
        set={"words": "", "appeal": None},
    ),
    Wipe(
        kind=CASES,
        collection=CASES.collection,
        find=by("reports.reporter_id"),
        set={"reports.$.words": None},
    ),
    Wipe(
        collection="facts",
        find=lambda _db, member_id: [
            {"subject": member_id, "type": {"$in": ["member.registered", "member.changed"]}}
        ],
        set={"data.email": "", "data.display_name": ""},
    ),
    Wipe(
        collection="facts",
        find=lambda _db, member_id: [
            {"subject": member_id, "type": {"$regex": "^(sanction[.]|factor[.]reset$)"}}
        ],
        set={"data.reason": ""},
    ),
)
