"""Statements as pages that need nothing else and print on paper, in Japanese and in English.

Each line has its own anchor, the id of its journal entry, and below it the steps that lead to it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.escrow.profiles import JAPAN
from shared.money import CURRENCIES, Money

LINES_MAX = 1_000
"""So many of the last lines stand on a page; all are in the CSV."""

_JA = {
    "title": "取引明細",
    "date": "日付",
    "what": "内容",
    "ref": "対象",
    "amount": "金額",
    "balance": "残高",
    "shown": "明細の行数",
    "nothing": "取引はありません。",
    "foot": "時刻は日本時間です。各行の下に計算の内訳を示します。",
    "opening": "月初残高",
    "closing": "月末残高",
    "received": "入金合計",
    "spent": "出金合計",
    "qualified": "適格請求書",
    "not_qualified": "適格請求書ではありません(発行者の登録番号が設定されていません)",
    "issuer": "発行者",
    "number": "登録番号",
    "fees": "システム手数料(税込)",
    "without_tax": "うち税抜額",
    "tax": "うち消費税",
    "returned": "返金に伴う手数料の返還額(税込)",
    "paid_by_card": "カードでのお支払い",
    "withheld": "源泉徴収税額",
    "deductible": "免税事業者からの仕入れに係る控除割合",
    "rounding": {"floor": "端数切捨て", "exact": ""},
    "kinds": {
        "fund": "仮払い",
        "tip": "チップ",
        "released": "報酬",
        "split": "報酬(一部)",
        "refunded": "返金",
        "deposit": "入金",
        "payout": "出金申請",
        "payout_failed": "出金の不成立による戻し",
        "payout_returned": "銀行からの組戻し",
        "payout_set_aside": "退会後の組戻しの別管理",
        "chargeback_recovered": "チャージバックの精算",
        "chargeback_reversed": "チャージバックの取消し",
    },
    "steps": {
        "system_fee": "システム手数料",
        "task_fee": "システム手数料(タスク)",
        "client_fee": "発注者手数料",
        "service_fee": "サービス手数料",
        "tax_on_fee": "手数料の消費税",
        "tax_on_task_fee": "手数料の消費税",
        "withholding_tax": "源泉徴収税",
        "amount_returned": "契約金額の返金",
        "fee_returned": "手数料の返金",
    },
}
_EN = {
    "title": "Statement",
    "date": "Date",
    "what": "What",
    "ref": "For",
    "amount": "Amount",
    "balance": "Balance",
    "shown": "Lines shown",
    "nothing": "Nothing has moved.",
    "foot": "Times are those of Japan. Below each line stand the steps that lead to it.",
    "opening": "Opening balance",
    "closing": "Closing balance",
    "received": "Received",
    "spent": "Spent",
    "qualified": "Qualified invoice (適格請求書)",
    "not_qualified": "Not a qualified invoice: the issuer's registration number is not set",
    "issuer": "Issuer",
    "number": "Registration number",
    "fees": "System fees, tax included",
    "without_tax": "of it without tax",
    "tax": "of it consumption tax",
    "returned": "Fees returned with refunds, tax included",
    "paid_by_card": "Paid by card",
    "withheld": "Income tax withheld",
    "deductible": "Deductible share where the supplier is not registered",
    "rounding": {"floor": "rounded down", "exact": ""},
    "kinds": {
        "fund": "Paid into escrow",
        "tip": "Tip",
        "released": "Reward",
        "split": "Reward, in part",
        "refunded": "Refund",
        "deposit": "Deposit",
        "payout": "Payout asked for",
        "payout_failed": "Payout failed: given back",
        "payout_returned": "Payout returned by the bank",
        "payout_set_aside": "Returned after the member had left: set aside",
        "chargeback_recovered": "Chargeback settled",
        "chargeback_reversed": "Chargeback reversed",
    },
    "steps": {
        "system_fee": "System fee",
        "task_fee": "System fee (task)",
        "client_fee": "Client's fee",
        "service_fee": "Service fee",
        "tax_on_fee": "Tax on the fee",
        "tax_on_task_fee": "Tax on the fee",
        "withholding_tax": "Income tax withheld",
        "amount_returned": "Agreed amount returned",
        "fee_returned": "Fee returned",
    },
}
_SAYS: Mapping[str, Mapping[str, Any]] = MappingProxyType({"ja": _JA, "en": _EN})


def statement(lines: Sequence[Mapping[str, Any]], balance: Money, locale: str) -> str:
    """Return a wallet's statement: these lines, oldest first, and the balance now."""
    return _page("statement", locale, head="", lines=lines, closing=balance)


def month(said: Mapping[str, Any], locale: str) -> str:
    """Return a month's statement with its invoice (`invoices.month_of`)."""
    return _page("month", locale, head=said["month"], **said)


def _page(name: str, locale: str, **words: Any) -> str:
    return _TEMPLATES.get_template(f"{name}.html").render(say=_SAYS[locale], locale=locale, **words)


def _money(money: Money) -> str:
    """Say 75,000 JPY, or 10.50 USD."""
    digits = CURRENCIES[money.currency]
    if not digits:
        return f"{money.amount:,} {money.currency}"
    sign, whole = "-" if money.amount < 0 else "", abs(money.amount)
    units, rest = divmod(whole, 10**digits)
    return f"{sign}{units:,}.{rest:0{digits}} {money.currency}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}"


def _percent(rate: str) -> str:
    return f"{float(Fraction(rate) * 100):g} %"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"money": _money, "day": _day, "percent": _percent}
