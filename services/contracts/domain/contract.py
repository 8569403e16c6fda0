"""A contract between a client and a worker: what it is, how it is formed, how it looks.

Its moves: `acts`, `hours`, `asking`, `cancelling` and `dispute` (what people do), `hearing` (what
escrow says), `silence` (what time does), and `endings`, to which all lead. `weeks` is the course of
hourly work; `waiting` says who is waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.contracts.domain import offer as offers
from services.contracts.domain import week as weeks
from services.contracts.domain.ask import Ask, other
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.parting import Cancellation, Dispute, Ended
from services.contracts.domain.review import Reviews
from services.contracts.domain.week import Ending, Hourly
from shared import clock
from shared.errors import Unknown
from shared.events import Event, Fact
from shared.money import Money
from shared.moves import Outcome

STATES = ("awaiting_funding", "active", "disputed", "completed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The handshake and what came of it."""

    id: str
    state: str
    offer_id: str
    client_id: str
    worker_id: str
    title: str
    scope: str
    mode: str
    milestones: tuple[Milestone, ...]
    review_days: int
    revisions: int
    formed_at: datetime
    job_id: str | None = None
    proposal_id: str | None = None
    listing_id: str | None = None
    reminded: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_reason: str | None = None
    refund_ask_at: datetime | None = None
    reviews: Reviews = field(default_factory=Reviews)
    asks: tuple[Ask, ...] = ()
    cancellation: Cancellation | None = None
    dispute: Dispute | None = None
    past_disputes: tuple[Ended, ...] = ()
    terms_hash: str | None = None
    client_read_at: datetime | None = None
    worker_read_at: datetime | None = None
    hourly: Hourly | None = None
    ending: Ending | None = None
    idle_told_at: datetime | None = None
    confirmed_at: datetime | None = None
    delivery_days: int | None = None


# how it begins


def of_acceptance(event: Event, now: datetime) -> Outcome[Contract]:
    """Form the contract that `offer.accepted` says (our own fact, heard as the repair)."""
    return form(event.data, now)


def of_order(event: Event, now: datetime) -> Outcome[Contract] | None:
    """Form the contract that an order of a listing is, unless its seller answers first."""
    if event.data["consult"]:
        return None
    ordered, _ = offers.of_order(event, now)
    return form(offers.formation(ordered), now)


def form(said: Mapping[str, Any], now: datetime) -> Outcome[Contract]:
    """Form a contract from the words of its offer; the first milestone waits for its money."""
    fund_by, hourly = clock.parse(said["fund_by"]), Hourly.of(said.get("hourly"))
    milestones = tuple(
        Milestone(
            n=m["n"],
            title=m["title"],
            amount=Money.of(m["amount"]),
            deliver_by=clock.parse(m["deliver_by"]),
            hold_id=m["hold_id"],
            fund_by=fund_by if m["n"] == 1 else None,
            week=weeks.of(hourly, now) if hourly else None,
        )
        for m in said["milestones"]
    )
    contract = Contract(
        id=said["contract_id"],
        state="awaiting_funding",
        offer_id=said["offer_id"],
        client_id=said["client_id"],
        worker_id=said["worker_id"],
        title=said["title"],
        scope=said["scope"],
        mode=said["mode"],
        milestones=milestones,
        review_days=said["review_days"],
        revisions=said["revisions"],
        formed_at=now,
        job_id=said["job_id"],
        proposal_id=said["proposal_id"],
        listing_id=said["listing_id"],
        hourly=hourly,
        delivery_days=said.get("delivery_days"),
    )
    return contract, [Fact("contract.formed", dict(said))]


def make_terms(contract: Contract, *, hash_: str, now: datetime) -> Outcome[Contract]:
    """Note in the log which document the terms in writing are; they are made once."""
    if contract.terms_hash:
        return contract, []
    said = {**parties(contract), "terms_hash": hash_}
    return replace(contract, terms_hash=hash_), [Fact("terms.made", said)]


def read_terms(contract: Contract, *, by: str, now: datetime) -> Outcome[Contract]:
    """Note when a party first read the terms in writing.

    :raises Unknown: a stranger learns nothing
    """
    role = role_of(contract, by)
    if (contract.client_read_at if role == "client" else contract.worker_read_at) is not None:
        return contract, []
    said = {**parties(contract), "by": role, "terms_hash": contract.terms_hash}
    if role == "client":
        return replace(contract, client_read_at=now), [Fact("terms.read", said)]
    return replace(contract, worker_read_at=now), [Fact("terms.read", said)]


def role_of(contract: Contract, by: str) -> str:
    """Return `client` or `worker`.

    :raises Unknown: a stranger learns nothing
    """
    if by == contract.client_id:
        return "client"
    if by == contract.worker_id:
        return "worker"
    raise Unknown("no_such_contract", "there is no such contract")


def words(contract: Contract) -> dict[str, Any]:
    """Return what every fact of the contract as a whole says."""
    return {
        **parties(contract),
        "offer_id": contract.offer_id,
        "job_id": contract.job_id,
        "proposal_id": contract.proposal_id,
        "listing_id": contract.listing_id,
    }


def milestone_of(contract: Contract, n: int) -> Milestone:
    """Return the n-th milestone, counted from 1.

    :raises Unknown: `no_such_milestone`
    """
    if not 1 <= n <= len(contract.milestones):
        raise Unknown("no_such_milestone", "there is no such milestone")
    return contract.milestones[n - 1]


def with_milestone(contract: Contract, m: Milestone) -> Contract:
    """Return the contract with this milestone in the place of its former self."""
    milestones = tuple(m if other.n == m.n else other for other in contract.milestones)
    return replace(contract, milestones=milestones)


def parties(contract: Contract) -> dict[str, Any]:
    """Return the words that name a contract and its two sides in every fact."""
    return {
        "contract_id": contract.id,
        "client_id": contract.client_id,
        "worker_id": contract.worker_id,
        "title": contract.title,
    }


def asked_of(contract: Contract, by: str) -> dict[str, Any]:
    """Return the words of what one side asks of the other; `by` is the asking role."""
    return {
        **parties(contract),
        "by": by,
        "asker_id": member_of(contract, by),
        "answerer_id": member_of(contract, other(by)),
    }


def member_of(contract: Contract, role: str) -> str:
    """Return who has this role."""
    return contract.client_id if role == "client" else contract.worker_id


def step(
    type_: str, contract: Contract, m: Milestone, said: Mapping[str, Any] | None = None
) -> Fact:
    """Return a fact about one milestone."""
    step = {**parties(contract), "milestone": m.n, "hold_id": m.hold_id}
    return Fact(type_, {**step, **(said or {})})


def text_of(at: datetime | None) -> str | None:
    """Say a time, or that there is none."""
    return None if at is None else clock.text(at)
