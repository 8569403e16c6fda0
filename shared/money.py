"""Money is an integer of minor units and a currency; shares are what is left over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AMOUNT_MAX = 10**12
CURRENCIES = {"JPY": 0, "USD": 2, "EUR": 2}
"""Currency -> digits after the point. JPY has none: 75000 is 75,000 yen."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (75000 JPY is 75,000 yen, 1050 USD is 10.50 dollars)."""

    amount: int
    currency: str = "JPY"

    def __post_init__(self) -> None:
        if not isinstance(self.amount, int) or isinstance(self.amount, bool):
            raise TypeError(f"money is an integer of minor units, not {self.amount!r}")
        if type(self.amount) is not int:  # MongoDB gives back 2^31 and more as its own Int64
            object.__setattr__(self, "amount", int(self.amount))
        if self.currency not in CURRENCIES:
            raise ValueError(f"unknown currency {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.amount

    def words(self) -> dict[str, Any]:
        """Return it as it is said in JSON and kept in documents."""
        return {"amount": self.amount, "currency": self.currency}

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> "Money":
        """Return the money that `words()` said."""
        return cls(words["amount"], words["currency"])
