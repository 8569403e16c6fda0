"""A milestone: one part of a contract with its own amount, deadline and hold.

Of hourly work each week is one: what it may cost at most is held, and what of that its hours come
to is accepted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.domain.times import timers
from services.contracts.domain.week import Week
from shared.money import Money
from shared.moves import IGNORE, Moves

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
HELD = ("funded", "delivered", "changes_requested")
"""Its money is held and nobody has decided yet whose it is."""
ENDED = ("paid", "refunded", "split")
MOVES: Moves = {
    "deliver": {"funded": "delivered", "changes_requested": "delivered"},
    "recall": {"delivered": "funded"},
    "accept": {"delivered": "accepted"},  # by the client, or by silence at accept_at
    "request_changes": {"delivered": "changes_requested"},
}
MOVES_OF_WEEK: Moves = {
    "note_time": {"funded": "funded", "changes_requested": "changes_requested"},
    "submit": {"funded": "delivered", "changes_requested": "delivered"},  # or by silence
    "recall": {"delivered": "funded"},
    "send_back": {"delivered": "changes_requested"},
    "approve": {"delivered": "accepted"},  # by the client, or by silence at accept_at
    "close": {"funded": "accepted", "changes_requested": "accepted"},  # without an hour
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
        "pending": IGNORE,
        **dict.fromkeys(HELD, "paid"),  # a dispute or a cancellation gave the worker all of it
        "accepted": "paid",
        **dict.fromkeys(ENDED, IGNORE),
    },
    "escrow.released split": {
        "pending": IGNORE,
        **dict.fromkeys(HELD, "split"),
        "accepted": "paid",  # in part, with the reason for it
        **dict.fromkeys(ENDED, IGNORE),
    },
    "escrow.refunded": {
        # Funded in the moment it was cancelled: the refund may be heard before the funding.
        "pending": "refunded",
        **dict.fromkeys(HELD, "refunded"),
        "accepted": "refunded",  # what was accepted is released, unless escrow was faster
        **dict.fromkeys(ENDED, IGNORE),
    },
    "escrow.refunded split": {
        "pending": IGNORE,
        **dict.fromkeys(HELD, "split"),
        "accepted": IGNORE,  # the rest of a partial acceptance; the released part decides
        **dict.fromkeys(ENDED, IGNORE),
    },
}
"""`split`: the hold was divided; escrow says both parts, and the first that is heard moves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """`n` counts from 1; `fund_by` is set when it is its turn to be funded.

    `note` and `links` are the present delivery's; earlier ones are in the facts. `told_overdue_at`
    is when both were told that the deadline has passed; `ask_at` when escrow is asked again.
    `decided` is what of a held milestone an agreement or a decision gives to the worker.
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
    decided: Money | None = None
    week: Week | None = None

    @property
    def at_stake(self) -> Money:
        """Return what of it the two could disagree on: of a week what its hours come to."""
        return self.week.pay if self.week else self.amount


def wake(m: Milestone) -> datetime | None:
    """Return when silence has a consequence for this milestone of an active contract."""
    match m.state:
        case "pending":
            return m.fund_by
        case "funded" if m.week and not m.week.followed:
            return m.week.starts_at
        case "funded" | "changes_requested" if m.week:
            return m.deliver_by
        case "funded" | "changes_requested":
            told = m.told_overdue_at
            return told + timers().overdue_silence if told else m.deliver_by
        case "delivered":
            return m.accept_at
        case "accepted":
            return m.ask_at
    return None
