"""Who is told of what notify itself says."""

from services.notify.domain.told.words import Row, member

NOTIFY = {
    "notification.made": Row(nobody="it is our own word: telling of telling would never end"),
    "digest.due": Row(nobody="it is the digest itself that tells them"),
    "mail.bounced": Row(tells=(member(href="/v1/me"),)),
    "webhook.disabled": Row(tells=(member(href="/v1/webhooks/{webhook_id}/deliveries"),)),
    "notification.reminded": Row(nobody="the notice itself is unread again"),
}
