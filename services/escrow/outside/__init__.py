"""The outside: payment providers, one adapter a file.

Every call carries our own id of the intent, which is the provider's idempotency key: asked twice, a
provider acts once and says the same. An adapter that gets no answer says `unknown`; the intent is
kept, and the worker asks again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An intent of ours as a provider hears of it: a charge (`chg_...`) or payout (`pay_...`).

    `since` is when it was kept, `at` when this is asked; `ref` the provider's own id, once it has
    told. `source`: what the provider's form in the client's browser gave for a card. `to`: the
    destination of a payout, `sent` when the provider has taken it on. `attempt` counts its refusals
    that were not for good.
    """

    id: str
    amount: Money
    since: datetime
    at: datetime
    about: str = ""
    source: str = ""
    ref: str = ""
    to: str = ""
    sent: bool = False
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's word: `confirmed declined` of a charge, `sent paid failed` of a payout.

    `unknown`: it does not know yet, or did not answer. `not_now`: nothing was done, and it may be
    asked again. `secret`: with it the client's browser goes on with the charge, which waits for it.
    """

    state: str
    reason: str = ""
    ref: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a provider tells by itself: `what` happened to which charge, payout or transfer.

    `id` is ours, of a transfer the provider's; `ref` the provider's own id of a charge.
    """

    what: str
    id: str = ""
    ref: str = ""
    amount: Money | None = None
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a member is paid out to: `not_needed missing open ready`; `url`: where to go on."""

    state: str
    ref: str = ""
    url: str = ""


class Provider(Protocol):
    """What the product needs of a payment provider."""

    name: str

    def charge(self, asked: Asked) -> Answer:
        """Take this amount from the client by card, once for this id, or say how that stands."""
        ...

    def give_up(self, asked: Asked) -> Answer:
        """Let nobody go on with a charge that waits for the client; say how it stands then."""
        ...

    def account(self, id_: str) -> str:
        """Return the number of the virtual account that is only for this hold.

        :raises Invalid: `method_not_available`: it takes no bank transfers
        """
        ...

    def payout(self, asked: Asked) -> Answer:
        """Send this amount to the member, once for this id, or say how that stands."""
        ...

    def destination(self, ref: str) -> Destination:
        """Say whether a member can be paid out to; `ref` is empty when there is none yet."""
        ...

    def onboard(self, member_id: str, ref: str, return_url: str) -> Destination:
        """Return where the member tells the provider who they are and what their bank is.

        :raises Unavailable: it does not answer
        """
        ...
