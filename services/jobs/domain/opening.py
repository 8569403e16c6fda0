"""The openings of a job in project mode: whom the client selects, and what comes of the offers.

The job decides: it reserves the opening first and says the whole offer (`opening.reserved`); then
the proposal takes it and says `proposal.selected`, from which contracts makes the offer. A proposal
that refuses (it was withdrawn meanwhile) frees the opening, and no offer was ever made.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.jobs.domain import job as jobs
from services.jobs.domain.job import MOVES, Job, Selection, refuse_others, said
from services.jobs.domain.proposal import DELIVER_MAX, Proposal, refuse_selecting
from shared import clock
from shared.errors import Conflict, Ignored, Invalid, NotYet, Refused
from shared.events import Fact
from shared.money import AMOUNT_MAX, Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

STATES = ("reserved", "filled", "freed", "completed", "cancelled")
SELECTIONS_MAX = 200
REVIEW_DAYS = 14
REVISIONS = 2

_OFFER_ENDED = {
    "reserved": "freed",
    "filled": IGNORE,
    "freed": IGNORE,
    "completed": IGNORE,
    "cancelled": IGNORE,
}
HEARD: Moves = {
    "offer.declined": _OFFER_ENDED,
    "offer.expired": _OFFER_ENDED,
    "offer.withdrawn": _OFFER_ENDED,
    # freed: the opening was given up after long silence, and the offer was accepted after all.
    "contract.formed": {
        "reserved": "filled",
        "freed": "filled",
        "filled": IGNORE,
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
    "contract.completed": {
        "reserved": LATER,
        "freed": LATER,
        "filled": "completed",
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
    # A cancelled contract gives its opening back: the client still wants the work done.
    "contract.cancelled": {
        "reserved": LATER,
        "freed": LATER,
        "filled": "cancelled",
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
}


def reserve(
    job: Job,
    *,
    now: datetime,
    by: str,
    proposal: Proposal,
    offer_id: str,
    words: Mapping[str, Any],
    bar: Refused | None = None,
) -> Outcome[Job]:
    """Take an opening for this proposal and say the offer that is to be made of it.

    `words` may have amount, deliver_by and scope, where the offer is to differ.

    :raises Forbidden: `not_the_client`; or `bar`
    :raises Conflict: `wrong_state` of the job or the proposal; `no_opening_left`;
        `too_many_selections`
    :raises Invalid: `invalid_words` with the fields
    """
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "select")
    project = job.project
    if job.state == "closed" and project.select_by is None:
        raise Conflict("wrong_state", "nobody is selected any more", state=job.state, move="select")
    refuse_selecting(proposal, bar)
    if any(s.proposal_id == proposal.id and s.state == "reserved" for s in project.selections):
        # The proposal is about to hear of it, from another request of this moment.
        raise Conflict("wrong_state", "this proposal is selected", state="selected", move="select")
    if project.free < 1:
        raise Conflict("no_opening_left", "every opening of this job is taken")
    if len(project.selections) >= SELECTIONS_MAX:
        raise Conflict("too_many_selections", f"at most {SELECTIONS_MAX} selections for one job")
    offer = offer_of(job, proposal, offer_id=offer_id, words=words, now=now)
    selection = Selection(
        proposal_id=proposal.id,
        offer_id=offer_id,
        worker_id=proposal.worker_id,
        state="reserved",
        at=now,
    )
    project = replace(project, selections=(*project.selections, selection))
    job = replace(job, state=state, project=project, changed_at=now)
    return job, [Fact("opening.reserved", offer)]


def offer_of(
    job: Job, proposal: Proposal, *, offer_id: str, words: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the words of the offer: the proposal's, unless the client says otherwise.

    :raises Invalid: `invalid_words`: the time is past; the amount of milestones cannot be changed
    """
    amount: Money = words.get("amount", proposal.amount)
    deliver_by: datetime = words.get("deliver_by", proposal.deliver_by)
    _refuse_wrong(proposal, amount, deliver_by, now=now)
    hourly = None
    if cap := job.project.weekly_cap_hours:
        # What was proposed is the rate of an hour; what is offered, what a week costs at most.
        until = clock.text(deliver_by)
        hourly = {"rate": amount.words(), "weekly_cap_hours": cap, "until": until}
        amount = _of_week(amount, cap)
    milestones = proposal.terms_by_milestone(job.title, amount, deliver_by)
    return {
        **proposal.names(),
        "title": job.title,
        "offer_id": offer_id,
        "scope": words.get("scope", job.description),
        "amount": amount.words(),
        "deliver_by": clock.text(deliver_by),
        "hourly": hourly,
        "milestones": [m.words() for m in milestones],
        "review_days": REVIEW_DAYS,
        "revisions": REVISIONS,
    }


def _of_week(rate: Money, cap: int) -> Money:
    if rate.amount * cap > AMOUNT_MAX:
        where = {"amount": [f"A week of it is more than {AMOUNT_MAX}."]}
        raise Invalid("invalid_words", "some of the words are not right", fields=where)
    return Money(rate.amount * cap, rate.currency)


def _refuse_wrong(
    proposal: Proposal, amount: Money, deliver_by: datetime, *, now: datetime
) -> None:
    wrong = {}
    if amount.currency != proposal.amount.currency:
        wrong["amount.currency"] = ["Another currency than the proposal's."]
    if not now < deliver_by <= now + DELIVER_MAX:
        wrong["deliver_by"] = [f"Not within the coming {DELIVER_MAX.days} days."]
    if len(proposal.milestones) > 1:
        if amount != proposal.amount:
            wrong["amount"] = ["The proposal has milestones; its amount stands."]
        if deliver_by != proposal.deliver_by:
            wrong["deliver_by"] = ["The proposal has milestones; its time stands."]
        elif proposal.milestones[0].deliver_by <= now:
            wrong["deliver_by"] = ["The time of a milestone has passed; ask for a new proposal."]
    if wrong:
        raise Invalid("invalid_words", "some of the words are not right", fields=wrong)


def free(job: Job, *, now: datetime, offer_id: str) -> Outcome[Job]:
    """Give up a reserved opening: the proposal refused, so there is no offer.

    :raises Ignored: it is not reserved any more
    """
    selection = _named(job, offer_id)
    if selection.state != "reserved":
        raise Ignored("crossed", f"the opening is {selection.state}")
    return settled(_put(job, replace(selection, state="freed"), now=now), [], now=now)


def hear(
    job: Job, *, now: datetime, what: str, offer_id: str, contract_id: str | None = None
) -> Outcome[Job]:
    """Note what came of an offer or its contract, and settle the job.

    :raises Ignored, NotYet: by the tables
    """
    job = replace(job, state=heard(jobs.HEARD, job.state, what))
    selection = _named(job, offer_id)
    selection = replace(
        selection,
        state=heard(HEARD, selection.state, what),
        contract_id=contract_id or selection.contract_id,
    )
    return settled(_put(job, selection, now=now), [], now=now)


def _named(job: Job, offer_id: str) -> Selection:
    for selection in job.project.selections:
        if selection.offer_id == offer_id:
            return selection
    raise NotYet("not_selected_yet", f"{job.id} knows no offer {offer_id}")


def _put(job: Job, changed: Selection, *, now: datetime) -> Job:
    selections = tuple(
        changed if s.offer_id == changed.offer_id else s for s in job.project.selections
    )
    return replace(job, project=replace(job.project, selections=selections), changed_at=now)


def settled(job: Job, facts: list[Fact], *, now: datetime) -> Outcome[Job]:
    """Return the job with what follows from its openings, and these facts with those of that.

    All openings filled: it closes. Closed, nothing to select and no contract running: it ends,
    completed when a contract was; a job that never led to one stays closed.
    """
    project = job.project
    is_selecting = job.state == "open" or project.select_by is not None
    if is_selecting and project.filled >= project.openings:
        state = next_state(MOVES, job.state, "fill")
        project = replace(project, select_by=None)
        job = replace(job, state=state, project=project, changed_at=now)
        facts = [*facts, said(job, "job.closed", reason="filled")]
    if job.state != "closed" or project.select_by or project.count("reserved", "filled"):
        return job, facts
    if project.count("completed"):
        job = replace(job, state=next_state(MOVES, job.state, "complete"), changed_at=now)
        return job, [*facts, said(job, "job.completed")]
    if project.count("cancelled"):
        job = replace(job, state=next_state(MOVES, job.state, "fail"), changed_at=now)
        return job, [*facts, said(job, "job.cancelled", reason="contracts_cancelled")]
    return job, facts
