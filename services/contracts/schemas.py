"""What callers of contracts send."""

from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.contracts.domain import (
    ask,
    dispute,
    offer,
)
from services.contracts.domain import contract as rules
from services.contracts.domain.offer import MILESTONES_MAX
from services.contracts.domain.times import timers
from shared import clock, web
from shared.languages import LANGUAGES
from shared.money import AMOUNT_MAX, CURRENCIES, Money

REQUIRED = "Missing data for required field."
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


class HourlyWords(Schema):
    """Hourly work: the rate of an hour, the hours of a week at most, the last day if there is one.

    Of what is left out the terms on the table stay.
    """

    rate = web.MoneyField(load_default=None)
    weekly_cap_hours = web.Whole(1, 168, load_default=None)
    until = web.When(load_default=None, validate=_future)


class OfferWords(Schema):
    """A direct offer to a person: `amount` and `deliver_by`, or `hourly` with rate and cap."""

    worker_id = web.IdField("mem", required=True)
    title = web.Text(200, line=True, required=True)
    scope = web.Text(20000, required=True)
    amount = web.MoneyField(load_default=None)
    deliver_by = web.When(load_default=None, validate=_future)
    hourly = fields.Nested(HourlyWords(), load_default=None)
    milestones = fields.List(
        fields.Nested(PlannedWords()),
        load_default=list,
        validate=validate.Length(max=MILESTONES_MAX),
    )
    review_days = web.Whole(1, 59, load_default=lambda: timers().review.days)
    revisions = web.Whole(0, 20, load_default=2)

    @validates_schema
    def _one_kind(self, words: dict[str, Any], **_: Any) -> None:
        needed = ("amount", "deliver_by")
        if hourly := words["hourly"]:
            for name in ("rate", "weekly_cap_hours"):
                if hourly[name] is None:
                    raise ValidationError({"hourly": {name: [REQUIRED]}})
            for name in (*needed, "milestones"):
                if words[name]:
                    raise ValidationError("Not for hourly work.", name)
        else:
            missing = {name: [REQUIRED] for name in needed if words[name] is None}
            if missing:
                raise ValidationError(missing)

    @validates_schema
    def _one_currency(self, words: dict[str, Any], **_: Any) -> None:
        if words["amount"] is None:
            return
        currency = words["amount"].currency
        if any(m["amount"].currency != currency for m in words["milestones"]):
            raise ValidationError("One currency, please.", "milestones")


class CounterWords(Schema):
    """Other terms; what is not named stays as it is."""

    amount = web.MoneyField(load_default=None)
    deliver_by = web.When(load_default=None, validate=_future)
    scope = web.Text(20000, load_default=None)
    hourly = fields.Nested(HourlyWords(), load_default=None)
    milestones = fields.List(
        fields.Nested(PlannedWords()),
        load_default=list,
        validate=validate.Length(max=MILESTONES_MAX),
    )


class RehireWords(Schema):
    """What is to be different this time; what is not named is as it was."""

    title = web.Text(200, line=True, load_default=None)
    scope = web.Text(20000, load_default=None)
    amount = web.MoneyField(load_default=None)
    deliver_by = web.When(load_default=None, validate=_future)
    milestones = fields.List(
        fields.Nested(PlannedWords()),
        load_default=list,
        validate=validate.Length(max=MILESTONES_MAX),
    )


class TimeWords(Schema):
    """Time of one day, and what it was for."""

    day = fields.Date(required=True)
    minutes = web.Whole(1, 24 * 60, required=True)
    note = web.Text(500, required=True)


class ReturnWords(Schema):
    """What is wrong with a time sheet."""

    note = web.Text(1000, required=True)


class RateWords(Schema):
    """Another rate or weekly cap, and why."""

    rate = web.MoneyField(load_default=None)
    weekly_cap_hours = web.Whole(1, 168, load_default=None)
    reason = web.Text(2000, required=True)


class EndWords(Schema):
    """Why hourly work is to end."""

    reason = web.Text(2000, required=True)


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
    """Nothing, or a smaller amount, the reason for it, and the fault of the worker's it is."""

    amount = web.MoneyField(load_default=None)
    reason = web.Text(2000, load_default=None)
    fault = fields.String(load_default=None, validate=validate.OneOf(ask.FAULTS))


class ReviewWords(Schema):
    """A review of the other side."""

    satisfied = web.Flag(required=True)
    comment = web.Text(2000, required=True)


class TermsArgs(Schema):
    """Which of the documents."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "html"]))
    locale = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


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
