"""What callers of escrow send."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.escrow.domain.schedule import MODES
from shared import web
from shared.languages import LANGUAGES
from shared.money import AMOUNT_MAX, CURRENCIES

METHODS = ("wallet", "card", "bank_transfer")
ANSWERS = ("charge.confirmed", "charge.declined", "payout.sent", "payout.paid", "payout.failed")
CHARGED_BACK = ("charge.charged_back", "charge.chargeback_reversed")


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
    # What the provider's own form in the browser gave for a card (Stripe: `pm_...`).
    source = web.Text(200, line=True, least=0, load_default="")


class DestinationWords(Schema):
    """Where the provider leads a member back to."""

    return_url = web.Link(load_default=None)


class WithholdingWords(Schema):
    """Whether income tax is to be kept back of what the worker gets."""

    applies = web.Flag(required=True)


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
    """A part of a statement; with `format=csv` all of it, `html` the end of it as a page to print.

    Both have the oldest first.
    """

    currency = fields.String(load_default=None, validate=validate.OneOf(list(CURRENCIES)))
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv", "html"]))
    locale = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


class ProofArgs(Schema):
    """`format=ndjson`, or Accept: application/x-ndjson, is the journal itself, for operators."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "ndjson"]))


class TransferData(Schema):
    """One bank transfer, by the provider's own id."""

    id = web.Text(100, line=True, required=True)
    reference = web.Text(64, line=True, required=True)
    amount = web.MoneyField(required=True)


class DepositWords(Schema):
    """What a provider's webhook says of a bank transfer; `id` is the provider's own."""

    type = fields.String(required=True, validate=validate.Equal("deposit.received"))
    data = fields.Nested(TransferData(), required=True)


class MatchWords(Schema):
    """Whose a deposit is: for a hold, or simply a member's."""

    hold_id = web.IdField("hld", load_default=None)
    member_id = web.IdField("mem", load_default=None)


class OpsListArgs(web.PageArgs):
    """Which deposits or chargebacks an operator wants to see."""

    state = web.Text(20, line=True, load_default=None)


class ProviderData(Schema):
    """Of which charge (`chg_...`) or payout (`pay_...`) a provider speaks."""

    id = fields.String(required=True, validate=validate.Regexp(r"^(chg|pay)_[0-9a-f]{32}\Z"))
    amount = web.MoneyField(required=True)
    reason = web.Text(500, least=0, load_default="")


class ProviderWords(Schema):
    """What a provider's webhook says: how a charge (`chg_...`) or payout (`pay_...`) went."""

    type = fields.String(required=True, validate=validate.OneOf(ANSWERS + CHARGED_BACK))
    data = fields.Nested(ProviderData(), required=True)

    @validates_schema
    def _fits(self, words: dict[str, Any], **_: Any) -> None:
        spoken_of = {"chg": "charge", "pay": "payout"}[words["data"]["id"][:3]]
        if words["type"].partition(".")[0] != spoken_of:
            raise ValidationError("Not the id of what the type speaks of.", "data")


class MonthArgs(WalletArgs):
    """How a month's statement is wanted: `html` is a page to print, in one of two languages."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "html"]))
    locale = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))
