"""What accounts says: who the members are."""

from marshmallow import fields, validate

from shared.catalog.words import flag, group, maybe, maybe_group, maybe_when, number, text, when
from shared.languages import LANGUAGES

MEMBER = {
    "member_id": text(),
    "display_name": text(),
    "kind": text(validate=validate.OneOf(["individual", "company"])),
    "locale": text(validate=validate.OneOf(LANGUAGES)),
    "email": text(),
    "state": text(validate=validate.OneOf(["active", "suspended", "leaving", "erased"])),
}
# Each with its sample: a median of none is null; a rate is `hits` of `sample`.
MEDIAN = {"median_s": maybe(fields.Integer, strict=True), "sample": number()}
RATE = {"hits": number(), "sample": number()}
RECORD = {
    "member_id": text(),
    "contracts_completed": number(),
    "contracts_cancelled": number(),
    "reviews_satisfied": number(),
    "reviews_unsatisfied": number(),
    # docs/records.md says how these are derived.
    "level": maybe(fields.Integer, strict=True),
    "as_client": maybe_group(
        {
            "time_to_answer": maybe_group(MEDIAN),
            "time_to_award": maybe_group(MEDIAN),
            "time_to_fund": group(MEDIAN),
            "time_to_accept": group(MEDIAN),
            "rejection_rate": group(RATE),
            "dispute_rate": group(RATE),
        }
    ),
    "as_worker": maybe_group(
        {
            "time_to_answer": maybe_group(MEDIAN),
            "on_time_rate": group(RATE),
            "completion_rate": group(RATE),
            "task_approval_rate": group(RATE),
            "repeat_client_rate": maybe_group(RATE),
            "dispute_rate": group(RATE),
        }
    ),
}
SANCTION = {
    "member_id": text(),
    "sanction_id": text(),
    "level": text(validate=validate.OneOf(["warn", "suspend", "ban"])),
    "reason": text(),
    "until": maybe_when(),
}
BLOCK = {"member_id": text(), "other_id": text()}
# What a case may be about: members, which are accounts' own, and what jobs and contracts keep.
CONTENT_KINDS = ["message", "proposal", "question", "answer", "job", "listing", "entry"]
CASE = {
    "case_id": text(),
    "content_id": text(),
    "content_kind": text(validate=validate.OneOf(CONTENT_KINDS)),
    "author_id": text(),
}
FACTS = {
    "member.registered": MEMBER,
    "member.changed": MEMBER,
    # A letter has reached the member's address.
    "member.verified": {"member_id": text()},
    # Whoever did it: the member is told, so that a thief is noticed.
    "password.changed": {"member_id": text()},
    "factor.changed": {"member_id": text(), "is_on": flag()},
    # An operator took it off who has lost it; `reason`: how they were known.
    "factor.reset": {"member_id": text(), "reason": text()},
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
    # A new round each day, until jobs, contracts and escrow have cleared in one; then erased.
    "member.leaving": {
        "member_id": text(),
        "asked_at": when(),
        "round": number(),
        "until": when(),
    },
    "member.stayed": {
        "member_id": text(),
        "reason": text(validate=validate.OneOf(["member", "unmet"])),
    },
    "member.erased": {"member_id": text()},
    # For those services alone in which things begin; the other is never told.
    "member.blocked": BLOCK,
    "member.unblocked": BLOCK,
    # Who keeps the thing answers `<thing>.reported`; who reported it is never said.
    "report.made": {
        "case_id": text(),
        "about_id": text(),
        "about_kind": text(validate=validate.OneOf(["member", *CONTENT_KINDS])),
    },
    "report.answered": {
        "report_id": text(),
        "case_id": text(),
        "reporter_id": text(),
        "outcome": text(validate=validate.OneOf(["acted", "not_acted"])),
    },
    # Who keeps the content does it. `appeal_by`: of what is removed, until when its author may ask.
    "case.decided": {
        **CASE,
        "outcome": text(validate=validate.OneOf(["removed", "released", "restored"])),
        "reason": text(),
        "appeal_by": maybe_when(),
    },
    # To each operator who may: `action` is decide or decide_appeal.
    "case.waiting": {
        "case_id": text(),
        "operator_id": text(),
        "action": text(),
        "by": when(),
        "otherwise": text(),
    },
    "case.appealed": {**CASE, "answer_by": when()},
    "case.upheld": {**CASE, "reason": text()},
    # Only accounts itself hears it: the sanction that a decision orders is to be imposed.
    "case.sanctioned": {"case_id": text(), "member_id": text(), "sanction_id": text()},
}
