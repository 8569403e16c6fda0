"""A hold: a client's money for one piece of work, kept aside until the work is settled.

It waits for the client while `opened` (the contract's own timer cancels it), then for its contract,
whose answer ends it: released to the worker, refunded to the client, or split. How it is funded is
in `funding`, how it ends in `settlement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.escrow.domain.charge import CLIENT_HAS, Charge
from services.escrow.domain.quote import Quote
from services.escrow.domain.schedule import Schedule
from shared import clock
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome

STATES = ("opened", "funded", "released", "refunded", "split", "cancelled")
FINAL = ("released", "refunded", "split", "cancelled")

MOVES: Moves = {
    # A part of a job's hold, while something is left in it.
    "part": {"funded": "funded"},
    "charge": {"opened": "opened"},
    "requote": {"opened": "opened"},
    "fund": {"opened": "funded"},
    "release": {"funded": "released"},
    "refund": {"funded": "refunded"},
    "split": {"funded": "split"},
    "cancel": {"opened": "cancelled"},
}

_AGAIN = {state: state for state in FINAL}
_SETTLED = {"opened": LATER, "funded": "released", **_AGAIN}
_PART = {"opened": LATER, "funded": "funded", **_AGAIN}
HEARD: Moves = {
    "job.submitted_for_funding": dict.fromkeys(STATES, IGNORE),
    "milestone.added": dict.fromkeys(STATES, IGNORE),
    "week.planned": dict.fromkeys(STATES, IGNORE),
    "tip.given": dict.fromkeys(STATES, IGNORE),
    # Only what waits for its money is quoted anew; else hold.refused is said.
    "milestone.changed": {state: state for state in STATES},
    # What leaves a job's hold leaves it in parts; of one that is empty hold.refused is said.
    "assignment.approved": _PART,
    "slot.closed": _PART,
    "job.closed": _PART,
    # What ends it: `released`, `refunded` or `split`, as the amounts decide.
    "competition.awarded": _SETTLED,
    "competition.split": _SETTLED,
    "competition.void": _SETTLED,
    "dispute.settled": _SETTLED,
    "dispute.decided": _SETTLED,
    "job.cancelled": {"opened": "cancelled", "funded": "refunded", **_AGAIN},
    # Heard again, or after all that followed from it: the hold is there.
    "contract.formed": dict.fromkeys(STATES, IGNORE),
    # Funded in a crossing with the cancellation: the money goes back. A hold that has ended stays
    # as it is, and says again how it ended to a contract that says its fact again.
    "contract.cancelled": {"opened": "cancelled", "funded": "refunded", **_AGAIN},
    # `released`, or `split` where only a part was accepted: the amount decides.
    "delivery.accepted": _SETTLED,
    # The hours of a week: the amount decides, and nobody's hours refund all of it.
    "sheet.approved": _SETTLED,
    "week.closed": _SETTLED,
    # The provider's answers. Money taken for a hold that does not wait for it any more is the
    # client's: it goes to their wallet, and the hold stays as it is.
    "charge.confirmed": {"opened": "funded", "funded": "funded", **_AGAIN},
    "charge.declined": {s: s for s in STATES},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The money of one milestone (`milestone` counts from 1; 0: of a job, or a tip)."""

    id: str
    ref: str
    milestone: int
    client_id: str
    worker_id: str | None
    title: str
    amount: Money
    quote: Quote
    schedule: Schedule
    opened_at: datetime
    released: Money
    refunded: Money
    fund_by: datetime | None = None
    state: str = "opened"
    # A tip is the worker's in the moment it is funded.
    tip: bool = False
    # Income tax is kept back of what a worker who is an individual gets.
    withheld: bool = False
    # What the client pays on top and is not settled yet: ledger account -> minor units.
    client_fee: Mapping[str, int] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    # The virtual account to which it may be paid by bank transfer: (provider, number).
    transfer: tuple[str, str] | None = None
    # How it ended, as it was said, and the id of the event that last was answered with it.
    outcome: tuple[Fact, ...] = ()
    answered: str = ""

    @property
    def account(self) -> str:
        """Return the ledger account whose balance this document is."""
        return f"hold:{self.id}"

    @property
    def held(self) -> int:
        """Return what the ledger holds for it, in minor units."""
        if self.state != "funded":
            return 0
        settled = self.released.amount + self.refunded.amount
        return self.amount.amount - settled + sum(self.client_fee.values())

    @property
    def asked(self) -> Charge | None:
        """Return the charge that the provider has not answered yet."""
        return next((c for c in self.charges if c.state == "asked"), None)


def opened(hold: Hold) -> Outcome[Hold]:
    """Return a new hold and that it was opened."""
    pays = hold.quote.client_pays.words()
    return hold, [Fact("hold.opened", {**words(hold), "client_pays": pays})]


def words(hold: Hold) -> dict[str, Any]:
    """Return what every fact about a hold says."""
    return {
        "hold_id": hold.id,
        "ref": hold.ref,
        "milestone": hold.milestone,
        "client_id": hold.client_id,
        "worker_id": hold.worker_id,
        "title": hold.title,
        "amount": hold.amount.words(),
    }


def next_step(hold: Hold) -> dict[str, Any] | None:
    """Return who must act, by when, and what silence leads to; None when it has ended.

    A funded hold waits for its contract, whose own `next` names the person and the deadline.
    """
    if hold.state == "opened" and hold.asked and hold.asked.secret:
        by = clock.text(hold.asked.asked_at + CLIENT_HAS)
        return {"actor": "client", "action": "confirm_payment", "by": by, "otherwise": "given_up"}
    if hold.state == "opened" and hold.asked:
        by = clock.text(hold.asked.ask_at)
        return {"actor": "system", "action": "ask_provider", "by": by, "otherwise": "asked_again"}
    if hold.state == "opened":
        fund_by = clock.text(hold.fund_by) if hold.fund_by else None
        return {"actor": "client", "action": "fund", "by": fund_by, "otherwise": "cancelled"}
    if hold.state == "funded":
        return {"actor": "system", "action": "settle", "by": None, "otherwise": None}
    return None


def ask_at(hold: Hold) -> datetime | None:
    """Return when the provider is to be asked about this hold's charge."""
    return hold.asked.ask_at if hold.asked else None
