"""Who is told of what accounts says."""

from services.notify.domain.told.words import Row, member

ACCOUNTS = {
    "member.registered": Row(nobody="they did it a moment ago; it is kept as who they are"),
    "member.changed": Row(nobody="it is kept as who they are"),
    "member.verified": Row(nobody="they did it a moment ago"),
    "factor.changed": Row(tells=(member(href="/v1/me"),)),
    "tokens.revoked": Row(nobody="what revoked them is told by itself"),
    "sanction.imposed": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.appealed": Row(nobody="they did it a moment ago"),
    "sanction.upheld": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.lifted": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.ended": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "password.changed": Row(tells=(member(href="/v1/sessions"),)),
    "member.blocked": Row(nobody="they did it a moment ago; the other is never told"),
    "member.unblocked": Row(nobody="they did it a moment ago; the other is never told"),
    "record.changed": Row(nobody="it is on their profile; what caused it has been told"),
}
