"""Hiring the same person again, from a contract that has ended: an offer, without any job."""

from datetime import datetime, timedelta

from services.contracts.domain import countering
from services.contracts.domain.contract import Contract, role_of
from services.contracts.domain.offer import Offer, Planned
from services.contracts.domain.times import timers
from services.contracts.domain.week import Hourly
from shared.errors import Conflict, Forbidden, Unknown
from shared.money import Money

LEAST = timedelta(days=1)


def offer_of(
    contract: Contract,
    *,
    by: str,
    offer_id: str,
    title: str | None = None,
    scope: str | None = None,
    amount: Money | None = None,
    deliver_by: datetime | None = None,
    milestones: tuple[Planned, ...] = (),
    now: datetime,
) -> Offer:
    """Return an offer to the same person; what is not named is as it was, and takes as long.

    :raises Unknown: a stranger; Forbidden: `not_the_client`; Conflict: `not_ended`
    :raises Invalid: `currency_mismatch`; `hourly_offer`
    """
    check(contract, by)
    planned = _planned(contract, now)
    again = Offer(
        id=offer_id,
        state="sent",
        client_id=contract.client_id,
        worker_id=contract.worker_id,
        title=title or contract.title,
        scope=contract.scope,
        amount=Money(sum(p.amount.amount for p in planned), planned[0].amount.currency),
        deliver_by=max(p.deliver_by for p in planned),
        milestones=planned,
        sent_at=now,
        answer_by=now + timers().offer_answer,
        review_days=contract.review_days,
        revisions=contract.revisions,
    )
    if contract.hourly is None:
        return countering.other_terms(again, amount, deliver_by, scope, milestones)
    terms = Hourly(rate=contract.hourly.rate, cap_hours=contract.hourly.cap_hours)
    hourly, fixed_price = countering.hourly(again, terms, now), amount or milestones
    return countering.by_the_hour(hourly, None, None, deliver_by, scope, no=fixed_price)


def _planned(contract: Contract, now: datetime) -> tuple[Planned, ...]:
    """Return the milestones again, each with as much time from now as it had from the start."""
    if contract.hourly:
        whole = contract.hourly.week_costs
        return (Planned(title=contract.title, amount=whole, deliver_by=now + LEAST),)
    return tuple(
        Planned(
            title=m.title,
            amount=m.amount,
            deliver_by=now + max(LEAST, m.deliver_by - contract.formed_at),
        )
        for m in contract.milestones
    )


def refusal(contract: Contract, by: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        check(contract, by)
    except (Conflict, Forbidden, Unknown) as no:
        return no.code
    return None


def check(contract: Contract, by: str) -> None:
    """Pass when this caller may hire the same person again.

    :raises Unknown: a stranger; Forbidden: `not_the_client`; Conflict: `not_ended`
    """
    if role_of(contract, by) != "client":
        raise Forbidden("not_the_client", "the client hires")
    if contract.state not in ("completed", "cancelled"):
        raise Conflict("not_ended", f"this contract is {contract.state}", state=contract.state)
