"""What notify says: that somebody was told."""

from shared.catalog.words import text

FACTS = {
    "notification.made": {"notification_id": text(), "member_id": text(), "about": text()},
}
