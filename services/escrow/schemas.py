"""What callers of escrow send and get."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.escrow.domain import funding
from services.escrow.domain import hold as holds
from services.escrow.domain import payout as payouts
from services.escrow.domain.hold import Hold
from services.escrow.domain.payout import Payout
from services.escrow.domain.schedule import MODES
from shared import clock, web
from shared.money import AMOUNT_MAX, CURRENCIES

METHODS = ("wallet", "card", "bank_transfer")
ANSWERS = ("charge.confirmed", "charge.declined", "payout.sent", "payout.paid", "payout.failed")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("at", "id", "kind", "ref", "in", "out", "balance", "currency", "steps")


# What they send


class _Amount(fields.Integer):
    """A whole number in a query: ASCII digits only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class QuoteArgs(Schema):
    """What a quote is asked for; `amount` in minor units.

    `tax=excluded`: consumption tax is added to it first. `withholding=true`: income tax is kept
    back of what the worker gets, where the marketplace offers that in this mode.
    """

    amount = _Amount(required=True, validate=validate.Range(1, AMOUNT_MAX))
    mode = fields.String(load_default="project", validate=validate.OneOf(MODES))
    currency = fields.String(load_default="JPY", validate=validate.OneOf(list(CURRENCIES)))
    tax = fields.String(load_default="included", validate=validate.OneOf(["included", "excluded"]))
    withholding = fields.String(load_default="false", validate=validate.OneOf(["true", "false"]))


class FundWords(Schema):
    """How a hold is to be funded."""

    method = fields.String(required=True, validate=validate.OneOf(METHODS))


class WithholdingWords(Schema):
    """Whether income tax is to be kept back of what the worker gets."""

    applies = fields.Boolean(required=True, truthy={True}, falsy={False})


class HoldListArgs(web.PageArgs):
    """Which holds: `ref` is a contract or a job."""

    ref = web.Text(40, line=True, load_default=None)


class PayoutWords(Schema):
    """How much is to be paid out."""

    amount = web.MoneyField(required=True)


class WalletArgs(Schema):
    """Which of a member's wallets; by default the marketplace's own currency."""

    currency = fields.String(load_default=None, validate=validate.OneOf(list(CURRENCIES)))


class StatementArgs(web.PageArgs):
    """A part of a statement, or with `format=csv` all of it, oldest first."""

    currency = fields.String(load_default=None, validate=validate.OneOf(list(CURRENCIES)))
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]))


class ProofArgs(Schema):
    """`format=ndjson`, or Accept: application/x-ndjson, is the journal itself, for operators."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "ndjson"]))


class ProviderData(Schema):
    """Of which charge (`chg_...`) or payout (`pay_...`) a provider speaks."""

    id = fields.String(required=True, validate=validate.Regexp(r"^(chg|pay)_[0-9a-f]{32}\Z"))
    amount = web.MoneyField(required=True)
    reason = web.Text(500, least=0, load_default="")


class ProviderWords(Schema):
    """What a provider's webhook says: how a charge (`chg_...`) or payout (`pay_...`) went."""

    type = fields.String(required=True, validate=validate.OneOf(ANSWERS))
    data = fields.Nested(ProviderData(), required=True)

    @validates_schema
    def _fits(self, words: dict[str, Any], **_: Any) -> None:
        spoken_of = {"chg": "charge", "pay": "payout"}[words["data"]["id"][:3]]
        if words["type"].partition(".")[0] != spoken_of:
            raise ValidationError("Not the id of what the type speaks of.", "data")


# What they get


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


class _Stated(Schema):
    amount = web.MoneyShape(required=True)
    steps = fields.List(fields.Nested(StepShape()), required=True)


class QuoteShape(Schema):
    """What an amount means to both sides, by every step.

    `stated`: what was asked for without its consumption tax, and how `amount` came of it.
    """

    stated = fields.Nested(_Stated(), required=False)

    amount = web.MoneyShape(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    profile = fields.String(required=True)
    schedule = fields.Nested(ScheduleShape(), required=True)
    client = fields.Nested(ClientSideShape(), required=True)
    worker = fields.Nested(WorkerSideShape(), required=True)


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


class SumsShape(Schema):
    """Sums in one currency, in minor units."""

    total = fields.Integer(required=True, metadata={"description": "always 0"})
    held = fields.Integer(required=True)
    wallets = fields.Integer(required=True)
    payouts = fields.Integer(required=True)
    fees = fields.Integer(required=True)
    tax = fields.Integer(required=True)
    provider = fields.Integer(required=True)


class ProofShape(Schema):
    """Sums over the journal per currency, minor units; `head` is the last seal's hash."""

    currencies = fields.Dict(keys=fields.String(), values=fields.Nested(SumsShape()), required=True)
    entries = fields.Integer(required=True)
    head = fields.String(required=True)


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
        "quote": hold.quote.words(),
        "opened_at": hold.opened_at,
        "next": holds.next_step(hold),
        "actions": [fund] if hold.state not in holds.FINAL else [],
    }


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


def statement_csv(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return a statement as CSV, a row at a time; no cell is ever a formula."""
    yield _row(COLUMNS)
    for line in lines:
        amount = line["amount"].amount
        steps = "; ".join(
            f"{s['name']} {s['base']} x {s['rate']} = {s['amount']}" for s in line["steps"]
        )
        yield _row(
            (
                clock.text(line["at"]),
                line["id"],
                line["kind"],
                line["ref"],
                max(amount, 0) or "",
                max(-amount, 0) or "",
                line["balance"].amount,
                line["amount"].currency,
                steps,
            )
        )


def _row(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_safe(str(cell)) for cell in cells])
    return out.getvalue()


def _safe(cell: str) -> str:
    """A spreadsheet computes a cell that begins like a formula; a quote makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
