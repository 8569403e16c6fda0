"""An offer: amount, deadline and content, sent by a client to one person, who has to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared import clock, ids
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.events import Event, Fact
from shared.money import Money
from shared.moves import Moves, Outcome, next_state

ANSWER_TIME = timedelta(days=14)
FUND_TIME = timedelta(days=7)
REVIEW_DAYS = 14
REVISIONS = 2
MILESTONES_MAX = 50

STATES = ("sent", "accepted", "declined", "countered", "withdrawn", "expired")
MOVES: Moves = {
    "accept": {"sent": "accepted"},  # POST /offers/{id}/accept
    "decline": {"sent": "declined"},  # POST /offers/{id}/decline
    "withdraw": {"sent": "withdrawn"},  # POST /offers/{id}/withdraw, job.cancelled
    "expire": {"sent": "expired"},  # the timer: answer_by
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A milestone as it is offered: nothing of it has begun."""

    title: str
    amount: Money
    deliver_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a client offers to one person; `contract_id` is there once it is accepted."""

    id: str
    state: str
    client_id: str
    worker_id: str
    title: str
    scope: str
    amount: Money
    deliver_by: datetime
    milestones: tuple[Planned, ...]
    sent_at: datetime
    answer_by: datetime
    review_days: int = REVIEW_DAYS
    revisions: int = REVISIONS
    mode: str = "project"
    job_id: str | None = None
    proposal_id: str | None = None
    listing_id: str | None = None
    answered_at: datetime | None = None
    contract_id: str | None = None


def send(offer: Offer) -> Outcome[Offer]:
    """Say a new offer.

    :raises Invalid: `own_offer`, `milestones_sum`
    """
    if offer.worker_id == offer.client_id:
        raise Invalid("own_offer", "an offer goes to somebody else")
    total = sum(m.amount.amount for m in offer.milestones)
    if total != offer.amount.amount:
        detail = f"the milestones sum to {total}, the offer is {offer.amount.amount}"
        raise Invalid("milestones_sum", detail, fields={"milestones": [detail]})
    said = {
        "amount": offer.amount.words(),
        "deliver_by": clock.text(offer.deliver_by),
        "answer_by": clock.text(offer.answer_by),
    }
    return offer, [Fact("offer.sent", {**words(offer), **said})]


def of_selection(event: Event, now: datetime) -> Outcome[Offer]:
    """Make the offer that a selected proposal leads to; its id comes in the fact."""
    said = event.data
    amount, deliver_by = Money.of(said["amount"]), clock.parse(said["deliver_by"])
    return send(
        Offer(
            id=said["offer_id"],
            state="sent",
            client_id=said["client_id"],
            worker_id=said["worker_id"],
            title=said["title"],
            scope=said["scope"],
            amount=amount,
            deliver_by=deliver_by,
            milestones=planned(said["milestones"], said["title"], amount, deliver_by),
            sent_at=now,
            answer_by=now + ANSWER_TIME,
            review_days=said["review_days"],
            revisions=said["revisions"],
            job_id=said["job_id"],
            proposal_id=said["proposal_id"],
        )
    )


def planned(
    milestones: list[Mapping[str, Any]], title: str, amount: Money, deliver_by: datetime
) -> tuple[Planned, ...]:
    """Return the milestones as said; when none are, the whole is the one milestone."""
    if not milestones:
        return (Planned(title=title, amount=amount, deliver_by=deliver_by),)
    return tuple(
        Planned(
            title=m["title"],
            amount=Money.of(m["amount"]),
            deliver_by=clock.parse(m["deliver_by"]),
        )
        for m in milestones
    )


def accept(offer: Offer, *, by: str, contract_id: str, now: datetime) -> Outcome[Offer]:
    """Take the offer: the contract is formed from exactly this.

    :raises Unknown: not a party; Forbidden: not the one it was made to; Conflict: `wrong_state`
    """
    _may(offer, "accept", by)
    offer = replace(
        offer,
        state=next_state(MOVES, offer.state, "accept"),
        answered_at=now,
        contract_id=contract_id,
    )
    return offer, [Fact("offer.accepted", formation(offer))]


def formation(offer: Offer) -> dict[str, Any]:
    """Return the words of the contract that this accepted offer forms; one hold a milestone."""
    assert offer.contract_id, "only an accepted offer forms a contract"  # noqa: S101
    assert offer.answered_at, "only an accepted offer forms a contract"  # noqa: S101
    return {
        "contract_id": offer.contract_id,
        **words(offer),
        "mode": offer.mode,
        "scope": offer.scope,
        "milestones": [
            {
                "n": n,
                "title": m.title,
                "amount": m.amount.words(),
                "deliver_by": clock.text(m.deliver_by),
                "hold_id": ids.derived("hld", offer.contract_id, str(n)),
            }
            for n, m in enumerate(offer.milestones, start=1)
        ],
        "review_days": offer.review_days,
        "revisions": offer.revisions,
        "fund_by": clock.text(offer.answered_at + FUND_TIME),
    }


def decline(offer: Offer, *, by: str, now: datetime) -> Outcome[Offer]:
    """Say no.

    :raises Unknown: not a party; Forbidden: not the one it was made to; Conflict: `wrong_state`
    """
    _may(offer, "decline", by)
    return _end(offer, "decline", "offer.declined", now)


def withdraw(offer: Offer, *, by: str, now: datetime) -> Outcome[Offer]:
    """Take the offer back before it is answered; `by` is the client, or `system`.

    :raises Unknown: not a party; Forbidden: not the client; Conflict: `wrong_state`
    """
    if by != "system":
        _may(offer, "withdraw", by)
    return _end(offer, "withdraw", "offer.withdrawn", now)


def lapse(offer: Offer, *, now: datetime) -> Outcome[Offer]:
    """Let an unanswered offer expire (the timer).

    :raises Conflict: `not_due` or `wrong_state`
    """
    if offer.state == "sent" and now < offer.answer_by:
        raise Conflict("not_due", "there is still time to answer")
    return _end(offer, "expire", "offer.expired", now)


def wake(offer: Offer) -> datetime | None:
    """Return when silence has its consequence."""
    return offer.answer_by if offer.state == "sent" else None


def next_of(offer: Offer) -> dict[str, Any] | None:
    """Return who must act, by when, and what happens otherwise."""
    if offer.state != "sent":
        return None
    by = clock.text(offer.answer_by)
    return {"actor": "worker", "action": "answer", "by": by, "otherwise": "expired"}


def refusal(offer: Offer, move: str, by: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        _may(offer, move, by)
        next_state(MOVES, offer.state, move)
    except (Forbidden, Conflict, Unknown) as no:
        return no.code
    return None


def words(offer: Offer) -> dict[str, Any]:
    """Return what every fact of an offer says."""
    return {
        "offer_id": offer.id,
        "client_id": offer.client_id,
        "worker_id": offer.worker_id,
        "title": offer.title,
        "job_id": offer.job_id,
        "proposal_id": offer.proposal_id,
        "listing_id": offer.listing_id,
    }


ROLE = {"accept": "worker", "decline": "worker", "withdraw": "client"}


def _may(offer: Offer, move: str, by: str) -> None:
    if by not in (offer.client_id, offer.worker_id):
        raise Unknown("no_such_offer", "there is no such offer")
    role = ROLE[move]
    if by != (offer.worker_id if role == "worker" else offer.client_id):
        raise Forbidden(f"not_the_{role}", f"only the {role} may {move} it")


def _end(offer: Offer, move: str, fact: str, now: datetime) -> Outcome[Offer]:
    offer = replace(offer, state=next_state(MOVES, offer.state, move), answered_at=now)
    return offer, [Fact(fact, words(offer))]
