"""A charge: one attempt to take a client's money through a payment provider.

It is kept before the provider is asked, under an id that is also the provider's idempotency key, so
that asking again, after whatever crash, can never take the money twice.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared import moves
from shared.money import Money
from shared.moves import IGNORE, Moves

STATES = ("asked", "confirmed", "declined")
CHARGES_MAX = 20

# A provider that declined and confirms after all has taken the money: that is booked.
HEARD: Moves = {
    "charge.confirmed": {"asked": "confirmed", "declined": "confirmed", "confirmed": IGNORE},
    "charge.declined": {"asked": "declined", "declined": IGNORE, "confirmed": IGNORE},
}

FIRST_ASK = timedelta(seconds=5)
LAST_ASK = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An attempt; `ask_at` is when the provider is asked again about its answer."""

    id: str
    provider: str
    amount: Money
    asked_at: datetime
    ask_at: datetime
    tries: int = 0
    state: str = "asked"
    reason: str = ""


def intend(id_: str, *, provider: str, amount: Money, now: datetime) -> Charge:
    """Return a charge that is about to be made."""
    return Charge(id=id_, provider=provider, amount=amount, asked_at=now, ask_at=now + FIRST_ASK)


def answered(charge: Charge, answer: str, *, reason: str = "") -> Charge:
    """Return the charge as the provider's `charge.confirmed` or `charge.declined` leaves it.

    :raises Ignored: it was heard before
    """
    return replace(charge, state=moves.heard(HEARD, charge.state, answer), reason=reason)


def unanswered(charge: Charge, *, now: datetime) -> Charge:
    """Return the charge when the provider does not know yet: asked again less and less often."""
    wait = min(FIRST_ASK * 2 ** min(charge.tries + 1, 20), LAST_ASK)
    return replace(charge, tries=charge.tries + 1, ask_at=now + wait)
