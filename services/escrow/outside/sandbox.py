"""A payment provider that moves no money, for trying the product out.

It confirms a card at once, takes a payout on at once and has paid it when it is asked again.
It remembers nothing: its answers follow from the id and the amount alone, and stay the same through
any crash. Failures come on demand, by amounts that nobody agrees on by chance (minor units):

* a charge of   402,402  is declined
* a charge of   408,408  is not answered
* a payout of   404,404  fails
* a payout of   408,408  is sent and never heard of again

Delays too: what is not answered stays so until a signed webhook says how it went.
"""

import hashlib

from services.escrow.outside import Answer, Asked, Destination

DECLINED = 402_402
FAILED = 404_404
SILENT = 408_408


class Sandbox:
    """The sandbox provider."""

    name = "sandbox"

    def charge(self, asked: Asked) -> Answer:
        """Confirm a card at once."""
        if asked.amount.amount == SILENT:
            return UNKNOWN
        return Answer("declined", "the card was declined") if _is(asked, DECLINED) else CONFIRMED

    def give_up(self, asked: Asked) -> Answer:
        """Nothing here waits for the client's browser."""
        return self.charge(asked)

    def account(self, id_: str) -> str:
        """Return 14 digits that come from the id; a webhook says when something was paid in."""
        digits = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8]) % 10**14
        return f"{digits:014}"

    def payout(self, asked: Asked) -> Answer:
        """Take a payout on; say how it went when asked again."""
        if not asked.sent:
            return Answer("sent")
        if asked.amount.amount == SILENT:
            return UNKNOWN
        return (
            Answer("failed", "the bank does not know the account") if _is(asked, FAILED) else PAID
        )

    def destination(self, ref: str) -> Destination:
        """No destination is needed where no money moves."""
        return Destination("not_needed")

    def onboard(self, member_id: str, ref: str, return_url: str) -> Destination:
        """No destination is needed where no money moves."""
        return Destination("not_needed")


def _is(asked: Asked, amount: int) -> bool:
    return asked.amount.amount == amount


CONFIRMED = Answer("confirmed")
PAID = Answer("paid")
UNKNOWN = Answer("unknown")
