"""What accounts holds of its members: exported, and removed when they are erased."""

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
from shared.personal import SHARED, Part, Wipe, by

_REVIEW = ("contract_id", "reviewer_id", "reviewee_id", "reviewer_role", "title", "satisfied", "at")
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
        collection="facts",
        find=lambda _db, member_id: [
            {"subject": member_id, "type": {"$in": ["member.registered", "member.changed"]}}
        ],
        set={"data.email": "", "data.display_name": ""},
    ),
    Wipe(
        collection="facts",
        find=lambda _db, member_id: [{"subject": member_id, "type": {"$regex": "^sanction[.]"}}],
        set={"data.reason": ""},
    ),
)
