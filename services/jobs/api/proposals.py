"""Proposals: made, withdrawn, declined, selected."""

from typing import Any

from flask import Response

from services.jobs import queries, usecases
from services.jobs.api import seeing
from services.jobs.domain import proposal
from services.jobs.domain.proposal import Proposal
from services.jobs.proposal_shapes import ProposalListShape, ProposalShape, say_proposal
from services.jobs.records import PROPOSALS
from services.jobs.schemas import ProposalListArgs, ProposalWords, SelectWords
from shared import ids, moderation, web
from shared.documents import Doc, Done
from shared.errors import Unknown

blp = web.blueprint("proposals", __name__)


@blp.post("/jobs/<id_>/proposals")
@blp.arguments(ProposalWords())
@blp.response(201, ProposalShape())
def propose(words: dict[str, Any], id_: str) -> Response:
    """Propose to do a job.

    403 own_job, member_suspended, member_leaving, not_available_to_you, 404, 409 job_not_open,
    already_proposed, 422 invalid_words, milestones_sum.
    """
    job = seeing.job(id_).thing
    proposal_id = ids.new("pro")
    location = f"/v1/proposals/{proposal_id}"
    once = web.once(status=201, location=location)
    done = usecases.propose(
        web.store(),
        job,
        proposal_id=proposal_id,
        by=web.caller().id,
        now=web.now(),
        once=once,
        words=words,
    )
    return _answer(done, 201, location=location)


@blp.get("/jobs/<id_>/proposals")
@blp.arguments(ProposalListArgs(), location="query")
@blp.response(200, ProposalListShape())
def list_proposals(words: dict[str, Any], id_: str) -> Response:
    """List the proposals for one's job, or one's own for somebody's. 404 for everybody else."""
    job, by, db = seeing.job(id_).thing, web.caller().id, web.store().db
    page = web.page(words)
    if by == job.client_id:
        return _listing(*queries.proposals(db, page, job_id=id_, state=words["state"]))
    if not queries.is_proposer(db, id_, by):
        raise Unknown("no_such_proposal", "there is no proposal of yours for this job")
    return _listing(*queries.proposals(db, page, job_id=id_, worker_id=by, state=words["state"]))


@blp.get("/proposals")
@blp.arguments(ProposalListArgs(), location="query")
@blp.response(200, ProposalListShape())
def list_own_proposals(words: dict[str, Any]) -> Response:
    """List one's own proposals, for whatever job."""
    page = web.page(words)
    by = web.caller().id
    docs = queries.proposals(web.store().db, page, worker_id=by, state=words["state"])
    return _listing(*docs)


@blp.get("/proposals/<id_>")
@blp.response(200, ProposalShape())
def get_proposal(id_: str) -> Response:
    """Return a proposal to its two sides. 404 for everybody else."""
    loaded = seeing.proposal(id_)
    return web.answer(_say(loaded.thing), version=loaded.version)


@blp.post("/proposals/<id_>/shortlist")
@blp.response(200, ProposalShape())
def shortlist_proposal(id_: str) -> Response:
    """Keep a proposal to choose from. 403 not_the_client, 404, 409 wrong_state."""
    return _change(id_, proposal.shortlist)


@blp.post("/proposals/<id_>/withdraw")
@blp.response(200, ProposalShape())
def withdraw_proposal(id_: str) -> Response:
    """Take one's proposal back before it is selected. 403 not_the_worker, 404, 409 wrong_state."""
    return _change(id_, proposal.withdraw)


@blp.post("/proposals/<id_>/decline")
@blp.response(200, ProposalShape())
def decline_proposal(id_: str) -> Response:
    """Say no to a proposal. 403 not_the_client, 404, 409 wrong_state."""
    return _change(id_, proposal.decline)


@blp.post("/proposals/<id_>/select")
@blp.arguments(SelectWords())
@blp.response(202, ProposalShape())
def select_proposal(words: dict[str, Any], id_: str) -> Response:
    """Choose a proposal: an offer goes to its author. `offer_id` and Location name it.

    403 not_the_client, member_leaving, not_available_to_you, 404, 409 wrong_state, no_opening_left,
    not_shown, too_many_selections, 422.
    """
    chosen = seeing.proposal(id_).thing
    offer_id = ids.new("off")
    location = f"/v1/offers/{offer_id}"
    once = web.once(status=202, location=location, offer_id=offer_id)
    by, now = web.caller().id, web.now()
    done = usecases.select(
        web.store(), chosen, by=by, now=now, once=once, offer_id=offer_id, words=words
    )
    present = seeing.proposal(id_)
    said = {**_say(present.thing), "offer_id": done.answer.get("offer_id", offer_id)}
    return web.answer(said, 202, done=done, location=location, version=present.version)


@blp.get("/proposals/<id_>/timeline")
@blp.response(200, web.TimelineShape())
def get_proposal_timeline(id_: str) -> Response:
    """Return what happened to a proposal, and what will if everybody is silent. 404."""
    found = seeing.proposal(id_).thing
    return web.answer(
        seeing.timeline(
            PROPOSALS, found, next_of=proposal.next_step, hidden=moderation.OF_OPERATORS
        )
    )


def _change(id_: str, rule: Any) -> Response:
    seeing.proposal(id_)
    once = web.once(status=200)
    done = web.store().change(PROPOSALS, id_, rule, once=once, now=web.now(), by=web.caller().id)
    return _answer(done)


def _say(found: Proposal) -> Doc:
    return say_proposal(found, seeing.of_proposals([found]), web.language())


def _answer(done: Done[Proposal], status: int = 200, *, location: str | None = None) -> Response:
    return web.answer(_say(done.thing), status, done=done, location=location)


def _listing(docs: list[Doc], cursor: str | None) -> Response:
    found = [PROPOSALS.from_doc(doc) for doc in docs]
    seen = seeing.of_proposals(found)
    return web.listing([say_proposal(each, seen, web.language()) for each in found], cursor)
