"""Answering an offer with other terms: at a fixed price, or by the hour."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import week
from services.contracts.domain.offer import (
    COUNTERS_MAX,
    MOVES,
    TURN,
    Offer,
    Planned,
    check_sum,
    may,
    terms_of,
    words,
)
from services.contracts.domain.times import timers
from services.contracts.domain.week import Hourly
from shared.errors import Conflict, Invalid, Refused
from shared.events import Fact
from shared.money import AMOUNT_MAX, Money
from shared.moves import Outcome, next_state


def counter(
    offer: Offer,
    *,
    by: str,
    amount: Money | None = None,
    deliver_by: datetime | None = None,
    scope: str | None = None,
    milestones: tuple[Planned, ...] = (),
    rate: Money | None = None,
    weekly_cap_hours: int | None = None,
    bar: Refused | None = None,
    now: datetime,
) -> Outcome[Offer]:
    """Answer with other terms; what is not named stays. Now it is the other side's turn.

    A new amount or deadline without milestones makes the whole one milestone again, unless there
    are several: then they must be named.

    :raises Unknown: not a party; Forbidden: not the one whose turn it is; or `bar`
    :raises Conflict: `wrong_state`, `too_many_counters`
    :raises Invalid: `nothing_changed`, `currency_mismatch`, `milestones_sum`; `hourly_offer`,
        `not_hourly`: it has other terms than these; `over_the_limit`
    """
    may(offer, "counter", by)
    state = next_state(MOVES, offer.state, "counter")
    if bar:
        raise bar
    if offer.counters >= COUNTERS_MAX:
        raise Conflict("too_many_counters", f"{COUNTERS_MAX} counter-offers; accept or decline")
    if offer.hourly:
        fixed_price = amount or milestones
        new = by_the_hour(offer, rate, weekly_cap_hours, deliver_by, scope, no=fixed_price)
    elif rate or weekly_cap_hours:
        raise Invalid("not_hourly", "this is work at a fixed price")
    else:
        new = other_terms(offer, amount, deliver_by, scope, milestones)
    if new == offer:
        raise Invalid("nothing_changed", "say other terms, or accept these")
    check_sum(new)
    answer_by = now + timers().offer_answer
    new = replace(new, state=state, counters=offer.counters + 1, answer_by=answer_by)
    turn = TURN[state]
    said = {
        **words(new),
        **terms_of(new),
        "turn": turn,
        "answerer_id": new.client_id if turn == "client" else new.worker_id,
        "asker_id": by,
    }
    return new, [Fact("offer.countered", said)]


def by_the_hour(
    offer: Offer,
    rate: Money | None,
    cap_hours: int | None,
    until: datetime | None,
    scope: str | None,
    *,
    no: object = None,
) -> Offer:
    """Return an hourly offer with these of its terms changed; `no`: what it has no use for.

    :raises Invalid: `currency_mismatch`, `over_the_limit`; `hourly_offer`: other terms were said
    """
    if no:
        raise Invalid("hourly_offer", "of hourly work the rate and the weekly cap are agreed on")
    assert offer.hourly, "only of hourly work"  # noqa: S101
    terms = replace(
        offer.hourly,
        rate=rate or offer.hourly.rate,
        cap_hours=cap_hours or offer.hourly.cap_hours,
        until=until or offer.hourly.until,
    )
    if terms.rate.currency != offer.hourly.rate.currency:
        raise Invalid("currency_mismatch", f"this offer is in {offer.hourly.rate.currency}")
    if terms.week_costs.amount > AMOUNT_MAX:
        raise Invalid("over_the_limit", f"a week is at most {AMOUNT_MAX}")
    offer = replace(offer, scope=scope or offer.scope)
    return hourly(offer, terms, offer.sent_at)


def hourly(offer: Offer, terms: Hourly, now: datetime) -> Offer:
    """Return the offer as one of hourly work: its amount is what a week costs at most."""
    until = terms.until or now + timedelta(weeks=week.WEEKS_MAX)
    whole = Planned(title=offer.title, amount=terms.week_costs, deliver_by=until)
    return replace(
        offer, amount=terms.week_costs, deliver_by=until, milestones=(whole,), hourly=terms
    )


def other_terms(
    offer: Offer,
    amount: Money | None,
    deliver_by: datetime | None,
    scope: str | None,
    milestones: tuple[Planned, ...],
) -> Offer:
    """Return the offer with these of its terms changed.

    :raises Invalid: `currency_mismatch`
    """
    new = replace(
        offer,
        amount=amount or offer.amount,
        deliver_by=deliver_by or offer.deliver_by,
        scope=scope or offer.scope,
        # With a day of its own the time no more counts from the funding.
        delivery_days=None if deliver_by or milestones else offer.delivery_days,
    )
    if not milestones and len(offer.milestones) == 1:
        only = offer.milestones[0]
        milestones = (replace(only, amount=new.amount, deliver_by=new.deliver_by),)
    new = replace(new, milestones=milestones or offer.milestones)
    amounts = [new.amount, *(m.amount for m in new.milestones)]
    if any(amount.currency != offer.amount.currency for amount in amounts):
        raise Invalid("currency_mismatch", f"this offer is in {offer.amount.currency}")
    return new
