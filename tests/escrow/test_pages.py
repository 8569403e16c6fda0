"""Statements as pages: whatever is in a line is text, and every step stands below its line."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.escrow import pages
from services.escrow.domain import funding, settlement
from shared.money import Money
from tests.escrow.builders import CLIENT, NOW, RICH, a_hold

pytestmark = pytest.mark.pure

STEP = {"name": "system_fee", "base": 75_000, "rate": "0.05", "amount": 3_750, "note": "<b>5 %"}


def a_line(**over: Any) -> dict[str, Any]:
    return {
        "id": "hld_1:resolve",
        "at": datetime(2026, 12, 1, 20, 0, tzinfo=UTC),
        "amount": Money(71_250),
        "balance": Money(71_250),
        "kind": "released",
        "ref": "con_1",
        "steps": [{**STEP, "rounding": "floor"}],
        **over,
    }


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("ja", ("報酬", "システム手数料", "端数切捨て", "2026-12-02 05:00")),
        ("en", ("Reward", "System fee", "rounded down", "75,000 × 0.05 = 3,750")),
    ],
)
def test_a_line_is_told_with_its_steps(locale: str, says: tuple[str, ...]) -> None:
    page = pages.statement([a_line()], Money(71_250), locale)
    assert all(words in page for words in (*says, 'id="hld_1:resolve"', "71,250 JPY"))
    assert "&lt;b&gt;5 %" in page
    assert "<script" not in page


def test_what_has_no_words_is_said_as_it_is_and_dollars_have_cents() -> None:
    line = a_line(kind="new_kind", amount=Money(-1_050, "USD"), balance=Money(5, "USD"), steps=[])
    page = pages.statement([line], Money(5, "USD"), "en")
    assert all(words in page for words in ("new_kind", "-10.50 USD", "0.05 USD"))
    assert "Nothing has moved." in pages.statement([], Money(0), "en")


@pytest.mark.parametrize("part", [0, 1, 33_333, 74_999])
def test_a_refund_explains_itself(part: int) -> None:
    funded = funding.from_wallet(a_hold(amount=75_000, fees=RICH), by=CLIENT, now=NOW)[0]
    _, _, entry = settlement.release(funded, amount=Money(part), cause="x", now=NOW)
    assert entry is not None
    back = next(line for line in entry.lines if line.account == f"wallet:{CLIENT}")
    assert sum(step.amount for step in back.steps) == back.amount
    for step in back.steps:
        numerator, _, denominator = step.rate.partition("/")
        if "." not in step.rate:
            assert step.amount == step.base * int(numerator) // int(denominator or 1)
