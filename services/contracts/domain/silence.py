"""What happens when nobody acts: every state that waits names its timer and its outcome."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain import review
from services.contracts.domain.contract import (
    FUND_TIME,
    Contract,
    next_of,
    parties,
    step,
    with_milestone,
)
from services.contracts.domain.endings import (
    acceptance,
    accepted,
    cancellation,
    cancelled,
    completed,
    revealed,
)
from services.contracts.domain.milestone import Milestone
from shared import clock
from shared.errors import Ignored
from shared.events import Fact
from shared.moves import Outcome

REMIND_AFTER = (timedelta(days=1), timedelta(days=3), timedelta(days=6))


def wake(contract: Contract) -> datetime | None:
    """Return when silence next has a consequence."""
    match contract.state:
        case "awaiting_funding":
            fund_by = contract.milestones[0].fund_by or contract.formed_at + FUND_TIME
            return min(_reminder_at(contract) or fund_by, fund_by)
        case "active":
            times = [at for m in contract.milestones if (at := parts.wake(m))]
            return min(times, default=None)
        case "completed":
            return review.closes_at(contract.reviews, contract.ended_at)
        case "cancelled":
            return contract.refund_ask_at
    return None


def resolve(contract: Contract, *, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to by now.

    :raises Ignored: `not_due`: somebody has moved in the meantime
    """
    at = wake(contract)
    if at is None or now < at:
        raise Ignored("not_due", "nothing is due by now")
    match contract.state:
        case "awaiting_funding":
            if now < (contract.milestones[0].fund_by or contract.formed_at + FUND_TIME):
                return _remind(contract, now)
            return cancelled(contract, "unfunded", now)
        case "completed":
            return revealed(contract, [], now)
        case "cancelled":
            again = replace(contract, refund_ask_at=now + parts.ASK_AGAIN)
            return again, [cancellation(again)]
    due = min(
        (m for m in contract.milestones if (t := parts.wake(m)) and t <= now),
        key=lambda m: parts.wake(m) or now,
    )
    return _milestone_silence(contract, due, now)


def _milestone_silence(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    match m.state:
        case "delivered":
            return accepted(contract, m, m.amount, "silence", None, now)
        case "accepted":
            m = replace(m, ask_at=now + parts.ASK_AGAIN)
            return with_milestone(contract, m), [acceptance(contract, m)]
        case "pending":
            return completed(contract, [], now)
    if m.told_overdue_at:
        return cancelled(contract, "overdue", now)
    m = replace(m, told_overdue_at=now)
    said = {"cancelled_at": clock.text(now + parts.OVERDUE_TIME)}
    return with_milestone(contract, m), [step("milestone.overdue", contract, m, said)]


def _reminder_at(contract: Contract) -> datetime | None:
    if contract.reminded >= len(REMIND_AFTER):
        return None
    return contract.formed_at + REMIND_AFTER[contract.reminded]


def _remind(contract: Contract, now: datetime) -> Outcome[Contract]:
    due = sum(contract.formed_at + after <= now for after in REMIND_AFTER)
    contract = replace(contract, reminded=due)
    waits = next_of(contract)
    assert waits, "a contract that awaits its funding waits for its client"  # noqa: S101
    return contract, [Fact("contract.reminded", {**parties(contract), "milestone": 1, **waits})]
