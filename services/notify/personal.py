"""What notify holds of its members: exported, and removed when they are erased."""

from services.notify.domain import feed
from services.notify.records import (
    DELIVERIES,
    FEED,
    MAILS,
    NOTICES,
    PREFERENCES,
    TOMBSTONES,
    WEBHOOKS,
    entry_of,
)
from shared.documents import Doc
from shared.personal import SHARED, Part, Wipe, by, within


def _feed_words(doc: Doc, member_id: str) -> Doc:
    kept = {name: value for name, value in doc.items() if name != "id"}
    entry = entry_of({**kept, "_id": doc["id"]})
    return {**doc, "data": feed.seen_by(entry, member_id)}


PARTS = (
    Part(
        kind="notice",
        collection=NOTICES.collection,
        find=by("member_id"),
        fields=(
            *("made_at", "type", "about", "words", "href", "other_id", "action", "by"),
            *("read_at", "withdrawn_at", "reminded_at"),
        ),
    ),
    Part(
        kind="preferences",
        collection=PREFERENCES.collection,
        find=by("_id"),
        fields=("off", "zone", "quiet", "digest_at", "bounced"),
    ),
    Part(
        kind="webhook",
        collection=WEBHOOKS.collection,
        find=by("member_id"),
        fields=("url", "types", "state", "created_at", "disabled_reason"),
    ),
    Part(
        kind="webhook_delivery",
        collection=DELIVERIES.collection,
        find=within(WEBHOOKS.collection, by("member_id"), "webhook_id"),
        fields=("webhook_id", "event_id", "event_type", "payload", "state", "made_at", "attempts"),
    ),
    Part(
        kind="mail",
        collection=MAILS.collection,
        find=by("member_id"),
        fields=("kind", "type", "state", "made_at", "notice_id", "sent_at", "reason"),
    ),
    Part(
        kind="event",
        collection=FEED.collection,
        find=by("concerns"),
        fields=("type", "subject", "time", "kept_at", "concerns", "data"),
        say=_feed_words,
    ),
)
EXEMPT = {**SHARED, TOMBSTONES: "what is over, by the ids of things alone"}
_SILENT = {"wake_at": None}
FREELY_WRITTEN = ("scope", "note", "comment", "reason")
"""Words of events that somebody has written; whose they are, an event does not always say."""
WIPES = (
    Wipe(
        kind=NOTICES,
        collection=NOTICES.collection,
        find=by("member_id"),
        set={"words": {}, "other_id": None, "keys": [], "remind_at": None, **_SILENT},
    ),
    Wipe(
        kind=PREFERENCES,
        collection=PREFERENCES.collection,
        find=by("_id"),
        set={
            **dict.fromkeys(("zone", "quiet", "digest_at", "digest_due", "digest_from", "bounced")),
            "off": {},
            **_SILENT,
        },
    ),
    Wipe(
        kind=DELIVERIES,
        collection=DELIVERIES.collection,
        find=within(WEBHOOKS.collection, by("member_id"), "webhook_id"),
        set={"payload": "", "state": "failed", "attempts": [], "due_at": None, **_SILENT},
    ),
    Wipe(
        kind=WEBHOOKS,
        collection=WEBHOOKS.collection,
        find=by("member_id"),
        set={"url": "", "secrets": [], "types": [], "state": "deleted", "disabled_reason": None},
    ),
    Wipe(
        kind=MAILS,
        collection=MAILS.collection,
        find=by("member_id"),
        set={"token": "", "reason": "", "due_at": None, **_SILENT},
    ),
    # What concerns others too is kept for them, without what was written freely.
    *(
        Wipe(
            collection=FEED.collection,
            find=by("concerns", **{f"data.{words}": {"$type": "string"}}),
            set={f"data.{words}": ""},
        )
        for words in FREELY_WRITTEN
    ),
    Wipe(
        collection=FEED.collection,
        find=lambda _db, member_id: [{"concerns": [member_id]}],
        set={"data": {}},
    ),
)
