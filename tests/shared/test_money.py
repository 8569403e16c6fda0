"""Money is a whole number of minor units, and never of two currencies."""

from typing import Any

import pytest
from bson import Int64
from hypothesis import given
from hypothesis import strategies as st

from shared.money import AMOUNT_MAX, CURRENCIES, Money
from shared.store import Db

AMOUNTS = st.integers(-AMOUNT_MAX, AMOUNT_MAX)


@pytest.mark.pure
@pytest.mark.parametrize("amount", [1.0, 0.5, "1", True, None, float("nan")])
def test_an_amount_that_is_not_whole_is_refused(amount: Any) -> None:
    with pytest.raises(TypeError):
        Money(amount)


@pytest.mark.pure
def test_a_currency_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        Money(1, "XXX")


@pytest.mark.pure
def test_two_currencies_never_mix_in_one_sum() -> None:
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "JPY") + Money(1, "USD")
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "JPY") - Money(1, "USD")


@pytest.mark.pure
@given(AMOUNTS, AMOUNTS, st.sampled_from(sorted(CURRENCIES)))
def test_what_is_added_and_taken_away_again_leaves_the_same(a: int, b: int, of: str) -> None:
    assert Money(a, of) + Money(b, of) - Money(b, of) == Money(a, of)


@pytest.mark.pure
@given(AMOUNTS, st.sampled_from(sorted(CURRENCIES)))
def test_money_comes_back_as_it_was_said(amount: int, of: str) -> None:
    assert Money.of(Money(amount, of).words()) == Money(amount, of)


@pytest.mark.parametrize("amount", [0, 1, 2**31 - 1, 2**31, AMOUNT_MAX, 2 * AMOUNT_MAX])
def test_money_of_any_size_comes_back_from_a_document(db: Db, amount: int) -> None:
    db["money"].insert_one({"_id": 1, **Money(amount).words()})
    kept = db["money"].find_one({"_id": 1})
    assert kept is not None

    money = Money.of(kept)

    assert money == Money(amount)
    assert type((money + Money(1)).amount) is int


@pytest.mark.pure
def test_money_holds_a_plain_number_whatever_kind_of_integer_came() -> None:
    assert type(Money(Int64(5)).amount) is int
