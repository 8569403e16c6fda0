"""A hold: a client's money for one piece of work, kept aside until the work is settled.

It waits for the client while `opened` (the contract's own timer cancels it), then for its contract,
whose answer ends it: released to the worker, refunded to the client, or split. How it is funded is
in `funding`, how it ends in `settlement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.escrow.domain import quote as quotes
from services.escrow.domain.charge import Charge
from services.escrow.domain.quote import Quote
from services.escrow.domain.schedule import Schedule
from shared import clock
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome

STATES = ("opened", "funded", "released", "refunded", "split", "cancelled")
FINAL = ("released", "refunded", "split", "cancelled")

MOVES: Moves = {
    "charge": {"opened": "opened"},
    "fund": {"opened": "funded"},
    "release": {"funded": "released"},
    "refund": {"funded": "refunded"},
    "split": {"funded": "split"},
    "cancel": {"opened": "cancelled"},
}

_AGAIN = {state: state for state in FINAL}
HEARD: Moves = {
    # Heard again, or after all that followed from it: the hold is there.
    "contract.formed": dict.fromkeys(STATES, IGNORE),
    # Funded in a crossing with the cancellation: the money goes back. A hold that has ended stays
    # as it is, and says again how it ended to a contract that says its fact again.
    "contract.cancelled": {"opened": "cancelled", "funded": "refunded", **_AGAIN},
    # `released`, or `split` where only a part was accepted: the amount decides.
    "delivery.accepted": {"opened": LATER, "funded": "released", **_AGAIN},
    # The provider's answers. Money taken for a hold that does not wait for it any more is the
    # client's: it goes to their wallet, and the hold stays as it is.
    "charge.confirmed": {"opened": "funded", "funded": "funded", **_AGAIN},
    "charge.declined": {s: s for s in STATES},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The money of one milestone (`milestone` counts from 1; 0: of a job)."""

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
    # What the client pays on top and is not settled yet: ledger account -> minor units.
    client_fee: Mapping[str, int] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
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


def open_for_contract(
    formed: Mapping[str, Any], *, schedule: Schedule, now: datetime
) -> list[Outcome[Hold]]:
    """Return a new hold for each milestone of `contract.formed`, quoted by the schedule of now."""
    return [_open(formed, step, schedule=schedule, now=now) for step in formed["milestones"]]


def _open(
    formed: Mapping[str, Any], step: Mapping[str, Any], *, schedule: Schedule, now: datetime
) -> Outcome[Hold]:
    amount = Money.of(step["amount"])
    nothing = Money(0, amount.currency)
    quoted = quotes.of(schedule, amount, formed["mode"])
    hold = Hold(
        id=step["hold_id"],
        ref=formed["contract_id"],
        milestone=step["n"],
        client_id=formed["client_id"],
        worker_id=formed["worker_id"],
        title=formed["title"],
        amount=amount,
        quote=quoted,
        schedule=schedule,
        opened_at=now,
        # A later milestone is funded in its turn; that deadline is the contract's to say.
        fund_by=clock.parse(formed["fund_by"]) if step["n"] == 1 else None,
        released=nothing,
        refunded=nothing,
        client_fee=quotes.by_account(quoted.client_steps),
    )
    return hold, [Fact("hold.opened", {**words(hold), "client_pays": quoted.client_pays.words()})]


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
