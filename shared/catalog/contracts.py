"""What contracts says: offers, contracts, deliveries, reviews."""

from marshmallow import fields, validate

from shared.catalog import content
from shared.catalog.words import (
    answers_about_leaving,
    flag,
    group,
    hourly,
    many,
    maybe,
    maybe_many,
    maybe_money,
    maybe_when,
    money,
    number,
    text,
    when,
)

PARTIES = {"client_id": text(), "worker_id": text(), "title": text()}
ORIGIN = {
    "job_id": maybe(fields.String),
    "proposal_id": maybe(fields.String),
    "listing_id": maybe(fields.String),
}
OFFER = {"offer_id": text(), **PARTIES, **ORIGIN}
WHO = text(validate=validate.OneOf(["client", "worker", "system"]))
# What is on the table; `answer_by` is the time of the one whose turn it is.
TERMS = {
    "amount": money(),
    "deliver_by": when(),
    "answer_by": when(),
    "scope": maybe(fields.String),
    "hourly": hourly(),
    "milestones": maybe_many(group({"title": text(), "amount": money(), "deliver_by": when()})),
}
CONTRACT = {"contract_id": text(), "offer_id": text(), **PARTIES, **ORIGIN}
MILESTONE = {
    "n": number(),
    "title": text(),
    "amount": money(),
    "deliver_by": when(),
    "hold_id": text(),
}
# One milestone of a contract: `milestone` counts from 1.
STEP = {"contract_id": text(), **PARTIES, "milestone": number(), "hold_id": text()}
FORMED = {
    **CONTRACT,
    "mode": text(),
    "scope": text(),
    "milestones": many(group(MILESTONE)),
    "review_days": number(),
    "revisions": number(),
    "fund_by": when(),
    "hourly": hourly(),
    # Of an order: so many days from the funding; until then `deliver_by` is the latest.
    "delivery_days": maybe(fields.Integer, strict=True),
}
# What escrow needs to open a hold or to quote it anew; `amount` is the agreed one, before any fee.
ASKED_FOR = {**STEP, "mode": text(), "amount": money()}
# What one side (`by`: client or worker) asks of the other.
ASKED = {
    "contract_id": text(),
    **PARTIES,
    "by": text(validate=validate.OneOf(["client", "worker"])),
    "asker_id": text(),
    "answerer_id": text(),
}
EXTENSION = {
    **ASKED,
    "milestone": number(),
    "hold_id": text(),
    "extension_id": text(),
    "deliver_by": when(),
}
CHANGE = {**ASKED, "change_id": text()}
CANCELLATION = {**ASKED, "offer_id": text(), **ORIGIN}
DISPUTE = {**ASKED, "dispute_id": text()}
# How the money of one hold is divided; both amounts before any fee, together the whole hold.
DIVIDED = {**STEP, "worker_gets": money(), "client_gets": money()}
PART = {"hold_id": text(), "amount": money()}


FACTS = {
    "offer.sent": {**OFFER, **TERMS},
    # The other side's turn, with these terms; `turn` is whose: client or worker.
    "offer.countered": {
        **OFFER,
        **TERMS,
        "turn": text(validate=validate.OneOf(["client", "worker"])),
        "asker_id": text(),
        "answerer_id": text(),
    },
    # Says the whole contract, so that the contract can be made again from it.
    "offer.accepted": FORMED,
    "offer.declined": {**OFFER, "by": WHO},
    "offer.withdrawn": {**OFFER, "by": WHO},
    "offer.expired": {**OFFER, "by": WHO},
    "contract.formed": FORMED,
    "contract.reminded": {
        "contract_id": text(),
        **PARTIES,
        "milestone": number(),
        "actor": text(validate=validate.OneOf(["client", "worker"])),
        "action": text(),
        "by": when(),
        "otherwise": text(),
    },
    # The terms in writing are made; `terms_hash` is the SHA-256 of the JSON document.
    "terms.made": {"contract_id": text(), **PARTIES, "terms_hash": text()},
    # A party (`by`) has opened them for the first time.
    "terms.read": {
        "contract_id": text(),
        **PARTIES,
        "by": text(validate=validate.OneOf(["client", "worker"])),
        "terms_hash": maybe(fields.String),
    },
    "contract.started": CONTRACT,
    "milestone.funded": {**STEP, "deliver_by": when()},
    # The one before it has ended: this one is to be funded, or the contract completes without it.
    "milestone.due": {**STEP, "fund_by": when()},
    "milestone.overdue": {**STEP, "cancelled_at": when()},
    # The note and links are kept here: the document holds only the latest.
    "delivery.submitted": {
        **STEP,
        "accepted_at": when(),
        "note": maybe(fields.String),
        "links": maybe(fields.List, cls_or_instance=fields.String()),
    },
    # `deliver_by`: when the next word is due; from then on it is overdue.
    "delivery.recalled": {**STEP, "deliver_by": maybe_when()},
    "changes.requested": {
        **STEP,
        "round": number(),
        "note": maybe(fields.String),
        "deliver_by": maybe_when(),
    },
    # `amount` is what of the milestone is to be released; the rest is refunded.
    "delivery.accepted": {
        **STEP,
        "amount": money(),
        "by": text(validate=validate.OneOf(["client", "silence"])),
        "reason": maybe(fields.String),
        "fault": maybe(fields.String),
    },
    "milestone.paid": {**STEP, "amount": money()},
    # `hold_ids`: holds that were never funded and are needed no more.
    "contract.completed": {**CONTRACT, "review_by": when(), "hold_ids": many(fields.String())},
    # Of the holds in `parts` this `amount` is paid to the worker first and the rest refunded; all
    # others are cancelled or refunded whole.
    "contract.cancelled": {
        **CONTRACT,
        "reason": text(),
        "hold_ids": many(fields.String()),
        "parts": maybe_many(group(PART)),
    },
    # A new hold (`hold_id` is final); escrow answers hold.opened or hold.refused.
    "milestone.added": {**ASKED_FOR, "deliver_by": when(), "fund_by": maybe_when()},
    # The hold's new amount, before it is funded; escrow answers hold.changed or hold.refused.
    "milestone.changed": {**ASKED_FOR, "deliver_by": when(), "fund_by": maybe_when()},
    # Hourly work: what the coming week may cost at most, its own hold.
    "week.planned": {**ASKED_FOR, "week_starts_at": when(), "fund_by": when()},
    # It begins; its sheet goes as it is at `submit_by`.
    "week.funded": {
        **STEP,
        "week_starts_at": when(),
        "week_ends_at": when(),
        "submit_by": when(),
    },
    # It should begin, and its money is not there: no work. Unfunded then, the contract ends.
    "week.unfunded": {**STEP, "fund_by": when()},
    "time.noted": {
        **STEP,
        "time_id": text(),
        "day": text(),
        "minutes": number(),
        "note": text(),
    },
    "time.removed": {**STEP, "time_id": text()},
    # `amount` is what the minutes come to; `by`: worker, or silence.
    "sheet.submitted": {
        **STEP,
        "minutes": number(),
        "amount": money(),
        "by": text(validate=validate.OneOf(["worker", "silence"])),
        "accepted_at": when(),
    },
    "sheet.recalled": {**STEP, "submit_by": when()},
    "sheet.returned": {**STEP, "round": number(), "note": text(), "submit_by": when()},
    # `amount` of the week's hold is to be released, the rest refunded.
    "sheet.approved": {
        **STEP,
        "minutes": number(),
        "amount": money(),
        "by": text(validate=validate.OneOf(["client", "silence"])),
    },
    # Nobody worked in it: `amount` is nothing, all of it goes back. `by`: silence, or system when
    # the contract ended before it.
    "week.closed": {
        **STEP,
        "minutes": number(),
        "amount": money(),
        "by": text(validate=validate.OneOf(["silence", "system"])),
    },
    # No work after `ends_at`, and no week is planned any more; what was worked is settled first.
    "contract.ending": {
        "contract_id": text(),
        **PARTIES,
        "by": WHO,
        "reason": text(),
        "ends_at": when(),
    },
    # Nothing happens; in further silence it ends then: `otherwise` cancelled or completed.
    "contract.idle": {
        "contract_id": text(),
        **PARTIES,
        "ends_at": when(),
        "otherwise": text(),
    },
    "contract.confirmed": {
        "contract_id": text(),
        **PARTIES,
        "by": text(validate=validate.OneOf(["client", "worker"])),
    },
    # A dispute about weeks of hourly work is over, and the contract goes on.
    "contract.resumed": {"contract_id": text(), **PARTIES},
    # Of each week that runs: until when its sheet is handed in now.
    "week.resumed": {**STEP, "submit_by": when()},
    # On top, of the client's free will: taken from the client's wallet if it is there, else the
    # client funds the hold; released in the moment it is funded. `milestone` is 0.
    "tip.given": {**ASKED_FOR, "tip_id": text(), "note": maybe(fields.String)},
    "extension.requested": {**EXTENSION, "reason": text(), "answer_by": when()},
    "extension.granted": EXTENSION,
    "extension.refused": EXTENSION,
    "extension.withdrawn": EXTENSION,
    # `kind`: add (a further milestone), change (of this one) or rate (`amount` is that of an hour);
    # what is null stays.
    "change.proposed": {
        **CHANGE,
        "kind": text(validate=validate.OneOf(["add", "change", "rate"])),
        "weekly_cap_hours": maybe(fields.Integer, strict=True),
        "milestone": maybe(fields.Integer, strict=True),
        "new_title": maybe(fields.String),
        "amount": maybe_money(),
        "deliver_by": maybe_when(),
        "reason": text(),
        "fault": maybe(fields.String),
        "answer_by": when(),
    },
    "change.agreed": CHANGE,
    "change.refused": CHANGE,
    "change.lapsed": CHANGE,
    # `pay` of what is held would go to the worker. `otherwise`: cancelled or delivery_stands.
    "cancellation.requested": {
        **CANCELLATION,
        "reason": text(),
        "pay": maybe_money(),
        "answer_by": when(),
        "otherwise": text(),
    },
    "cancellation.refused": CANCELLATION,
    "cancellation.lapsed": CANCELLATION,
    # `claim` is what the opener wants of what is held.
    "dispute.opened": {
        **DISPUTE,
        "claim": money(),
        "reason": text(),
        "note": maybe(fields.String),
        "answer_by": when(),
    },
    "dispute.evidence": {
        **DISPUTE,
        "note": text(),
        "links": maybe(fields.List, cls_or_instance=fields.String()),
    },
    "dispute.proposed": {
        **DISPUTE,
        "proposal": number(),
        "worker_gets": money(),
        "client_gets": money(),
        "note": maybe(fields.String),
    },
    "dispute.escalated": {
        "contract_id": text(),
        **PARTIES,
        "dispute_id": text(),
        "decide_by": when(),
    },
    # Both sides agreed on a division; an operator (or the timer) decided one.
    "dispute.settled": {**DIVIDED, "by": text()},
    "dispute.decided": {**DIVIDED, "by": text(), "reason": text()},
    "message.sent": {
        "message_id": text(),
        "thread": text(),
        "sender_id": text(),
        "recipient_id": text(),
        "title": text(),
    },
    "review.written": {
        "contract_id": text(),
        **PARTIES,
        "review_id": text(),
        "reviewer_id": text(),
        "reviewee_id": text(),
    },
    "review.revealed": {
        "contract_id": text(),
        **PARTIES,
        "review_id": text(),
        "reviewer_id": text(),
        "reviewee_id": text(),
        "reviewer_role": text(validate=validate.OneOf(["client", "worker"])),
        "satisfied": flag(),
        "comment": text(),
        "written_at": maybe_when(),
    },
    **answers_about_leaving("contracts"),
    "message.held": content.held("message"),
    "message.released": content.released("message"),
    "message.removed": content.removed("message"),
    "message.reported": content.reported("message"),
}
