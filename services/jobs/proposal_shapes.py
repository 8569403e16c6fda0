"""Proposals as their two sides see them."""

from marshmallow import Schema, fields, validate

from services.jobs.domain import actions, proposal
from services.jobs.domain.proposal import Proposal
from services.jobs.people import KnownPersonShape
from services.jobs.seen import Seen
from services.jobs.shapes import MilestoneShape
from shared import moderation, web, wording
from shared.documents import Doc


class ProposalShape(Schema):
    """A proposal; `offer_id` and `contract_id` tell what came of it.

    Held, its author sees it alone; removed, its message is its author's to see alone.
    """

    id = fields.String(required=True)
    job_id = fields.String(required=True)
    client_id = fields.String(required=True)
    worker = fields.Nested(KnownPersonShape(), required=True)
    title = fields.String(required=True)
    message = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)
    milestones = fields.List(fields.Nested(MilestoneShape()), required=True)
    state = fields.String(required=True, validate=validate.OneOf(proposal.STATES))
    visibility = fields.String(required=True, validate=validate.OneOf(moderation.STATES))
    warnings = fields.List(fields.Nested(web.WarningShape()), required=True)
    offer_id = fields.String(required=True, allow_none=True)
    contract_id = fields.String(required=True, allow_none=True)
    created_at = web.When(required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class ProposalListShape(Schema):
    """A page of proposals."""

    items = fields.List(fields.Nested(ProposalShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def say_proposal(found: Proposal, seen: Seen, language: str) -> Doc:
    """Return a proposal as one of its two sides sees it: its author is told what was found."""
    assert seen.by is not None, "a proposal is shown to its two sides"  # noqa: S101
    bar = seen.standing.bar(found.client_id if seen.by == found.worker_id else found.worker_id)
    own = seen.by == found.worker_id
    milestones = [
        {"title": m.title, "amount": m.amount, "deliver_by": m.deliver_by} for m in found.milestones
    ]
    return {
        "id": found.id,
        "job_id": found.job_id,
        "client_id": found.client_id,
        "worker": seen.known_person(found.worker_id),
        "title": found.title,
        "message": found.message if own or found.seen.is_shown else "",
        "amount": found.amount,
        "deliver_by": found.deliver_by,
        "milestones": milestones,
        "state": found.state,
        "visibility": found.seen.state,
        "warnings": wording.say(found.seen.findings, language) if own else [],
        "offer_id": found.offer_id,
        "contract_id": found.contract_id,
        "created_at": found.created_at,
        "next": proposal.next_step(found),
        "actions": actions.of_proposal(found, by=seen.by, now=seen.now, bar=bar),
    }
