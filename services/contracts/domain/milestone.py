"""A milestone: one part of a contract with its own amount, deadline and hold."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.money import Money
from shared.moves import IGNORE, Moves

OVERDUE_TIME = timedelta(days=14)
"""From the notice on: both silent so long, and the contract is cancelled with a refund."""
ASK_AGAIN = timedelta(minutes=10)
"""A state that waits for escrow says its fact again after this."""

STATES = (
    "pending",
    "funded",
    "delivered",
    "changes_requested",
    "accepted",
    "paid",
    "refunded",
    "split",
)
MOVES: Moves = {
    "deliver": {"funded": "delivered", "changes_requested": "delivered"},
    "recall": {"delivered": "funded"},
    "accept": {"delivered": "accepted"},  # by the client, or by silence at accept_at
    "request_changes": {"delivered": "changes_requested"},
}
HEARD: Moves = {
    "escrow.funded": {
        "pending": "funded",
        "funded": IGNORE,
        "delivered": IGNORE,
        "changes_requested": IGNORE,
        "accepted": IGNORE,
        "paid": IGNORE,
        "refunded": IGNORE,
        "split": IGNORE,
    },
    "escrow.released": {
        # Escrow releases only what was accepted; it can be heard first when ours is on its way.
        "pending": IGNORE,
        "funded": IGNORE,
        "delivered": IGNORE,
        "changes_requested": IGNORE,
        "accepted": "paid",
        "paid": IGNORE,
        "refunded": IGNORE,
        "split": IGNORE,
    },
    "escrow.refunded": {
        # Funded in the moment it was cancelled: the refund may be heard before the funding.
        "pending": "refunded",
        "funded": "refunded",
        "delivered": "refunded",
        "changes_requested": "refunded",
        "accepted": IGNORE,  # the rest of a partial acceptance; the released part decides
        "paid": IGNORE,
        "refunded": IGNORE,
        "split": IGNORE,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """`n` counts from 1; `fund_by` is set when it is its turn to be funded.

    `note` and `links` are the present delivery's; earlier ones are in the facts. `told_overdue_at`
    is when both were told that the deadline has passed; `ask_at` when escrow is asked again.
    """

    n: int
    title: str
    amount: Money
    deliver_by: datetime
    hold_id: str
    state: str = "pending"
    fund_by: datetime | None = None
    funded_at: datetime | None = None
    delivered_at: datetime | None = None
    accept_at: datetime | None = None
    note: str = ""
    links: tuple[str, ...] = ()
    changes_note: str = ""
    rounds: int = 0
    told_overdue_at: datetime | None = None
    released: Money | None = None
    accepted_by: str | None = None
    ask_at: datetime | None = None


def wake(m: Milestone) -> datetime | None:
    """Return when silence has a consequence for this milestone of an active contract."""
    match m.state:
        case "pending":
            return m.fund_by
        case "funded" | "changes_requested":
            told = m.told_overdue_at
            return told + OVERDUE_TIME if told else m.deliver_by
        case "delivered":
            return m.accept_at
        case "accepted":
            return m.ask_at
    return None
