"""What notify says: that somebody was told, or reminded before a deadline."""

from shared.catalog.words import text, when

NOTIFICATION = {"notification_id": text(), "member_id": text(), "about": text()}
FACTS = {
    "notification.made": NOTIFICATION,
    "notification.reminded": {**NOTIFICATION, "by": when()},
}
