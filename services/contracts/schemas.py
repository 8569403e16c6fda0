"""What callers of contracts send and get."""

from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.contracts.domain import acts, milestone, offer, review
from services.contracts.domain import contract as rules
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.offer import MILESTONES_MAX, Offer
from shared import clock, web
from shared.documents import Doc

DELIVER_WITHIN = timedelta(days=3 * 366)


def _future(at: datetime) -> None:
    now = clock.now()
    if at <= now:
        raise ValidationError("Is in the past.")
    if at > now + DELIVER_WITHIN:
        raise ValidationError("Is too far away.")


def _deadline() -> web.When:
    return web.When(required=True, validate=_future)


class PlannedWords(Schema):
    """A milestone of an offer."""

    title = web.Text(200, line=True, required=True)
    amount = web.MoneyField(required=True)
    deliver_by = _deadline()


class OfferWords(Schema):
    """A direct offer to a person."""

    worker_id = web.IdField("mem", required=True)
    title = web.Text(200, line=True, required=True)
    scope = web.Text(20000, required=True)
    amount = web.MoneyField(required=True)
    deliver_by = _deadline()
    milestones = fields.List(
        fields.Nested(PlannedWords()),
        load_default=list,
        validate=validate.Length(max=MILESTONES_MAX),
    )
    review_days = web.Whole(3, 30, load_default=offer.REVIEW_DAYS)
    revisions = web.Whole(0, 20, load_default=offer.REVISIONS)

    @validates_schema
    def _one_currency(self, words: dict[str, Any], **_: Any) -> None:
        currency = words["amount"].currency
        if any(m["amount"].currency != currency for m in words["milestones"]):
            raise ValidationError("One currency, please.", "milestones")


class CounterWords(Schema):
    """Other terms; what is not named stays as it is."""

    amount = web.MoneyField(load_default=None)
    deliver_by = web.When(load_default=None, validate=_future)
    scope = web.Text(20000, load_default=None)
    milestones = fields.List(
        fields.Nested(PlannedWords()),
        load_default=list,
        validate=validate.Length(max=MILESTONES_MAX),
    )


class ListArgs(web.PageArgs):
    """Filters of a list of offers or contracts."""

    role = fields.String(load_default=None, validate=validate.OneOf(["client", "worker"]))


class OfferListArgs(ListArgs):
    """Filters of a list of offers."""

    state = fields.String(load_default=None, validate=validate.OneOf(offer.STATES))


class ContractListArgs(ListArgs):
    """Filters of a list of contracts."""

    state = fields.String(load_default=None, validate=validate.OneOf(rules.STATES))


class MessageWords(Schema):
    """A message."""

    text = web.Text(5000, required=True)


class DeliveryWords(Schema):
    """A delivery: what was done and where it is."""

    note = web.Text(5000, required=True)
    links = fields.List(web.Link(), load_default=list, validate=validate.Length(max=10))


class ChangesWords(Schema):
    """What is to be changed."""

    note = web.Text(5000, required=True)


class AcceptanceWords(Schema):
    """Nothing, or a smaller amount and the reason for it."""

    amount = web.MoneyField(load_default=None)
    reason = web.Text(2000, load_default=None)


class ReviewWords(Schema):
    """A review of the other side."""

    satisfied = web.Flag(required=True)
    comment = web.Text(2000, required=True)


# what is answered; the schemas document, the functions make


class PlannedShape(Schema):
    """A milestone of an offer."""

    title = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)


class TermsShape(Schema):
    """Terms that were on the table, and who put them there."""

    at = web.When(required=True)
    by = fields.String(validate=validate.OneOf(["client", "worker"]), required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)
    scope = fields.String(allow_none=True, required=True)
    milestones = fields.List(fields.Nested(PlannedShape()), required=True)


class OfferShape(Schema):
    """An offer."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(offer.STATES))
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    job_id = fields.String(allow_none=True, required=True)
    proposal_id = fields.String(allow_none=True, required=True)
    listing_id = fields.String(allow_none=True, required=True)
    contract_id = fields.String(allow_none=True, required=True)
    mode = fields.String(required=True)
    title = fields.String(required=True)
    scope = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)
    milestones = fields.List(fields.Nested(PlannedShape()), required=True)
    review_days = fields.Integer(required=True)
    revisions = fields.Integer(required=True)
    sent_at = web.When(required=True)
    answer_by = web.When(required=True)
    answered_at = web.When(allow_none=True, required=True)
    counters = fields.Integer(required=True)
    history = fields.List(fields.Nested(TermsShape()))
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class OfferListShape(Schema):
    """A page of offers."""

    items = fields.List(fields.Nested(OfferShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class DeliveryShape(Schema):
    """What is delivered now."""

    note = fields.String(required=True)
    links = fields.List(fields.String(), required=True)
    at = web.When(required=True)


class MilestoneShape(Schema):
    """A milestone."""

    n = fields.Integer(required=True)
    title = fields.String(required=True)
    state = fields.String(validate=validate.OneOf(milestone.STATES), required=True)
    amount = web.MoneyShape(required=True)
    released = web.MoneyShape(allow_none=True, required=True)
    deliver_by = web.When(required=True)
    hold_id = fields.String(required=True)
    rounds = fields.Integer(required=True)
    delivery = fields.Nested(DeliveryShape(), allow_none=True, required=True)
    changes_note = fields.String(allow_none=True, required=True)
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class ReviewShape(Schema):
    """A review that this caller may see."""

    role = fields.String(required=True)
    satisfied = fields.Boolean(required=True)
    comment = fields.String(required=True)
    at = web.When(required=True)


class ContractShape(Schema):
    """A contract."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(rules.STATES))
    offer_id = fields.String(required=True)
    job_id = fields.String(allow_none=True, required=True)
    proposal_id = fields.String(allow_none=True, required=True)
    listing_id = fields.String(allow_none=True, required=True)
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    mode = fields.String(required=True)
    title = fields.String(required=True)
    scope = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    review_days = fields.Integer(required=True)
    revisions = fields.Integer(required=True)
    milestones = fields.List(fields.Nested(MilestoneShape()), required=True)
    formed_at = web.When(required=True)
    started_at = web.When(allow_none=True, required=True)
    ended_at = web.When(allow_none=True, required=True)
    cancel_reason = fields.String(allow_none=True, required=True)
    reviews = fields.List(fields.Nested(ReviewShape()), required=True)
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class ContractListShape(Schema):
    """A page of contracts."""

    items = fields.List(fields.Nested(ContractShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class MessageShape(Schema):
    """A message."""

    id = fields.String(required=True)
    sender_id = fields.String(required=True)
    text = fields.String(required=True)
    at = web.When(required=True)


class MessageListShape(Schema):
    """A page of messages, oldest first."""

    items = fields.List(fields.Nested(MessageShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


def say_terms(facts: list[Doc]) -> list[Doc]:
    """Return all the terms that were on the table, oldest first, from the facts of an offer."""
    return [
        {
            "at": fact["time"],
            "by": "worker" if fact["data"].get("turn") == "client" else "client",
            "amount": fact["data"]["amount"],
            "deliver_by": fact["data"]["deliver_by"],
            "scope": fact["data"].get("scope"),
            "milestones": fact["data"].get("milestones") or [],
        }
        for fact in facts
        if fact["type"] in ("offer.sent", "offer.countered")
    ]


def say_offer(it: Offer, by: str) -> Doc:
    """Return an offer as this caller sees it."""
    actions = [
        _action(move, f"/v1/offers/{it.id}/{move}", offer.refusal(it, move, by))
        for move in ("accept", "decline", "counter", "withdraw")
    ]
    return {
        "id": it.id,
        "state": it.state,
        "client_id": it.client_id,
        "worker_id": it.worker_id,
        "job_id": it.job_id,
        "proposal_id": it.proposal_id,
        "listing_id": it.listing_id,
        "contract_id": it.contract_id,
        "mode": it.mode,
        "title": it.title,
        "scope": it.scope,
        "amount": it.amount,
        "deliver_by": it.deliver_by,
        "milestones": [
            {"title": m.title, "amount": m.amount, "deliver_by": m.deliver_by}
            for m in it.milestones
        ],
        "review_days": it.review_days,
        "revisions": it.revisions,
        "sent_at": it.sent_at,
        "answer_by": it.answer_by,
        "answered_at": it.answered_at,
        "counters": it.counters,
        "next": offer.next_of(it),
        "actions": actions,
    }


def say_contract(it: Contract, by: str, now: datetime) -> Doc:
    """Return a contract as this caller sees it: the other's review only after the reveal."""
    shown = it.reviews.seen_by(rules.role_of(it, by))
    total = sum(m.amount.amount for m in it.milestones)
    review_href = f"/v1/contracts/{it.id}/reviews"
    return {
        "id": it.id,
        "state": it.state,
        "offer_id": it.offer_id,
        "job_id": it.job_id,
        "proposal_id": it.proposal_id,
        "listing_id": it.listing_id,
        "client_id": it.client_id,
        "worker_id": it.worker_id,
        "mode": it.mode,
        "title": it.title,
        "scope": it.scope,
        "amount": {"amount": total, "currency": it.milestones[0].amount.currency},
        "review_days": it.review_days,
        "revisions": it.revisions,
        "milestones": [_say_milestone(it, m, by) for m in it.milestones],
        "formed_at": it.formed_at,
        "started_at": it.started_at,
        "ended_at": it.ended_at,
        "cancel_reason": it.cancel_reason,
        "reviews": [_say_review(role, r) for role, r in shown],
        "next": rules.next_of(it),
        "actions": [_action("review", review_href, acts.review_refusal(it, by, now))],
    }


def _say_review(role: str, written: review.Review) -> Doc:
    return {
        "role": role,
        "satisfied": written.satisfied,
        "comment": written.comment,
        "at": written.at,
    }


MOVES_OF_MILESTONE = ("deliver", "recall", "accept", "request_changes")


def _say_milestone(it: Contract, m: Milestone, by: str) -> Doc:
    path = f"/v1/contracts/{it.id}/milestones/{m.n}"
    delivered = m.state in ("delivered", "accepted") and m.delivered_at
    return {
        "n": m.n,
        "title": m.title,
        "state": m.state,
        "amount": m.amount,
        "released": m.released if m.state == "paid" else None,
        "deliver_by": m.deliver_by,
        "hold_id": m.hold_id,
        "rounds": m.rounds,
        "delivery": (
            {"note": m.note, "links": list(m.links), "at": m.delivered_at} if delivered else None
        ),
        "changes_note": m.changes_note or None,
        "next": rules.next_of_milestone(m) if it.state == "active" else None,
        "actions": [
            _action(move, f"{path}/{move.replace('_', '-')}", acts.refusal(it, m.n, move, by))
            for move in MOVES_OF_MILESTONE
        ],
    }


def _action(name: str, href: str, refused: str | None) -> Doc:
    return {
        "name": name,
        "href": href,
        "method": "POST",
        "allowed": refused is None,
        "reasons": [refused] if refused else [],
    }


def say_message(it: Message) -> Doc:
    """Return a message."""
    return {"id": it.id, "sender_id": it.sender_id, "text": it.text, "at": it.at}
