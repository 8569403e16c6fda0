"""What notify says: that somebody was told, or reminded before a deadline; what it cannot reach."""

from shared.catalog.words import text, when

NOTIFICATION = {"notification_id": text(), "member_id": text(), "about": text()}
FACTS = {
    "notification.made": NOTIFICATION,
    "notification.reminded": {**NOTIFICATION, "by": when()},
    # `reason`: failing (nothing was answered well while a delivery was tried), gone (410).
    "webhook.disabled": {
        "webhook_id": text(),
        "member_id": text(),
        "url": text(),
        "reason": text(),
    },
}
