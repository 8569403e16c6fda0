"""A member's month: the lines of the wallet, and what of them an invoice must say.

The marketplace's fee is its own supply to the member: who issued it, under which registration
number, at which rate, and how much of it is consumption tax. Where a schedule has the tax within
the fee it is worked out of the sum of the month once, rounded down, as the law has it for an
invoice; where it takes the tax by itself, what was taken stands. A client's fee counts in the month
in which it was paid, from the wallet or by card; what of fees went back with refunds is said apart.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from services.escrow import queries
from services.escrow.domain.quote import rate_text
from services.escrow.profiles import JAPAN, Invoicing
from shared.documents import Doc
from shared.money import Money
from shared.store import Db

FEES = "fees"
TAX = "tax:consumption"
RETURNED = "fee_returned"
WITHHELD = "tax:withholding"


def month_of(
    db: Db, member_id: str, currency: str, *, month: str, invoicing: Invoicing
) -> dict[str, Any]:
    """Return the statement of a month (`2026-12`, in Japan's time) with its invoice."""
    first, after = _bounds(month)
    before, lines, kept = 0, [], []
    for entry, line in queries.booked(db, member_id, currency):
        if entry["at"] < first:
            before = line["balance"]
        elif entry["at"] < after:
            lines.append(queries.line_words(entry, line))
            kept.append(line)
    moved = [line["amount"] for line in kept]
    paid = queries.card_payments(db, member_id, currency, first=first, after=after)
    return {
        "month": month,
        "currency": currency,
        "opening": Money(before, currency),
        "closing": Money(before + sum(moved), currency),
        "received": Money(sum(m for m in moved if m > 0), currency),
        "spent": Money(-sum(m for m in moved if m < 0), currency),
        "withheld": Money(_taken(kept, WITHHELD), currency),
        "invoice": _invoice([*kept, *paid], currency, after, invoicing),
        "paid_by_card": [{**each, "steps": queries.shown(each["steps"])} for each in paid],
        "lines": lines,
    }


def _bounds(month: str) -> tuple[datetime, datetime]:
    year, number = (int(part) for part in month.split("-"))
    first = datetime(year, number, 1, tzinfo=JAPAN)
    return first, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=JAPAN)


def _taken(lines: Iterable[Doc], account: str) -> int:
    steps = [step for line in lines for step in line.get("steps", ())]
    return sum(int(step["amount"]) for step in steps if step["account"] == account)


def _invoice(
    lines: list[Doc], currency: str, after: datetime, invoicing: Invoicing
) -> dict[str, Any]:
    fees, added = _taken(lines, FEES), _taken(lines, TAX)
    rate = invoicing.rate
    tax = added or fees * rate.numerator // (rate.denominator + rate.numerator)
    steps = [step for line in lines for step in line.get("steps", ())]
    returned = sum(int(step["amount"]) for step in steps if step["name"] == RETURNED)
    last_day: date = date.fromordinal(after.date().toordinal() - 1)
    return {
        "issuer": invoicing.issuer,
        "number": invoicing.number,
        "qualified": bool(invoicing.number),
        "rate": rate_text(rate),
        "fees": Money(fees + added, currency),
        "tax": Money(tax, currency),
        "without_tax": Money(fees + added - tax, currency),
        "returned": Money(returned, currency),
        "deductible_if_unregistered": rate_text(invoicing.deductible(last_day)),
    }
