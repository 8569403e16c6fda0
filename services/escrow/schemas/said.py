"""What callers of escrow get."""

from typing import Any

from marshmallow import Schema, fields, validate

from services.escrow.domain import chargeback as chargebacks
from services.escrow.domain import deposit as deposits
from services.escrow.domain import funding
from services.escrow.domain import hold as holds
from services.escrow.domain import payout as payouts
from services.escrow.domain.chargeback import Chargeback
from services.escrow.domain.deposit import Deposit
from services.escrow.domain.hold import Hold
from services.escrow.domain.payout import Payout
from services.escrow.domain.schedule import MODES
from services.escrow.outside import Destination
from shared import web


class StepShape(Schema):
    """One line of a quote: `amount` = floor(`base` x `rate`), minor units."""

    name = fields.String(required=True)
    base = fields.Integer(required=True)
    rate = fields.String(required=True)
    amount = fields.Integer(required=True)
    rounding = fields.String(required=True, validate=validate.OneOf(["floor", "exact"]))
    note = fields.String(required=True)


class ClientSideShape(Schema):
    """What the client pays, by every step."""

    pays = web.MoneyShape(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class WorkerSideShape(Schema):
    """What the worker gets, by every step."""

    gets = web.MoneyShape(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class ScheduleShape(Schema):
    """Which schedule of fees, in which version."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


class StatedAmount(Schema):
    """An amount as it was asked for, and what was added to it."""

    amount = web.MoneyShape(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class QuoteShape(Schema):
    """What an amount means to both sides, by every step.

    `stated`: what was asked for without its consumption tax, and how `amount` came of it.
    """

    stated = fields.Nested(StatedAmount(), required=False)

    amount = web.MoneyShape(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    profile = fields.String(required=True)
    schedule = fields.Nested(ScheduleShape(), required=True)
    client = fields.Nested(ClientSideShape(), required=True)
    worker = fields.Nested(WorkerSideShape(), required=True)


class TransferShape(Schema):
    """The virtual account to which a hold may be paid; it is for this hold only."""

    provider = fields.String(required=True)
    number = fields.String(required=True)
    amount = web.MoneyShape(required=True)


class PaymentShape(Schema):
    """A charge that waits for the client: the provider's form goes on with it by its secret."""

    provider = fields.String(required=True)
    id = fields.String(required=True)
    client_secret = fields.String(required=True)
    amount = web.MoneyShape(required=True)


class HoldShape(Schema):
    """A client's money for one piece of work."""

    id = fields.String(required=True)
    ref = fields.String(required=True)
    milestone = fields.Integer(required=True)
    title = fields.String(required=True)
    client_id = fields.String(required=True)
    worker_id = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(holds.STATES))
    amount = web.MoneyShape(required=True)
    released = web.MoneyShape(required=True)
    refunded = web.MoneyShape(required=True)
    withheld = fields.Boolean(required=True)
    transfer = fields.Nested(TransferShape(), required=True, allow_none=True)
    payment = fields.Nested(PaymentShape(), required=True, allow_none=True)
    quote = fields.Nested(QuoteShape(), required=True)
    opened_at = web.When(required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class HoldListShape(Schema):
    """One page of holds."""

    items = fields.List(fields.Nested(HoldShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class WalletShape(Schema):
    """What a member has, and what is on its way to their bank."""

    available = web.MoneyShape(required=True)
    pending = web.MoneyShape(required=True)


class StatementLineShape(Schema):
    """One line of a wallet: `amount` is signed, `balance` stands after it."""

    id = fields.String(required=True)
    at = web.When(required=True)
    amount = web.MoneyShape(required=True)
    balance = web.MoneyShape(required=True)
    kind = fields.String(required=True)
    ref = fields.String(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class StatementShape(Schema):
    """One page of a statement, newest first."""

    items = fields.List(fields.Nested(StatementLineShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class InvoiceShape(Schema):
    """What an invoice over the marketplace's fee must say; unregistered: of a worker's own tax.

    `returned` is what of fees, tax included, went back with the month's refunds.
    """

    issuer = fields.String(required=True)
    number = fields.String(required=True)
    qualified = fields.Boolean(required=True)
    rate = fields.String(required=True)
    fees = web.MoneyShape(required=True)
    tax = web.MoneyShape(required=True)
    without_tax = web.MoneyShape(required=True)
    returned = web.MoneyShape(required=True)
    deductible_if_unregistered = fields.String(required=True)


class CardPaymentShape(Schema):
    """What a client paid in by card: it passes no wallet; the steps are the client's fee in it."""

    id = fields.String(required=True)
    at = web.When(required=True)
    amount = web.MoneyShape(required=True)
    ref = fields.String(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class MonthShape(Schema):
    """A month of a wallet, in Japan's time."""

    month = fields.String(required=True)
    currency = fields.String(required=True)
    opening = web.MoneyShape(required=True)
    closing = web.MoneyShape(required=True)
    received = web.MoneyShape(required=True)
    spent = web.MoneyShape(required=True)
    withheld = web.MoneyShape(required=True)
    invoice = fields.Nested(InvoiceShape(), required=True)
    paid_by_card = fields.List(fields.Nested(CardPaymentShape()), required=True)
    lines = fields.List(fields.Nested(StatementLineShape()), required=True)


class DepositShape(Schema):
    """A bank transfer that came in."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(deposits.STATES))
    provider = fields.String(required=True)
    reference = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    member_id = fields.String(required=True, allow_none=True)
    hold_id = fields.String(required=True, allow_none=True)
    received_at = fields.String(required=True)


class DepositListShape(Schema):
    """One page of deposits."""

    items = fields.List(fields.Nested(DepositShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ChargebackShape(Schema):
    """A card payment that was taken back."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(chargebacks.STATES))
    charge_id = fields.String(required=True)
    hold_id = fields.String(required=True)
    ref = fields.String(required=True)
    member_id = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    reason = fields.String(required=True)
    received_at = fields.String(required=True)


class ChargebackListShape(Schema):
    """One page of chargebacks."""

    items = fields.List(fields.Nested(ChargebackShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PayoutShape(Schema):
    """A member's money on its way to their bank."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(payouts.STATES))
    amount = web.MoneyShape(required=True)
    requested_at = web.When(required=True)
    sent_at = web.When(required=True, allow_none=True)
    ended_at = web.When(required=True, allow_none=True)
    reason = fields.String(required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class PayoutListShape(Schema):
    """One page of payouts."""

    items = fields.List(fields.Nested(PayoutShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DestinationShape(Schema):
    """Whether a member can be paid out to; `url`: where they go on, for minutes and once."""

    state = fields.String(
        required=True, validate=validate.OneOf(["not_needed", "missing", "open", "ready"])
    )
    url = fields.String(required=True, allow_none=True)


class SumsShape(Schema):
    """Sums in one currency, in minor units."""

    total = fields.Integer(required=True, metadata={"description": "always 0"})
    held = fields.Integer(required=True)
    wallets = fields.Integer(required=True)
    payouts = fields.Integer(required=True)
    fees = fields.Integer(required=True)
    tax = fields.Integer(required=True)
    provider = fields.Integer(required=True)
    suspense = fields.Integer(required=False)
    receivable = fields.Integer(required=False)
    losses = fields.Integer(required=False)


class ProofShape(Schema):
    """Sums over the journal per currency, minor units; `head` is the last seal's hash."""

    currencies = fields.Dict(keys=fields.String(), values=fields.Nested(SumsShape()), required=True)
    entries = fields.Integer(required=True)
    head = fields.String(required=True)


class PaidReportShape(Schema):
    """From the funding of a hold to its release, of the last releases: median and 90th of 100."""

    releases = fields.Integer(required=True)
    p50_s = fields.Float(required=True, allow_none=True)
    p90_s = fields.Float(required=True, allow_none=True)


class HeardShape(Schema):
    """A webhook was taken in."""

    received = fields.Boolean(required=True)


def say_hold(hold: Hold, by: str, *, in_turn: bool = True) -> dict[str, Any]:
    """Return a hold as this caller sees it."""
    reasons = funding.refusals(hold, by=by) + ([] if in_turn else ["out_of_turn"])
    fund = {
        "name": "fund",
        "href": f"/v1/holds/{hold.id}/fund",
        "method": "POST",
        "allowed": not reasons,
        "reasons": reasons,
    }
    return {
        "id": hold.id,
        "ref": hold.ref,
        "milestone": hold.milestone,
        "title": hold.title,
        "client_id": hold.client_id,
        "worker_id": hold.worker_id,
        "state": hold.state,
        "amount": hold.amount,
        "released": hold.released,
        "refunded": hold.refunded,
        "withheld": hold.withheld,
        "transfer": _say_transfer(hold, by),
        "payment": _say_payment(hold, by),
        "quote": hold.quote.words(),
        "opened_at": hold.opened_at,
        "next": holds.next_step(hold),
        "actions": [fund] if hold.state not in holds.FINAL else [],
    }


def _say_transfer(hold: Hold, by: str) -> dict[str, Any] | None:
    if hold.transfer is None or by == hold.worker_id:
        return None
    provider, number = hold.transfer
    return {"provider": provider, "number": number, "amount": hold.quote.client_pays}


def _say_payment(hold: Hold, by: str) -> dict[str, Any] | None:
    waits = hold.asked
    if waits is None or not waits.secret or by != hold.client_id:
        return None
    known = {"provider": waits.provider, "id": waits.id, "client_secret": waits.secret}
    return {**known, "amount": waits.amount}


def say_destination(of: Destination) -> dict[str, Any]:
    """Return whether a member can be paid out to."""
    return {"state": of.state, "url": of.url or None}


def say_deposit(of: Deposit) -> dict[str, Any]:
    """Return a deposit as operators see it."""
    names = ("id", "state", "provider", "reference", "amount", "member_id", "hold_id")
    return {name: getattr(of, name) for name in (*names, "received_at")}


def say_chargeback(of: Chargeback) -> dict[str, Any]:
    """Return a chargeback as operators see it."""
    names = ("id", "state", "charge_id", "hold_id", "ref", "member_id", "amount", "reason")
    return {name: getattr(of, name) for name in (*names, "received_at")}


def say_payout(payout: Payout) -> dict[str, Any]:
    """Return a payout as its member sees it."""
    return {
        "id": payout.id,
        "state": payout.state,
        "amount": payout.amount,
        "requested_at": payout.requested_at,
        "sent_at": payout.sent_at,
        "ended_at": payout.ended_at,
        "reason": payout.reason,
        "next": payouts.next_step(payout),
        "actions": [],
    }
