"""An offer: amount, deadline and content, sent by a client to one person.

They answer, or counter with other terms; then it is the client's turn to answer, and so on. Each
turn has its own time to answer. `sent` waits for the worker, `countered` for the client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.domain import week
from services.contracts.domain.times import timers
from services.contracts.domain.week import Hourly
from shared import clock, ids
from shared.errors import Conflict, Forbidden, Invalid, Refused, Unknown
from shared.events import Event, Fact
from shared.money import AMOUNT_MAX, Money
from shared.moves import Moves, Outcome, next_state

MILESTONES_MAX = 50
COUNTERS_MAX = 20

STATES = ("sent", "accepted", "declined", "countered", "withdrawn", "expired")
OPEN = ("sent", "countered")
MOVES: Moves = {
    "accept": dict.fromkeys(OPEN, "accepted"),  # POST /offers/{id}/accept
    "decline": dict.fromkeys(OPEN, "declined"),  # POST /offers/{id}/decline
    "counter": {"sent": "countered", "countered": "sent"},  # POST /offers/{id}/counter
    "withdraw": dict.fromkeys(OPEN, "withdrawn"),  # POST /offers/{id}/withdraw, job.cancelled
    "expire": dict.fromkeys(OPEN, "expired"),  # the timer: answer_by
}
TURN = {"sent": "worker", "countered": "client"}
"""Whose answer an offer waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A milestone as it is offered: nothing of it has begun."""

    title: str
    amount: Money
    deliver_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a client offers to one person; `contract_id` is there once it is accepted.

    The terms are those on the table; earlier ones are in the facts. `counters` counts the answers
    with other terms.
    """

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
    review_days: int = 14
    revisions: int = 2
    mode: str = "project"
    job_id: str | None = None
    proposal_id: str | None = None
    listing_id: str | None = None
    answered_at: datetime | None = None
    contract_id: str | None = None
    counters: int = 0
    hourly: Hourly | None = None
    delivery_days: int | None = None


def send(offer: Offer) -> Outcome[Offer]:
    """Say a new offer.

    :raises Invalid: `own_offer`, `milestones_sum`, `review_days`: outside of what the marketplace
        allows, or so long that the payment would be later than the law's 60 days from delivery;
        `over_the_limit`: a week by the hour costs more than anything may
    """
    if offer.worker_id == offer.client_id:
        raise Invalid("own_offer", "an offer goes to somebody else")
    _check_review(offer)
    check_sum(offer)
    if offer.amount.amount > AMOUNT_MAX:
        raise Invalid("over_the_limit", f"a week is at most {AMOUNT_MAX}")
    return offer, [Fact("offer.sent", {**words(offer), **terms_of(offer)})]


def _check_review(offer: Offer) -> None:
    here = timers()
    # The day of delivery is the first of the sixty, and an accepted delivery is paid at once.
    most = min(here.review_most, here.pay_within - timedelta(days=1))
    if not here.review_least <= timedelta(days=offer.review_days) <= most:
        detail = f"{here.review_least.days} to {most.days} days to inspect a delivery"
        raise Invalid("review_days", detail, fields={"review_days": [detail]})


def check_sum(offer: Offer) -> None:
    """Pass when the milestones come to the whole.

    :raises Invalid: `milestones_sum`
    """
    total = sum(m.amount.amount for m in offer.milestones)
    if total != offer.amount.amount:
        detail = f"the milestones sum to {total}, the offer is {offer.amount.amount}"
        raise Invalid("milestones_sum", detail, fields={"milestones": [detail]})


def terms_of(offer: Offer) -> dict[str, Any]:
    """Return the terms on the table: what an answer is an answer to."""
    return {
        "amount": offer.amount.words(),
        "deliver_by": clock.text(offer.deliver_by),
        "answer_by": clock.text(offer.answer_by),
        "scope": offer.scope,
        "hourly": offer.hourly.words() if offer.hourly else None,
        "milestones": [
            {"title": m.title, "amount": m.amount.words(), "deliver_by": clock.text(m.deliver_by)}
            for m in offer.milestones
        ],
    }


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
            answer_by=now + timers().offer_answer,
            review_days=said["review_days"],
            revisions=said["revisions"],
            hourly=Hourly.of(said.get("hourly")),
            job_id=said["job_id"],
            proposal_id=said["proposal_id"],
        )
    )


def of_order(event: Event, now: datetime) -> Outcome[Offer]:
    """Make the offer that an order of a listing is: its seller answers first, if the listing says
    so; else it is accepted as it is made, and nobody has to be told.
    """
    said = event.data
    here = timers()
    amount, days = Money.of(said["amount"]), said["delivery_days"]
    latest = now + here.offer_answer + here.fund + timedelta(days=days)
    offer = Offer(
        id=said["offer_id"],
        state="sent" if said["consult"] else "accepted",
        client_id=said["client_id"],
        worker_id=said["worker_id"],
        title=said["title"],
        scope=said["scope"],
        amount=amount,
        deliver_by=latest,
        milestones=planned([], said["title"], amount, latest),
        sent_at=now,
        answer_by=now + here.offer_answer,
        review_days=max(1, here.review_storefront // timedelta(days=1)),
        revisions=said["revisions"],
        mode="storefront",
        listing_id=said["listing_id"],
        contract_id=said["contract_id"],
        delivery_days=days,
    )
    return send(offer) if said["consult"] else (replace(offer, answered_at=now), [])


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


def accept(
    offer: Offer, *, by: str, contract_id: str, now: datetime, bar: Refused | None = None
) -> Outcome[Offer]:
    """Take the terms on the table: the contract is formed from exactly these.

    :raises Unknown: not a party; Conflict: `wrong_state`
    :raises Forbidden: not the one whose turn it is; or `bar`
    """
    may(offer, "accept", by)
    state = next_state(MOVES, offer.state, "accept")
    if bar:
        raise bar
    offer = replace(
        offer,
        state=state,
        answered_at=now,
        contract_id=contract_id,
    )
    return offer, [Fact("offer.accepted", formation(offer))]


def formation(offer: Offer) -> dict[str, Any]:
    """Return the words of the contract that this accepted offer forms; one hold a milestone."""
    assert offer.contract_id, "only an accepted offer forms a contract"  # noqa: S101
    assert offer.answered_at, "only an accepted offer forms a contract"  # noqa: S101
    fund_by = offer.answered_at + timers().fund
    # The first week by the hour begins when it is funded; its sheet is due after its Sunday.
    first = week.end_of(fund_by) + timers().sheet_submit if offer.hourly else None
    if offer.delivery_days:
        first = fund_by + timedelta(days=offer.delivery_days)
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
                "deliver_by": clock.text(first or m.deliver_by),
                "hold_id": ids.derived("hld", offer.contract_id, str(n)),
            }
            for n, m in enumerate(offer.milestones, start=1)
        ],
        "review_days": offer.review_days,
        "revisions": offer.revisions,
        "fund_by": clock.text(fund_by),
        "hourly": offer.hourly.words() if offer.hourly else None,
        "delivery_days": offer.delivery_days,
    }


def decline(offer: Offer, *, by: str, now: datetime) -> Outcome[Offer]:
    """Say no to the terms on the table, for good.

    :raises Unknown: not a party; Forbidden: not the one whose turn it is; Conflict: `wrong_state`
    """
    may(offer, "decline", by)
    return _end(offer, "decline", "offer.declined", by, now)


def withdraw(offer: Offer, *, by: str, now: datetime) -> Outcome[Offer]:
    """Take the offer back before it is answered: the client, or `system`; or a counter-offer's
    maker, as long as it waits.

    :raises Unknown: not a party; Forbidden: not the client; Conflict: `wrong_state`
    """
    if by != "system":
        may(offer, "withdraw", by)
    return _end(offer, "withdraw", "offer.withdrawn", by, now)


def lapse(offer: Offer, *, now: datetime) -> Outcome[Offer]:
    """Let an unanswered offer expire (the timer).

    :raises Conflict: `not_due` or `wrong_state`
    """
    if offer.state in OPEN and now < offer.answer_by:
        raise Conflict("not_due", "there is still time to answer")
    return _end(offer, "expire", "offer.expired", "system", now)


def wake(offer: Offer) -> datetime | None:
    """Return when silence has its consequence."""
    return offer.answer_by if offer.state in OPEN else None


def next_of(offer: Offer) -> dict[str, Any] | None:
    """Return who must act, by when, and what happens otherwise."""
    if offer.state not in OPEN:
        return None
    by, actor = clock.text(offer.answer_by), TURN[offer.state]
    return {"actor": actor, "action": "answer", "by": by, "otherwise": "expired"}


def refusal(offer: Offer, move: str, by: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        may(offer, move, by)
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


def may(offer: Offer, move: str, by: str) -> None:
    """Pass when it is this caller's turn.

    :raises Unknown: not a party; Forbidden: it is the other's turn
    """
    if by not in (offer.client_id, offer.worker_id):
        raise Unknown("no_such_offer", "there is no such offer")
    role = "client" if by == offer.client_id else "worker"
    if move == "withdraw":
        allowed = ("client", "worker") if offer.state == "countered" else ("client",)
    else:
        allowed = (TURN.get(offer.state, "worker"),)
    if role not in allowed:
        raise Forbidden(f"not_the_{allowed[0]}", f"only the {allowed[0]} may {move} it now")


def _end(offer: Offer, move: str, fact: str, by: str, now: datetime) -> Outcome[Offer]:
    role = {offer.client_id: "client", offer.worker_id: "worker"}.get(by, "system")
    offer = replace(offer, state=next_state(MOVES, offer.state, move), answered_at=now)
    return offer, [Fact(fact, {**words(offer), "by": role})]
