"""The outside: payment providers, one adapter a file.

Every call carries our own id of the intent, which is the provider's idempotency key: asked twice, a
provider acts once and says the same. An adapter that gets no answer says `unknown`; the intent is
kept, and the worker asks again.
"""

from dataclasses import dataclass
from typing import Protocol

from shared.money import Money


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's word: `confirmed declined` of a charge, `sent paid failed` of a payout.

    `unknown`: it does not know yet, or did not answer.
    """

    state: str
    reason: str = ""


class Provider(Protocol):
    """What the product needs of a payment provider."""

    name: str

    def charge(self, id_: str, amount: Money, method: str) -> Answer:
        """Take this amount from the client by `method`, once for this id."""
        ...

    def account(self, id_: str) -> str:
        """Return the number of the virtual account that is only for this hold.

        :raises Invalid: `method_not_available`: it takes no bank transfers
        """
        ...

    def payout(self, id_: str, amount: Money) -> Answer:
        """Send this amount to the member, once for this id."""
        ...

    def ask(self, id_: str, amount: Money) -> Answer:
        """Say how a charge or payout stands."""
        ...
