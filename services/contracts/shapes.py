"""What callers of contracts get: the schemas document, `saying` makes."""

from marshmallow import Schema, fields, validate

from services.contracts.domain import contract as rules
from services.contracts.domain import (
    dispute,
    milestone,
    offer,
)
from shared import moderation, web


class PlannedShape(Schema):
    """A milestone of an offer."""

    title = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)


class HourlyShape(Schema):
    """The terms of hourly work; a week costs rate x weekly cap at most."""

    rate = web.MoneyShape(required=True)
    weekly_cap_hours = fields.Integer(required=True)
    until = web.When(allow_none=True, required=True)


class TermsShape(Schema):
    """Terms that were on the table, and who put them there."""

    at = web.When(required=True)
    by = fields.String(validate=validate.OneOf(["client", "worker"]), required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)
    scope = fields.String(allow_none=True, required=True)
    milestones = fields.List(fields.Nested(PlannedShape()), required=True)
    hourly = fields.Nested(HourlyShape(), allow_none=True, required=True)


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
    hourly = fields.Nested(HourlyShape(), allow_none=True, required=True)
    delivery_days = fields.Integer(allow_none=True, required=True)
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


class WeekShape(Schema):
    """A week of hourly work: `amount` is what its minutes come to, floor(minutes x rate / 60)."""

    starts_at = web.When(required=True)
    ends_at = web.When(required=True)
    rate = web.MoneyShape(required=True)
    cap_minutes = fields.Integer(required=True)
    minutes = fields.Integer(required=True)
    amount = web.MoneyShape(required=True)


class LineShape(Schema):
    """A line of a time sheet."""

    id = fields.String(required=True)
    day = fields.Date(required=True)
    minutes = fields.Integer(required=True)
    note = fields.String(required=True)
    at = web.When(required=True)


class EndingShape(Schema):
    """How hourly work is to end: no work after `at`."""

    by = fields.String(validate=validate.OneOf(["client", "worker", "system"]), required=True)
    reason = fields.String(required=True)
    at = web.When(required=True)


class MilestoneShape(Schema):
    """A milestone; of hourly work a week, with `week`."""

    n = fields.Integer(required=True)
    title = fields.String(required=True)
    state = fields.String(validate=validate.OneOf(milestone.STATES), required=True)
    amount = web.MoneyShape(required=True)
    released = web.MoneyShape(allow_none=True, required=True)
    deliver_by = web.When(required=True)
    hold_id = fields.String(required=True)
    week = fields.Nested(WeekShape(), allow_none=True, required=True)
    rounds = fields.Integer(required=True)
    delivery = fields.Nested(DeliveryShape(), allow_none=True, required=True)
    pay_by = web.When(allow_none=True, required=True)
    changes_note = fields.String(allow_none=True, required=True)
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class ReviewShape(Schema):
    """A review that this caller may see."""

    role = fields.String(required=True)
    satisfied = fields.Boolean(required=True)
    comment = fields.String(required=True)
    at = web.When(required=True)


class AskShape(Schema):
    """An extension (`granted`, `withdrawn`) or a change (`agreed`, `lapsed`) that was asked for."""

    id = fields.String(required=True)
    kind = fields.String(
        validate=validate.OneOf(["extension", "add", "change", "rate"]), required=True
    )
    by = fields.String(required=True)
    milestone = fields.Integer(allow_none=True, required=True)
    title = fields.String(allow_none=True, required=True)
    amount = web.MoneyShape(allow_none=True, required=True)
    rate = web.MoneyShape(allow_none=True, required=True)
    weekly_cap_hours = fields.Integer(allow_none=True, required=True)
    deliver_by = web.When(allow_none=True, required=True)
    fault = fields.String(allow_none=True, required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True)
    asked_at = web.When(required=True)
    answer_by = web.When(required=True)
    answered_at = web.When(allow_none=True, required=True)
    contract_id = fields.String(required=True)
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class CancellationShape(Schema):
    """A request to cancel."""

    by = fields.String(required=True)
    reason = fields.String(required=True)
    pay = web.MoneyShape(allow_none=True, required=True)
    state = fields.String(required=True)
    asked_at = web.When(required=True)
    answer_by = web.When(required=True)
    otherwise = fields.String(allow_none=True, required=True)


class ProposalShape(Schema):
    """How one side would divide what is held."""

    number = fields.Integer(required=True)
    by = fields.String(required=True)
    worker_gets = web.MoneyShape(required=True)
    client_gets = web.MoneyShape(required=True)
    at = web.When(required=True)


class DisputeOutcomeShape(Schema):
    """A dispute of a contract, with how it ended."""

    id = fields.String(required=True)
    by = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(validate=validate.OneOf(dispute.STATES), required=True)
    held = web.MoneyShape(required=True)
    worker_gets = web.MoneyShape(allow_none=True, required=True)
    ended_by = fields.String(allow_none=True, required=True)
    opened_at = web.When(required=True)
    ended_at = web.When(allow_none=True, required=True)


class DisputeShape(DisputeOutcomeShape):
    """A dispute: the claim, the last proposal of each side, and how it ended."""

    note = fields.String(required=True)
    claim = web.MoneyShape(required=True)
    # Of hourly work, those that it is about; the contract goes on after it.
    weeks = fields.List(fields.Integer(), required=True)
    proposals = fields.List(fields.Nested(ProposalShape()), required=True)
    evidence = fields.Integer(required=True)
    client_gets = web.MoneyShape(allow_none=True, required=True)
    decision = fields.String(allow_none=True, required=True)


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
    hourly = fields.Nested(HourlyShape(), allow_none=True, required=True)
    delivery_days = fields.Integer(allow_none=True, required=True)
    ending = fields.Nested(EndingShape(), allow_none=True, required=True)
    formed_at = web.When(required=True)
    started_at = web.When(allow_none=True, required=True)
    ended_at = web.When(allow_none=True, required=True)
    cancel_reason = fields.String(allow_none=True, required=True)
    reviews = fields.List(fields.Nested(ReviewShape()), required=True)
    extensions = fields.List(fields.Nested(AskShape()), required=True)
    changes = fields.List(fields.Nested(AskShape()), required=True)
    cancellation = fields.Nested(CancellationShape(), allow_none=True, required=True)
    dispute = fields.Nested(DisputeShape(), allow_none=True, required=True)
    # Every one, in the order in which they were opened: `dispute` is the last of them.
    disputes = fields.List(fields.Nested(DisputeOutcomeShape()), required=True)
    terms = fields.Nested(lambda: TermsStateShape(), required=True)
    next = fields.Nested(web.NextShape(), allow_none=True, required=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class SheetShape(MilestoneShape):
    """A week with the lines of its time sheet."""

    lines = fields.List(fields.Nested(LineShape()), required=True)


class WeekListShape(Schema):
    """A page of weeks, newest first."""

    items = fields.List(fields.Nested(MilestoneShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class NamedShape(Schema):
    """A party, by id and by the name it had."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class TermsMilestoneShape(PlannedShape):
    """A milestone as it was agreed on."""

    n = fields.Integer(required=True)


class PaymentShape(Schema):
    """When and how it is paid."""

    due = fields.String(required=True)
    latest_days_from_delivery = fields.Integer(required=True)
    method = fields.String(required=True)


class WrittenTermsShape(Schema):
    """The terms in writing."""

    contract_id = fields.String(required=True)
    client = fields.Nested(NamedShape(), required=True)
    worker = fields.Nested(NamedShape(), required=True)
    commissioned_at = web.When(required=True)
    title = fields.String(required=True)
    content = fields.String(required=True)
    milestones = fields.List(fields.Nested(TermsMilestoneShape()), required=True)
    place = fields.String(required=True)
    inspection_days = fields.Integer(required=True)
    revisions = fields.Integer(required=True)
    amount = web.MoneyShape(required=True)
    fund_by = web.When(required=True)
    payment = fields.Nested(PaymentShape(), required=True)
    hourly = fields.Nested(HourlyShape(), required=False)
    undecided = fields.List(fields.String(), required=True)


class TermsStateShape(Schema):
    """Where the terms in writing are, and who has read them when."""

    href = fields.String(required=True)
    hash = fields.String(allow_none=True, required=True)
    client_read_at = web.When(allow_none=True, required=True)
    worker_read_at = web.When(allow_none=True, required=True)


class ContractListShape(Schema):
    """A page of contracts."""

    items = fields.List(fields.Nested(ContractShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class MessageShape(Schema):
    """A message; held or removed, its text is its writer's to see alone."""

    id = fields.String(required=True)
    sender_id = fields.String(required=True)
    text = fields.String(required=True)
    at = web.When(required=True)
    state = fields.String(required=True, validate=validate.OneOf(moderation.STATES))
    warnings = fields.List(fields.Nested(web.WarningShape()), required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)


class MessageListShape(Schema):
    """A page of messages, oldest first."""

    items = fields.List(fields.Nested(MessageShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class CountShape(Schema):
    """Disputes of one reason."""

    reason = fields.String(required=True)
    disputes = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    settled = fields.Integer(required=True)
    decided_by_ops = fields.Integer(required=True)
    decided_by_silence = fields.Integer(required=True)
    worker_share = fields.Float(allow_none=True, required=True)
    days_to_end = fields.Float(allow_none=True, required=True)


class StatisticsShape(Schema):
    """How disputes end; shares and days are means over those that have ended."""

    disputes = fields.Integer(required=True)
    by_reason = fields.List(fields.Nested(CountShape()), required=True)


class OverdueShape(Schema):
    """Work that is overdue, and of which its client has been told."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    milestone = fields.Integer(required=True)
    deliver_by = web.When(required=True, allow_none=True)
    told_at = web.When(required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)


class OverdueListShape(Schema):
    """A page of contracts whose work is overdue."""

    items = fields.List(fields.Nested(OverdueShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)


class RulingShape(Schema):
    """How an operator has divided what was disputed, and why."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    at = web.When(required=True)
    by = fields.String(required=True)
    held = web.MoneyShape(required=True)
    worker_gets = web.MoneyShape(required=True)
    reason = fields.String(required=True)


class RulingListShape(Schema):
    """A page of operators' decisions."""

    items = fields.List(fields.Nested(RulingShape()), required=True)
    next_cursor = fields.String(allow_none=True, required=True)
