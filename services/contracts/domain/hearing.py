"""What escrow says of a contract's holds, and what it means here."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain.contract import Contract, milestone_of, step, with_milestone, words
from services.contracts.domain.endings import completed
from services.contracts.domain.milestone import Milestone
from shared import clock
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard

NEXT_FUND_TIME = timedelta(days=14)

HEARD: Moves = {
    # The milestone's own table decides the milestone; this one whether the contract is concerned.
    "escrow.funded": {
        "awaiting_funding": "active",
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": IGNORE,  # escrow, hearing contract.cancelled on a funded hold, refunds
    },
    "escrow.released": {
        "awaiting_funding": LATER,
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
    "escrow.refunded": {
        "awaiting_funding": LATER,
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": "cancelled",
    },
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
    match moved:
        case "funded":
            return _funded(contract, m, state, now)
        case "paid":
            return _paid(contract, m, amount, now)
        case _:
            return _refunded(contract, m, now)


def _funded(contract: Contract, m: Milestone, state: str, now: datetime) -> Outcome[Contract]:
    m = replace(m, state="funded", funded_at=now, fund_by=None)
    starts = contract.state == "awaiting_funding"
    contract = with_milestone(replace(contract, state=state), m)
    facts = [step("milestone.funded", contract, m, {"deliver_by": clock.text(m.deliver_by)})]
    if starts:
        contract = replace(contract, started_at=now)
        facts.append(Fact("contract.started", words(contract)))
    return contract, facts


def _paid(contract: Contract, m: Milestone, amount: Money, now: datetime) -> Outcome[Contract]:
    m = replace(m, state="paid", released=amount, ask_at=None, note="", links=(), changes_note="")
    contract = with_milestone(contract, m)
    facts = [step("milestone.paid", contract, m, {"amount": amount.words()})]
    waiting = [other for other in contract.milestones if other.state == "pending"]
    if all(other.state in ("paid", "refunded", "split") for other in contract.milestones):
        return completed(contract, facts, now)
    if waiting and waiting[0].fund_by is None:
        turn = replace(waiting[0], fund_by=now + NEXT_FUND_TIME)
        contract = with_milestone(contract, turn)
    return contract, facts


def _refunded(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    m = replace(m, state="refunded", note="", links=(), changes_note="")
    contract = with_milestone(contract, m)
    if contract.state == "cancelled":
        left = any(
            x.state in ("funded", "delivered", "changes_requested") for x in contract.milestones
        )
        return replace(contract, refund_ask_at=contract.refund_ask_at if left else None), []
    if all(other.state in ("paid", "refunded", "split") for other in contract.milestones):
        return completed(contract, [], now)
    return contract, []


def answered(contract: Contract, now: datetime) -> Outcome[Contract]:
    """Return the contract after escrow has answered what it waits for (for the dry run)."""
    facts: list[Fact] = []
    for m in contract.milestones:
        if m.state == "accepted":
            contract, more = _paid(contract, m, m.released or m.amount, now)
        elif contract.state == "cancelled" and m.state in ("funded", "changes_requested"):
            contract, more = _refunded(contract, m, now)
        else:
            continue
        facts += more
    return contract, facts
