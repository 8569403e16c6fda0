"""What jobs says: work that is offered, who proposes, and whom the client selects."""

from shared.catalog.words import group, many, money, number, text, when

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
MILESTONE = {"title": text(), "amount": money(), "deliver_by": when()}
# The full content of the offer that contracts is to make; `offer_id` is final.
OFFER = {
    **PROPOSAL,
    "offer_id": text(),
    "scope": text(),
    "amount": money(),
    "deliver_by": when(),
    "milestones": many(group(MILESTONE)),
    "review_days": number(),
    "revisions": number(),
}
FACTS = {
    "job.opened": {**JOB, "category": text()},
    # No proposals are taken any more; the client may still choose among those there are.
    "job.proposals_closed": {**JOB, "select_by": when()},
    # Nobody is selected any more; `reason`: client, filled, silence.
    "job.closed": {**JOB, "reason": text()},
    "job.cancelled": {**JOB, "reason": text()},
    "job.completed": JOB,
    "question.asked": QUESTION,
    "question.answered": QUESTION,
    "proposal.submitted": {**PROPOSAL, "amount": money()},
    "proposal.withdrawn": PROPOSAL,
    "proposal.declined": PROPOSAL,
    "proposal.lapsed": PROPOSAL,
    # The job has reserved an opening; only jobs itself hears it, for the proposal to take it.
    "opening.reserved": OFFER,
    # It has taken it: from this contracts makes the offer.
    "proposal.selected": OFFER,
}
