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
CLIENT_HAS = timedelta(days=1)
"""How long the client's browser has to go on with a charge; then it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An attempt; `ask_at` is when the provider is asked again about its answer.

    `source`: what the provider's form in the client's browser gave for a card. `ref`: the
    provider's own id. `secret`: with it the client's browser goes on with a charge that waits.
    """

    id: str
    provider: str
    amount: Money
    asked_at: datetime
    ask_at: datetime
    tries: int = 0
    state: str = "asked"
    reason: str = ""
    source: str = ""
    ref: str = ""
    secret: str = ""


def intend(id_: str, *, provider: str, amount: Money, now: datetime, source: str = "") -> Charge:
    """Return a charge that is about to be made."""
    return Charge(
        id=id_,
        provider=provider,
        amount=amount,
        asked_at=now,
        ask_at=now + FIRST_ASK,
        source=source,
    )


def answered(charge: Charge, answer: str, *, reason: str = "", ref: str = "") -> Charge:
    """Return the charge as the provider's `charge.confirmed` or `charge.declined` leaves it.

    :raises Ignored: it was heard before
    """
    state = moves.heard(HEARD, charge.state, answer)
    return replace(charge, state=state, reason=reason, ref=ref or charge.ref, secret="")


def unanswered(charge: Charge, *, now: datetime, ref: str = "", secret: str = "") -> Charge:
    """Return the charge when the provider does not know yet: asked again less and less often."""
    wait = min(FIRST_ASK * 2 ** min(charge.tries + 1, 20), LAST_ASK)
    known = replace(charge, ref=ref or charge.ref, secret=secret or charge.secret)
    return replace(known, tries=charge.tries + 1, ask_at=now + wait)
