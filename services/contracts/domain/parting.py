"""When the two sides part: a request to cancel, and a dispute, as a contract keeps them."""

from dataclasses import dataclass
from datetime import datetime

from shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """`pay`: what of the held money goes to the worker when it is agreed to."""

    by: str
    reason: str
    pay: Money | None
    asked_at: datetime
    answer_by: datetime
    state: str = "asked"
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one side thinks fair: the worker gets this, the client the rest of what is held."""

    number: int
    worker_gets: Money
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """`held` is the money it is about; `claim` what the opener (`by`) wants of it.

    The opener's claim is their first proposal. `due` is when silence has its consequence.
    `weeks` are those of hourly work that it is about: the contract goes on after it.
    """

    id: str
    by: str
    reason: str
    note: str
    claim: Money
    held: Money
    opened_at: datetime
    due: datetime | None
    state: str = "opened"
    client: Proposal | None = None
    worker: Proposal | None = None
    proposals: int = 1
    evidence: int = 0
    worker_gets: Money | None = None
    ended_by: str | None = None
    decision: str | None = None
    ended_at: datetime | None = None
    weeks: tuple[int, ...] = ()

    def proposal_of(self, role: str) -> Proposal | None:
        """Return the last proposal of a side."""
        return self.client if role == "client" else self.worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a dispute ended after which the contract had another; its words are in the log."""

    id: str
    by: str
    reason: str
    state: str
    held: Money
    worker_gets: Money
    opened_at: datetime
    ended_at: datetime
    ended_by: str
