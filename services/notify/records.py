"""Notices, preferences, the feed, tombstones and members, as documents.

* `notices`      one per person and event; the to-do list and the inbox
* `preferences`  one per member who has changed any
* `feed`         one per event that concerns members, 90 days
* `webhooks`     members' own addresses
* `webhook_deliveries`   one per event and webhook, 30 days: what is posted, and what was answered
* `mails`        one per notice, reminder or digest that is mailed, 90 days
* `tombstones`   `{_id: key, version}`: what is closed, so that a late creation revives nothing
* `members`      a projection: `{_id, version, display_name, locale, email}`
"""

from dataclasses import asdict, fields
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain import preferences as wishes
from services.notify.domain.delivery import Attempt, Delivery
from services.notify.domain.feed import Entry
from services.notify.domain.mail import Mail
from services.notify.domain.notice import Notice, remind, wake
from services.notify.domain.preferences import Preferences, Quiet
from services.notify.domain.webhook import Secret, Webhook
from shared import clock
from shared.events import Event
from shared.store import Doc, Kind, Shelf

FEED_KEPT_S = 90 * 24 * 3600
DELIVERIES_KEPT_S = 30 * 24 * 3600
MAILS_KEPT_S = 90 * 24 * 3600
NO_DEADLINE = clock.parse("9999-01-01T00:00:00.000Z")
"""What `due` is without a deadline, so that what has one comes first."""

TOMBSTONES = "tombstones"
MEMBERS = "members"

_NOTICE_FIELDS = tuple(f.name for f in fields(Notice))
_ENTRY_FIELDS = tuple(f.name for f in fields(Entry))
_WISH_FIELDS = tuple(f.name for f in fields(Preferences))
_MAIL_FIELDS = tuple(f.name for f in fields(Mail))


def notice_doc(notice: Notice) -> Doc:
    """Return the document of a notice; `due` orders the to-do list."""
    doc = {name: getattr(notice, name) for name in _NOTICE_FIELDS if name != "id"}
    lists = {"keys": list(notice.keys), "words": dict(notice.words)}
    return {"_id": notice.id, **doc, **lists, "due": notice.by or NO_DEADLINE}


def notice_of(doc: Doc) -> Notice:
    """Return the notice that a document holds."""
    return Notice(id=doc["_id"], **_said(doc, _NOTICE_FIELDS) | {"keys": tuple(doc["keys"])})


def entry_doc(entry: Entry) -> Doc:
    """Return the document of an entry of the feed."""
    doc = {name: getattr(entry, name) for name in _ENTRY_FIELDS if name != "id"}
    return {"_id": entry.id, **doc, "concerns": list(entry.concerns), "data": dict(entry.data)}


def entry_of(doc: Doc) -> Entry:
    """Return the entry of the feed that a document holds."""
    return Entry(id=doc["_id"], **_said(doc, _ENTRY_FIELDS) | {"concerns": tuple(doc["concerns"])})


def _said(doc: Doc, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: doc[name] for name in names if name in doc}


def _preferences_doc(preferences: Preferences) -> Doc:
    off = {channel: list(types) for channel, types in preferences.off.items()}
    quiet = asdict(preferences.quiet) if preferences.quiet else None
    doc = {name: getattr(preferences, name) for name in _WISH_FIELDS if name != "id"}
    return {"_id": preferences.id, **doc, "off": off, "quiet": quiet}


def _preferences_of(doc: Doc) -> Preferences:
    off = {channel: tuple(types) for channel, types in doc["off"].items()}
    quiet = Quiet(**doc["quiet"]) if doc.get("quiet") else None
    return Preferences(id=doc["_id"], **_said(doc, _WISH_FIELDS) | {"off": off, "quiet": quiet})


def member_doc(event: Event) -> Doc:
    """Return what accounts said of a member, as far as texts need it."""
    data = event.data
    return {
        "_id": data["member_id"],
        "version": event.version,
        "display_name": data["display_name"],
        "locale": data["locale"],
        "email": data["email"] if data["state"] != "erased" else None,
    }


NOTICES: Kind[Notice] = Kind(
    name="notice",
    prefix="ntf",
    collection="notices",
    to_doc=notice_doc,
    from_doc=notice_of,
    wake=wake,
    on_wake=remind,
    sharded_by="_id",
    indexes=(
        IndexModel([("member_id", ASCENDING), ("made_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel(
            [("member_id", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)],
            name="todo",
            partialFilterExpression={"action": {"$type": "string"}, "withdrawn_at": None},
        ),
        IndexModel([("keys", ASCENDING)]),
    ),
)

PREFERENCES: Kind[Preferences] = Kind(
    name="preferences",
    prefix="mem",
    collection="preferences",
    to_doc=_preferences_doc,
    from_doc=_preferences_of,
    wake=wishes.wake,
    on_wake=wishes.send_digest,
)

# Its time is not a rule's: what is due is sent (`usecases.senders`).
MAILS: Kind[Mail] = Kind(
    name="mail",
    prefix="mai",
    collection="mails",
    to_doc=lambda mail: {"_id": mail.id} | {n: getattr(mail, n) for n in _MAIL_FIELDS if n != "id"},
    from_doc=lambda doc: Mail(id=doc["_id"], **_said(doc, _MAIL_FIELDS)),
    wake=lambda mail: mail.due_at,
    sharded_by="_id",
    indexes=(
        IndexModel([("token", ASCENDING)]),
        IndexModel([("member_id", ASCENDING)]),
        IndexModel([("made_at", ASCENDING)], expireAfterSeconds=MAILS_KEPT_S),
    ),
)


def _webhook_doc(webhook: Webhook) -> Doc:
    doc = asdict(webhook)
    return {"_id": doc.pop("id"), **doc, "types": list(webhook.types)} | {
        "secrets": [asdict(secret) for secret in webhook.secrets]
    }


def _webhook_of(doc: Doc) -> Webhook:
    words = _said(doc, tuple(f.name for f in fields(Webhook)))
    secrets = tuple(Secret(**secret) for secret in doc["secrets"])
    return Webhook(id=doc["_id"], **words | {"types": tuple(doc["types"]), "secrets": secrets})


def _delivery_doc(delivery: Delivery) -> Doc:
    doc = asdict(delivery)
    attempts = [asdict(attempt) for attempt in delivery.attempts]
    return {"_id": doc.pop("id"), **doc, "attempts": attempts}


def _delivery_of(doc: Doc) -> Delivery:
    words = _said(doc, tuple(f.name for f in fields(Delivery)))
    attempts = tuple(Attempt(**attempt) for attempt in doc["attempts"])
    return Delivery(id=doc["_id"], **words | {"attempts": attempts})


WEBHOOKS: Kind[Webhook] = Kind(
    name="webhook",
    prefix="whk",
    collection="webhooks",
    to_doc=_webhook_doc,
    from_doc=_webhook_of,
    indexes=(
        IndexModel([("member_id", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)]),
    ),
)

# Its time is not a rule's: what is due is posted (`usecases.senders`).
DELIVERIES: Kind[Delivery] = Kind(
    name="delivery",
    prefix="dlv",
    collection="webhook_deliveries",
    to_doc=_delivery_doc,
    from_doc=_delivery_of,
    wake=lambda delivery: delivery.due_at,
    sharded_by="_id",
    indexes=(
        IndexModel([("webhook_id", ASCENDING), ("made_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("made_at", ASCENDING)], expireAfterSeconds=DELIVERIES_KEPT_S),
    ),
)

FEED = Shelf(
    collection="feed",
    sharded_by="_id",
    indexes=(
        IndexModel([("concerns", ASCENDING), ("kept_at", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("kept_at", ASCENDING)], expireAfterSeconds=FEED_KEPT_S),
    ),
)

KINDS = (NOTICES, PREFERENCES, WEBHOOKS, DELIVERIES, MAILS)
KNOWN = Shelf(
    collection=MEMBERS,
    indexes=(
        IndexModel([("email", ASCENDING)], partialFilterExpression={"email": {"$type": "string"}}),
    ),
)

SHELVES = (FEED, KNOWN)
