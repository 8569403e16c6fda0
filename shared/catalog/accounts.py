"""What accounts says: who the members are."""

from marshmallow import validate

from shared.catalog.words import number, text

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
FACTS = {
    "member.registered": MEMBER,
    "member.changed": MEMBER,
    # A letter has reached the member's address.
    "member.verified": {"member_id": text()},
    # Whoever did it: the member is told, so that a thief is noticed.
    "password.changed": {"member_id": text()},
    "record.changed": RECORD,
}
