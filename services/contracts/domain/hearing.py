"""What escrow says of a contract's holds, and what it means here."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain import weeks
from services.contracts.domain.contract import Contract, milestone_of, step, with_milestone, words
from services.contracts.domain.endings import completed
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.times import timers
from shared import clock
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard

_ENDED = {
    "awaiting_funding": LATER,
    "active": "active",
    "disputed": "disputed",
    "completed": IGNORE,
    "cancelled": "cancelled",
}
HEARD: Moves = {
    # The milestone's own table decides the milestone; this one whether the contract is concerned.
    "escrow.funded": {
        "awaiting_funding": "active",
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": IGNORE,  # escrow, hearing contract.cancelled on a funded hold, refunds
    },
    "escrow.released": _ENDED,
    "escrow.released split": _ENDED,
    "escrow.refunded": _ENDED,
    "escrow.refunded split": _ENDED,
    "hold.cancelled": {
        "awaiting_funding": IGNORE,
        "active": IGNORE,
        "disputed": IGNORE,
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
}


def hear_escrow(
    contract: Contract,
    *,
    type_: str,
    n: int,
    amount: Money,
    now: datetime,
) -> Outcome[Contract]:
    """Follow what escrow says of a milestone's hold.

    :raises Ignored: it changes nothing here, as the tables say
    """
    state = heard(HEARD, contract.state, type_)
    m = milestone_of(contract, n)
    moved = heard(parts.HEARD, m.state, type_)
    if moved == "funded":
        return _funded(contract, replace(m, amount=amount), state, now)
    back = amount if type_.startswith("escrow.refunded") else m.amount - amount
    paid = m.amount - back
    contract, facts = _ended(contract, m, moved, paid)
    return _after(contract, facts, now)


def _funded(contract: Contract, m: Milestone, state: str, now: datetime) -> Outcome[Contract]:
    # What the hold says is what is held: a change of the amount may have come too late for it.
    m = replace(m, state="funded", funded_at=now, fund_by=None)
    if contract.delivery_days:
        m = replace(m, deliver_by=now + timedelta(days=contract.delivery_days))
    facts: list[Fact] = []
    if contract.state == "awaiting_funding":
        contract = replace(contract, started_at=now)
        facts.append(Fact("contract.started", words(contract)))
    contract = with_milestone(replace(contract, state=state), m)
    if m.week:
        contract, begun = weeks.begin(contract, m, m.week, now)
        return contract, [*facts, *begun]
    funded = step("milestone.funded", contract, m, {"deliver_by": clock.text(m.deliver_by)})
    return contract, [funded, *facts]


def _ended(contract: Contract, m: Milestone, state: str, paid: Money) -> Outcome[Contract]:
    released = paid if paid.amount else None
    m = replace(m, state=state, released=released, ask_at=None, note="", links=(), changes_note="")
    if m.week:
        m = replace(m, week=replace(m.week, times=()))
    contract = with_milestone(contract, m)
    if released is None:
        return contract, []
    return contract, [step("milestone.paid", contract, m, {"amount": paid.words()})]


def _after(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    """Go on after a milestone has ended: to the end of the contract, or to the next in order."""
    moving = any(m.state in (*parts.HELD, "accepted") for m in contract.milestones)
    if contract.state == "cancelled":
        return replace(contract, refund_ask_at=contract.refund_ask_at if moving else None), facts
    if contract.state == "disputed":
        return _after_dispute(contract, facts, now, is_moving=moving)
    if contract.hourly:
        return weeks.over(contract, facts, now)
    waiting = [m for m in contract.milestones if m.state == "pending"]
    if not waiting and not moving:
        return completed(contract, facts, now)
    if waiting and waiting[0].fund_by is None:
        fund_by = now + timers().next_milestone_fund
        turn = replace(waiting[0], fund_by=fund_by)
        contract = with_milestone(contract, turn)
        facts = [*facts, step("milestone.due", contract, turn, {"fund_by": clock.text(fund_by)})]
    return contract, facts


def _after_dispute(
    contract: Contract, facts: list[Fact], now: datetime, *, is_moving: bool
) -> Outcome[Contract]:
    """Complete the contract when nothing moves; of hourly work go on once its weeks are divided."""
    found = contract.dispute
    over = replace(contract, dispute=replace(found, due=None) if found else None)
    if not found or not found.weeks:
        return (contract, facts) if is_moving else completed(over, facts, now)
    divided = all(milestone_of(contract, n).state in parts.ENDED for n in found.weeks)
    return weeks.resume(over, facts, now) if divided else (contract, facts)


def answered(contract: Contract, now: datetime) -> Outcome[Contract]:
    """Return the contract after escrow has answered what it waits for (for the dry run)."""
    facts: list[Fact] = []
    for m in contract.milestones:
        if m.state == "accepted":
            paid = m.released or m.amount
            contract, more = _ended(contract, m, "paid" if paid.amount else "refunded", paid)
        elif m.state in parts.HELD and (contract.state == "cancelled" or m.decided):
            paid = m.decided or Money(0, m.amount.currency)
            state = "paid" if paid == m.amount else "split" if paid.amount else "refunded"
            contract, more = _ended(contract, m, state, paid)
        else:
            continue
        facts += more
        contract, facts = _after(contract, facts, now)
    return contract, facts
