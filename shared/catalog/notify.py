"""What notify says: that somebody was told, or reminded before a deadline; what it cannot reach."""

from marshmallow import fields

from shared.catalog.words import maybe, text, when

NOTIFICATION = {"notification_id": text(), "member_id": text(), "about": text()}
FACTS = {
    "notification.made": NOTIFICATION,
    "notification.reminded": {**NOTIFICATION, "by": when()},
    # `reason`: failing (nothing was answered well while a delivery was tried), gone (410).
    # Only notify hears it: what happened to a member in between is to be mailed in one.
    # With `only` it is of what was collected of this type, for who has no daily digest.
    "digest.due": {
        "member_id": text(),
        "since": when(),
        "until": when(),
        "only": maybe(fields.String),
    },
    # `reason`: hard, complaint, or refused by the next server.
    "mail.bounced": {"member_id": text(), "reason": text()},
    "webhook.disabled": {
        "webhook_id": text(),
        "member_id": text(),
        "url": text(),
        "reason": text(),
    },
}
