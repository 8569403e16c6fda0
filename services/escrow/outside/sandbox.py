"""A payment provider that moves no money, for trying the product out.

It confirms a card at once, takes a payout on at once and has paid it when it is asked again.
It remembers nothing: its answers follow from the id and the amount alone, and stay the same through
any crash. Failures come on demand, by amounts that nobody agrees on by chance (minor units):

* a charge of   402,402  is declined
* a charge of   408,408  is not answered
* a payout of   404,404  fails
* a payout of   408,408  is sent and never heard of again
"""

import hashlib

from services.escrow.outside import Answer
from shared.money import Money

DECLINED = 402_402
FAILED = 404_404
SILENT = 408_408


class Sandbox:
    """The sandbox provider."""

    name = "sandbox"

    def charge(self, id_: str, amount: Money, method: str) -> Answer:
        """Confirm a card at once."""
        return self.ask(id_, amount)

    def account(self, id_: str) -> str:
        """Return 14 digits that come from the id; a webhook says when something was paid in."""
        digits = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8]) % 10**14
        return f"{digits:014}"

    def payout(self, id_: str, amount: Money) -> Answer:
        """Take a payout on."""
        return Answer("sent")

    def ask(self, id_: str, amount: Money) -> Answer:
        """Say how it stands: charges have ids `chg_...`, payouts `pay_...`."""
        if amount.amount == SILENT:
            return Answer("unknown")
        if id_.startswith("pay_"):
            failed = amount.amount == FAILED
            return Answer("failed", "the bank does not know the account") if failed else PAID
        declined = amount.amount == DECLINED
        return Answer("declined", "the card was declined") if declined else CONFIRMED


CONFIRMED = Answer("confirmed")
PAID = Answer("paid")
