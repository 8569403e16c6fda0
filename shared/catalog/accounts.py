"""What accounts says: who the members are."""

from marshmallow import fields, validate

from shared.catalog.words import flag, maybe, maybe_when, number, text, when

MEMBER = {
    "member_id": text(),
    "display_name": text(),
    "kind": text(validate=validate.OneOf(["individual", "company"])),
    "locale": text(validate=validate.OneOf(["ja", "en"])),
    "email": text(),
    "state": text(validate=validate.OneOf(["active", "suspended", "erased"])),
}
RECORD = {
    "member_id": text(),
    "contracts_completed": number(),
    "contracts_cancelled": number(),
    "reviews_satisfied": number(),
    "reviews_unsatisfied": number(),
}
SANCTION = {
    "member_id": text(),
    "sanction_id": text(),
    "level": text(validate=validate.OneOf(["warn", "suspend", "ban"])),
    "reason": text(),
    "until": maybe_when(),
}
FACTS = {
    "member.registered": MEMBER,
    "member.changed": MEMBER,
    # A letter has reached the member's address.
    "member.verified": {"member_id": text()},
    # Whoever did it: the member is told, so that a thief is noticed.
    "password.changed": {"member_id": text()},
    "factor.changed": {"member_id": text(), "is_on": flag()},
    # Access tokens issued until `before` are worth nothing: all, or those of one session.
    "tokens.revoked": {
        "member_id": text(),
        "session_id": maybe(fields.String),
        "before": when(),
    },
    "sanction.imposed": SANCTION,
    "sanction.appealed": SANCTION,
    "sanction.upheld": SANCTION,
    # By an operator, or because no operator answered the appeal in time.
    "sanction.lifted": SANCTION,
    "sanction.ended": SANCTION,
    "record.changed": RECORD,
}
