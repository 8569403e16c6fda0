"""What callers of contracts send and get."""

from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.contracts.domain import (
    acts,
    ask,
    asking,
    cancelling,
    dispute,
    milestone,
    offer,
    review,
    waiting,
)
from services.contracts.domain import contract as rules
from services.contracts.domain.ask import Ask
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.offer import MILESTONES_MAX, Offer
from services.contracts.domain.parting import Cancellation, Dispute, Proposal
from services.contracts.domain.times import timers
from shared import clock, web
from shared.documents import Doc
from shared.money import AMOUNT_MAX, CURRENCIES, Money

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
    review_days = web.Whole(1, 59, load_default=lambda: timers().review.days)
    revisions = web.Whole(0, 20, load_default=2)

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


class ExtensionWords(Schema):
    """A later deadline, and why."""

    milestone = web.Whole(1, MILESTONES_MAX, required=True)
    deliver_by = _deadline()
    reason = web.Text(2000, required=True)


class FurtherWords(Schema):
    """A further milestone, and why."""

    title = web.Text(200, line=True, required=True)
    amount = web.MoneyField(required=True)
    deliver_by = _deadline()
    reason = web.Text(2000, required=True)


class ChangeWords(Schema):
    """What of a milestone is to be different, and why; less money needs a fault."""

    title = web.Text(200, line=True, load_default=None)
    amount = web.MoneyField(load_default=None)
    deliver_by = web.When(load_default=None, validate=_future)
    fault = fields.String(load_default=None, validate=validate.OneOf(ask.FAULTS))
    reason = web.Text(2000, required=True)


class CancellationWords(Schema):
    """Why it is to end; `pay` of what is held is for the worker, the rest goes back."""

    reason = web.Text(2000, required=True)
    pay = web.MoneyField(load_default=None)


class ShareWords(Schema):
    """Money that may be nothing: one side's share."""

    amount = web.Whole(0, AMOUNT_MAX, required=True)
    currency = fields.String(required=True, validate=validate.OneOf(list(CURRENCIES)))

    @post_load
    def _money(self, words: dict[str, Any], **_: Any) -> Money:
        return Money(words["amount"], words["currency"])


class DisputeWords(Schema):
    """What is claimed of the held money, and why: a code, or words of one's own (`other`)."""

    claim = web.MoneyField(required=True)
    reason = web.Text(2000, required=True)
    note = web.Text(5000, load_default="")


class ProposalWords(Schema):
    """How to divide what is held: one share, the other side gets the rest."""

    worker_gets = fields.Nested(ShareWords(), load_default=None)
    client_gets = fields.Nested(ShareWords(), load_default=None)
    note = web.Text(5000, load_default="")


class AgreementWords(Schema):
    """Nothing, or the number of the proposal that is accepted."""

    proposal = web.Whole(1, dispute.PROPOSALS_MAX, load_default=None)


class DecisionWords(Schema):
    """An operator's division and the reason for it."""

    worker_gets = fields.Nested(ShareWords(), load_default=None)
    client_gets = fields.Nested(ShareWords(), load_default=None)
    reason = web.Text(5000, required=True)


# what is answered; the schemas document, the functions make


class NextShape(Schema):
    """Who must act, by when, and what happens otherwise."""

    actor = fields.String(validate=validate.OneOf(["client", "worker", "ops", "system"]))
    action = fields.String()
    by = fields.String()
    otherwise = fields.String()


class ActionShape(Schema):
    """What this caller may do, and why not."""

    name = fields.String()
    href = fields.String()
    method = fields.String()
    allowed = fields.Boolean()
    reasons = fields.List(fields.String())


class PlannedShape(Schema):
    """A milestone of an offer."""

    title = fields.String()
    amount = web.MoneyShape()
    deliver_by = fields.String()


class TermsShape(Schema):
    """Terms that were on the table, and who put them there."""

    at = fields.String()
    by = fields.String(validate=validate.OneOf(["client", "worker"]))
    amount = web.MoneyShape()
    deliver_by = fields.String()
    scope = fields.String(allow_none=True)
    milestones = fields.List(fields.Nested(PlannedShape()))


class OfferShape(Schema):
    """An offer."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(offer.STATES))
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    job_id = fields.String(allow_none=True)
    proposal_id = fields.String(allow_none=True)
    listing_id = fields.String(allow_none=True)
    contract_id = fields.String(allow_none=True)
    mode = fields.String()
    title = fields.String()
    scope = fields.String()
    amount = web.MoneyShape()
    deliver_by = fields.String()
    milestones = fields.List(fields.Nested(PlannedShape()))
    review_days = fields.Integer()
    revisions = fields.Integer()
    sent_at = fields.String()
    answer_by = fields.String()
    answered_at = fields.String(allow_none=True)
    counters = fields.Integer()
    history = fields.List(fields.Nested(TermsShape()))
    next = fields.Nested(NextShape(), allow_none=True)
    actions = fields.List(fields.Nested(ActionShape()))


class OfferListShape(Schema):
    """A page of offers."""

    items = fields.List(fields.Nested(OfferShape()))
    next_cursor = fields.String(allow_none=True)


class DeliveryShape(Schema):
    """What is delivered now."""

    note = fields.String()
    links = fields.List(fields.String())
    at = fields.String()


class MilestoneShape(Schema):
    """A milestone."""

    n = fields.Integer()
    title = fields.String()
    state = fields.String(validate=validate.OneOf(milestone.STATES))
    amount = web.MoneyShape()
    released = web.MoneyShape(allow_none=True)
    deliver_by = fields.String()
    hold_id = fields.String()
    rounds = fields.Integer()
    delivery = fields.Nested(DeliveryShape(), allow_none=True)
    changes_note = fields.String(allow_none=True)
    next = fields.Nested(NextShape(), allow_none=True)
    actions = fields.List(fields.Nested(ActionShape()))


class ReviewShape(Schema):
    """A review that this caller may see."""

    role = fields.String()
    satisfied = fields.Boolean()
    comment = fields.String()
    at = fields.String()


class AskShape(Schema):
    """An extension (`granted`, `withdrawn`) or a change (`agreed`, `lapsed`) that was asked for."""

    id = fields.String(required=True)
    kind = fields.String(validate=validate.OneOf(["extension", "add", "change"]))
    by = fields.String()
    milestone = fields.Integer(allow_none=True)
    title = fields.String(allow_none=True)
    amount = web.MoneyShape(allow_none=True)
    deliver_by = fields.String(allow_none=True)
    fault = fields.String(allow_none=True)
    reason = fields.String()
    state = fields.String()
    asked_at = fields.String()
    answer_by = fields.String()
    answered_at = fields.String(allow_none=True)
    contract_id = fields.String()
    next = fields.Nested(NextShape(), allow_none=True)
    actions = fields.List(fields.Nested(ActionShape()))


class CancellationShape(Schema):
    """A request to cancel."""

    by = fields.String()
    reason = fields.String()
    pay = web.MoneyShape(allow_none=True)
    state = fields.String()
    asked_at = fields.String()
    answer_by = fields.String()
    otherwise = fields.String(allow_none=True)


class ProposalShape(Schema):
    """How one side would divide what is held."""

    number = fields.Integer()
    by = fields.String()
    worker_gets = web.MoneyShape()
    client_gets = web.MoneyShape()
    at = fields.String()


class DisputeShape(Schema):
    """A dispute: the claim, the last proposal of each side, and how it ended."""

    id = fields.String()
    by = fields.String()
    state = fields.String(validate=validate.OneOf(dispute.STATES))
    reason = fields.String()
    note = fields.String()
    claim = web.MoneyShape()
    held = web.MoneyShape()
    proposals = fields.List(fields.Nested(ProposalShape()))
    evidence = fields.Integer()
    worker_gets = web.MoneyShape(allow_none=True)
    client_gets = web.MoneyShape(allow_none=True)
    ended_by = fields.String(allow_none=True)
    decision = fields.String(allow_none=True)
    opened_at = fields.String()
    ended_at = fields.String(allow_none=True)


class ContractShape(Schema):
    """A contract."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(rules.STATES))
    offer_id = fields.String()
    job_id = fields.String(allow_none=True)
    proposal_id = fields.String(allow_none=True)
    listing_id = fields.String(allow_none=True)
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    mode = fields.String()
    title = fields.String()
    scope = fields.String()
    amount = web.MoneyShape()
    review_days = fields.Integer()
    revisions = fields.Integer()
    milestones = fields.List(fields.Nested(MilestoneShape()))
    formed_at = fields.String()
    started_at = fields.String(allow_none=True)
    ended_at = fields.String(allow_none=True)
    cancel_reason = fields.String(allow_none=True)
    reviews = fields.List(fields.Nested(ReviewShape()))
    extensions = fields.List(fields.Nested(AskShape()))
    changes = fields.List(fields.Nested(AskShape()))
    cancellation = fields.Nested(CancellationShape(), allow_none=True)
    dispute = fields.Nested(DisputeShape(), allow_none=True)
    next = fields.Nested(NextShape(), allow_none=True)
    actions = fields.List(fields.Nested(ActionShape()))


class ContractListShape(Schema):
    """A page of contracts."""

    items = fields.List(fields.Nested(ContractShape()))
    next_cursor = fields.String(allow_none=True)


class MessageShape(Schema):
    """A message."""

    id = fields.String()
    sender_id = fields.String()
    text = fields.String()
    at = fields.String()


class MessageListShape(Schema):
    """A page of messages, oldest first."""

    items = fields.List(fields.Nested(MessageShape()))
    next_cursor = fields.String(allow_none=True)


class PastShape(Schema):
    """Something that happened."""

    at = fields.String()
    what = fields.String()
    by = fields.String()


class FutureShape(Schema):
    """Something that silence would cause."""

    at = fields.String()
    what = fields.String()
    condition = fields.String(data_key="if")


class TimelineShape(Schema):
    """The past, and the dry run of the automatic future."""

    past = fields.List(fields.Nested(PastShape()))
    future = fields.List(fields.Nested(FutureShape()))


class CountShape(Schema):
    """Disputes of one reason."""

    reason = fields.String()
    disputes = fields.Integer()
    ended = fields.Integer()
    settled = fields.Integer()
    decided_by_ops = fields.Integer()
    decided_by_silence = fields.Integer()
    worker_share = fields.Float(allow_none=True)
    days_to_end = fields.Float(allow_none=True)


class StatisticsShape(Schema):
    """How disputes end; shares and days are means over those that have ended."""

    disputes = fields.Integer()
    by_reason = fields.List(fields.Nested(CountShape()))


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
    party = by in (it.client_id, it.worker_id)
    shown = it.reviews.seen_by(rules.role_of(it, by) if party else "ops")
    total = sum(m.amount.amount for m in it.milestones)
    asked = [(a, say_ask(it, a, by)) for a in it.asks]
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
        "extensions": [said for a, said in asked if a.kind == "extension"],
        "changes": [said for a, said in asked if a.kind != "extension"],
        "cancellation": _say_cancellation(it, it.cancellation),
        "dispute": _say_dispute(it.dispute),
        "next": waiting.next_of(it),
        "actions": _actions_of_contract(it, by, now),
    }


def _actions_of_contract(it: Contract, by: str, now: datetime) -> list[Doc]:
    path = f"/v1/contracts/{it.id}"
    cancel, disputed = f"{path}/cancellation", f"{path}/dispute"
    return [
        _action("review", f"{path}/reviews", acts.review_refusal(it, by, now)),
        _action("cancel", cancel, cancelling.refusal(it, by, "request", now)),
        _action("agree", f"{cancel}/agree", cancelling.refusal(it, by, "agree", now)),
        _action("refuse", f"{cancel}/refuse", cancelling.refusal(it, by, "refuse", now)),
        _action("dispute", disputed, dispute.refusal(it, by, "dispute")),
        _action("propose", f"{disputed}/propose", dispute.refusal(it, by, "propose")),
        _action("accept", f"{disputed}/accept", dispute.refusal(it, by, "accept")),
        _action("evidence", f"{disputed}/evidence", dispute.refusal(it, by, "give_evidence")),
    ]


_STATE_OF_EXTENSION = {"agreed": "granted", "lapsed": "withdrawn"}


def say_ask(it: Contract, asked: Ask, by: str) -> Doc:
    """Return an extension or a change as this caller sees it."""
    extension = asked.kind == "extension"
    path = (
        f"/v1/extensions/{asked.id}" if extension else f"/v1/contracts/{it.id}/changes/{asked.id}"
    )
    refused = asking.refusal(it, asked, by)
    agree = "grant" if extension else "agree"
    return {
        "id": asked.id,
        "kind": asked.kind,
        "by": asked.by,
        "milestone": asked.n,
        "title": asked.title,
        "amount": asked.amount,
        "deliver_by": asked.deliver_by,
        "fault": asked.fault,
        "reason": asked.reason,
        "state": _STATE_OF_EXTENSION.get(asked.state, asked.state) if extension else asked.state,
        "asked_at": asked.asked_at,
        "answer_by": asked.answer_by,
        "answered_at": asked.answered_at,
        "contract_id": it.id,
        "next": waiting.next_of_ask(asked) if asked.state == "asked" else None,
        "actions": [
            _action(agree, f"{path}/{agree}", refused),
            _action("refuse", f"{path}/refuse", refused),
        ],
    }


def _say_cancellation(it: Contract, asked: Cancellation | None) -> Doc | None:
    if asked is None:
        return None
    return {
        "by": asked.by,
        "reason": asked.reason,
        "pay": asked.pay,
        "state": asked.state,
        "asked_at": asked.asked_at,
        "answer_by": asked.answer_by,
        "otherwise": cancelling.otherwise(it) if asked.state == "asked" else None,
    }


def _say_dispute(it: Dispute | None) -> Doc | None:
    if it is None:
        return None
    sides = (("client", it.client), ("worker", it.worker))
    return {
        "id": it.id,
        "by": it.by,
        "state": it.state,
        "reason": it.reason,
        "note": it.note,
        "claim": it.claim,
        "held": it.held,
        "proposals": [_say_proposal(it, role, made) for role, made in sides if made],
        "evidence": it.evidence,
        "worker_gets": it.worker_gets,
        "client_gets": it.held - it.worker_gets if it.worker_gets else None,
        "ended_by": it.ended_by,
        "decision": it.decision,
        "opened_at": it.opened_at,
        "ended_at": it.ended_at,
    }


def _say_proposal(it: Dispute, role: str, made: Proposal) -> Doc:
    return {
        "number": made.number,
        "by": role,
        "worker_gets": made.worker_gets,
        "client_gets": it.held - made.worker_gets,
        "at": made.at,
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
        "released": m.released if m.state in ("paid", "split") else None,
        "deliver_by": m.deliver_by,
        "hold_id": m.hold_id,
        "rounds": m.rounds,
        "delivery": (
            {"note": m.note, "links": list(m.links), "at": m.delivered_at} if delivered else None
        ),
        "changes_note": m.changes_note or None,
        "next": waiting.next_of_milestone(m) if it.state == "active" else None,
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
