"""What jobs says: work that is offered, who proposes, whom the client selects, and, where the money
waits in one hold for the whole job (competition, task), what becomes of that money.

`hold_id` of a job is final when the job is submitted for funding. What leaves a job's hold leaves
it in parts, each once: an assignment's, an entry's, what closing the job left over.
"""

from marshmallow import fields, validate

from shared.catalog import content
from shared.catalog.words import (
    MoneyWords,
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

JOB = {"job_id": text(), "client_id": text(), "mode": text(), "title": text()}
PROPOSAL = {
    "job_id": text(),
    "proposal_id": text(),
    "client_id": text(),
    "worker_id": text(),
    "title": text(),
}
QUESTION = {
    "job_id": text(),
    "question_id": text(),
    "client_id": text(),
    "worker_id": text(),
    "title": text(),
}
ENTRY = {
    "job_id": text(),
    "entry_id": text(),
    "client_id": text(),
    "worker_id": text(),
    "title": text(),
}
MILESTONE = {"title": text(), "amount": money(), "deliver_by": when()}
# The full content of the offer that contracts is to make; `offer_id` is final.
OFFER = {
    **PROPOSAL,
    "offer_id": text(),
    "scope": text(),
    "amount": money(),
    "deliver_by": when(),
    # Work by the hour: `amount` is what a week costs at most.
    "hourly": hourly(),
    "milestones": many(group(MILESTONE)),
    "review_days": number(),
    "revisions": number(),
}
# What a buyer orders of a listing; both ids are final. With `consult` an offer that its seller has
# to answer first, else a contract at once.
ORDER = {
    "listing_id": text(),
    "offer_id": text(),
    "contract_id": maybe(fields.String),
    "client_id": text(),
    "worker_id": text(),
    "title": text(),
    "package": text(),
    "options": many(text()),
    "scope": text(),
    "amount": money(),
    "delivery_days": number(),
    "revisions": number(),
    "consult": flag(),
}
LISTING = {"listing_id": text(), "worker_id": text(), "title": text()}
HELD = {**JOB, "hold_id": text()}
ASSIGNMENT = {**HELD, "assignment_id": text(), "worker_id": text()}
# `amount` is the agreed one, before any fee.
SHARE = {"entry_id": text(), "worker_id": text(), "amount": money()}


FACTS = {
    # A competition names its `prizes` by rank, a task its `reward` and `slots`. Each prize and each
    # slot is quoted alone; escrow answers hold.opened, then escrow.funded, both with `ref` the job.
    "job.submitted_for_funding": {
        **HELD,
        "prizes": maybe_many(fields.Nested(MoneyWords)),
        "reward": maybe_money(),
        "slots": maybe(fields.Integer, strict=True),
        "fund_by": when(),
    },
    "job.opened": {**JOB, "category": text()},
    # A job that has opened fits what a member looks for; `name` is that of their search, `alert`
    # instant or daily. It does not name the client, who is not to know who looks for what.
    "search.matched": {
        "search_id": text(),
        "member_id": text(),
        "name": text(),
        "alert": text(validate=validate.OneOf(["instant", "daily"])),
        "job_id": text(),
        "mode": text(),
        "title": text(),
    },
    # No proposals are taken any more; the client may still choose among those there are.
    "job.proposals_closed": {**JOB, "select_by": when()},
    # Nobody is selected any more; `reason`: client, filled, silence. `remaining` of the hold (may
    # be 0) is for nobody any more and goes back to the client; what is worked on stays.
    "job.closed": {
        **JOB,
        "reason": text(),
        "hold_id": maybe(fields.String),
        "remaining": maybe_money(),
    },
    # With a `hold_id`: it is cancelled, or all that is left in it goes back.
    "job.cancelled": {**JOB, "reason": text(), "hold_id": maybe(fields.String)},
    "job.completed": JOB,
    # `answer_by`: when the job stops taking proposals.
    "question.asked": {**QUESTION, "answer_by": maybe_when()},
    "question.answered": QUESTION,
    # `select_by`: from then on it binds no more.
    "proposal.submitted": {**PROPOSAL, "amount": money(), "select_by": maybe_when()},
    "proposal.withdrawn": PROPOSAL,
    "proposal.declined": PROPOSAL,
    # `reason`: silence (30 days without an answer), or job, which ended without it.
    "proposal.lapsed": {**PROPOSAL, "reason": maybe(fields.String)},
    "listing.published": {**LISTING, "category": text()},
    "listing.paused": {**LISTING, "reason": text(validate=validate.OneOf(["worker", "silence"]))},
    "listing.withdrawn": {
        **LISTING,
        "reason": text(validate=validate.OneOf(["worker", "silence"])),
    },
    # Nobody has edited or ordered it for long: `action` of its seller by then, or `otherwise`.
    "listing.idle": {**LISTING, "action": text(), "by": when(), "otherwise": text()},
    # Its seller was told so, and has edited it since.
    "listing.renewed": LISTING,
    "listing.ordered": ORDER,
    # The job has reserved an opening; jobs itself hears it, for the proposal to take it.
    "opening.reserved": OFFER,
    # It has taken it: from this contracts makes the offer.
    "proposal.selected": OFFER,
    # One slot's reward is released to the worker. `by`: client, silence, appeal or ops.
    "assignment.approved": {
        **ASSIGNMENT,
        "amount": money(),
        "by": text(validate=validate.OneOf(["client", "silence", "appeal", "ops"])),
    },
    # A slot of a closed job that ended unpaid (rejected for good, expired, returned): its `amount`
    # goes back to the client. A slot that somebody else may still take says nothing.
    "slot.closed": {**HELD, "assignment_id": text(), "amount": money()},
    # Jobs itself hears these: a task closes, and its free slots are to be counted; all that
    # waits for review is to be approved; a slot ended unpaid, and another may take it.
    "task.closing": JOB,
    "approvals.requested": JOB,
    # `reason`: returned, expired, refused (an appeal), not_appealed.
    "slot.freed": {**ASSIGNMENT, "reason": maybe(fields.String)},
    # Submitted with so few control questions right that a published criterion rejects it.
    "controls.missed": ASSIGNMENT,
    "assignment.submitted": {**ASSIGNMENT, "review_by": when()},
    "assignment.rejected": {**ASSIGNMENT, "appeal_by": when()},
    "assignment.appealed": {**ASSIGNMENT, "answer_by": when()},
    "appeal.refused": ASSIGNMENT,
    # Nobody can enter any more; the client may award until `award_by`, which may be put off once.
    "competition.closed": {**JOB, "award_by": when()},
    "competition.extended": {**JOB, "award_by": when()},
    # Nobody was awarded in time; only jobs itself hears it, and does what `no_winner` announced.
    "competition.undecided": {**JOB, "no_winner": text()},
    "entry.submitted": ENTRY,
    "entry.withdrawn": ENTRY,
    "entry.won": ENTRY,
    "entry.not_chosen": ENTRY,
    # All winners at once; prizes that nobody won go back to the client.
    "competition.awarded": {**HELD, "awards": many(group({**SHARE, "rank": number()}))},
    # No winner, and the rule says so: shares in the order of the entries; they sum up to the hold,
    # or the rest goes back.
    "competition.split": {**HELD, "shares": many(group(SHARE))},
    # No winner and nobody to share: all goes back to the client.
    "competition.void": {**HELD, "reason": text()},
    **answers_about_leaving("jobs"),
    "proposal.held": content.held("proposal"),
    "proposal.released": content.released("proposal"),
    "proposal.removed": content.removed("proposal"),
    "proposal.reported": content.reported("proposal"),
    "question.held": content.held("question", "answer"),
    "question.released": content.released("question", "answer"),
    "question.removed": content.removed("question", "answer"),
    "question.reported": content.reported("question"),
    "posting.held": content.held("job", "listing"),
    "posting.released": content.released("job", "listing"),
    "posting.removed": content.removed("job", "listing"),
    "posting.reported": content.reported("job", "listing"),
    "entry.reported": content.reported("entry"),
}
