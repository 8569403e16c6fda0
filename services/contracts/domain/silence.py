"""What happens when nobody acts: every state that waits names its timer and its outcome."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from services.contracts.domain import ask as asks
from services.contracts.domain import asking, cancelling, dispute, idle, review, weeks
from services.contracts.domain import milestone as parts
from services.contracts.domain.ask import Ask
from services.contracts.domain.contract import (
    Contract,
    milestone_of,
    parties,
    step,
    text_of,
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
from services.contracts.domain.parting import Cancellation
from services.contracts.domain.times import timers
from shared import clock
from shared.errors import Ignored
from shared.events import Fact
from shared.moves import Outcome

AT_ONCE_MAX = 100
"""More than a contract has milestones and asks."""


def wake(contract: Contract) -> datetime | None:
    """Return when silence next has a consequence."""
    return min((at for at, _ in _timers(contract)), default=None)


def resolve(contract: Contract, *, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to by now: all that is due at the earliest moment.

    Two milestones may have the same deadline. A timer is known by its moment, and fires once.

    :raises Ignored: `not_due`: somebody has moved in the meantime
    """
    at, rule = _earliest(contract) or (now, None)
    if rule is None or now < at:
        raise Ignored("not_due", "nothing is due by now")
    contract, facts = rule(contract, now)
    for _ in range(AT_ONCE_MAX):
        next_ = _earliest(contract)
        if next_ is None or next_[0] != at:
            break
        contract, more = next_[1](contract, now)
        facts = [*facts, *more]
    return contract, facts


def _earliest(contract: Contract) -> "tuple[datetime, _Rule] | None":
    return min(_timers(contract), key=lambda timer: timer[0], default=None)


_Rule = Callable[[Contract, datetime], Outcome[Contract]]


def _timers(contract: Contract) -> list[tuple[datetime, _Rule]]:
    """Return all that silence will do in this state, with its time."""
    match contract.state:
        case "awaiting_funding":
            fund_by = contract.milestones[0].fund_by or contract.formed_at + timers().fund
            found: list[tuple[datetime, _Rule]] = [(fund_by, _unfunded)]
            if (at := _reminder_at(contract)) and at < fund_by:
                found.append((at, _remind))
            return found + _timers_of_asks(contract)
        case "active":
            found = _timers_of_milestones(contract) + _timers_of_asks(contract)
            return [*found, (at, idle.silence)] if (at := idle.due(contract)) else found
        case "disputed":
            paying = [m for m in contract.milestones if m.state == "accepted"]
            found = _timers_of_milestones(replace(contract, milestones=tuple(paying)))
            due = contract.dispute.due if contract.dispute else None
            return [*found, (due, dispute.silence)] if due else found
        case "completed":
            at = review.closes_at(contract.reviews, contract.ended_at)
            return [(at, _reveal)] if at else []
    at = contract.refund_ask_at
    return [(at, _ask_again)] if at else []


def _timers_of_milestones(contract: Contract) -> list[tuple[datetime, _Rule]]:
    return [
        (at, partial(_milestone_silence, n=m.n))
        for m in contract.milestones
        if (at := parts.wake(m))
    ]


def _timers_of_asks(contract: Contract) -> list[tuple[datetime, _Rule]]:
    found: list[tuple[datetime, _Rule]] = [
        (a.answer_by, partial(_ask_lapses, asked=a)) for a in asks.waiting(contract.asks)
    ]
    asked = contract.cancellation
    if asked and asked.state == "asked":
        found.append((asked.answer_by, partial(_cancellation_lapses, asked=asked)))
    return found


def _ask_lapses(contract: Contract, now: datetime, *, asked: Ask) -> Outcome[Contract]:
    return asking.lapse(contract, asked, now)


def _cancellation_lapses(
    contract: Contract, now: datetime, *, asked: Cancellation
) -> Outcome[Contract]:
    return cancelling.lapse(contract, asked, now)


def _unfunded(contract: Contract, now: datetime) -> Outcome[Contract]:
    return cancelled(contract, "unfunded", now)


def _reveal(contract: Contract, now: datetime) -> Outcome[Contract]:
    return revealed(contract, [], now)


def _ask_again(contract: Contract, now: datetime) -> Outcome[Contract]:
    contract = replace(contract, refund_ask_at=now + parts.ASK_AGAIN)
    paying = [acceptance(contract, m) for m in contract.milestones if m.state == "accepted"]
    return contract, [*paying, cancellation(contract)]


def _milestone_silence(contract: Contract, now: datetime, *, n: int) -> Outcome[Contract]:
    m = milestone_of(contract, n)
    if m.week and m.state != "accepted":
        return weeks.silence(contract, m, m.week, now)
    match m.state:
        case "delivered":
            return accepted(contract, m, m.amount, "silence", None, now)
        case "accepted":
            m = replace(m, ask_at=now + parts.ASK_AGAIN)
            return with_milestone(contract, m), [acceptance(contract, m)]
        case "pending":
            return _next_unfunded(contract, m, now)
    if m.told_overdue_at:
        return _overdue(contract, m, now)
    m = replace(m, told_overdue_at=now)
    said = {"cancelled_at": clock.text(now + timers().overdue_silence)}
    return with_milestone(contract, m), [step("milestone.overdue", contract, m, said)]


def _next_unfunded(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    if any(other.state in (*parts.HELD, "accepted") for other in contract.milestones):
        # A later one was funded and goes on; when it has ended, this one has its time again.
        return with_milestone(contract, replace(m, fund_by=None)), []
    return completed(contract, [], now)


def _overdue(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    if any(other.state in ("delivered", "accepted") for other in contract.milestones):
        # What is delivered stands: first it is answered, by the client or by silence.
        m = replace(m, told_overdue_at=now)
        said = {"cancelled_at": clock.text(now + timers().overdue_silence)}
        return with_milestone(contract, m), [step("milestone.overdue", contract, m, said)]
    return cancelled(contract, "overdue", now)


def _reminder_at(contract: Contract) -> datetime | None:
    after = timers().fund_reminders
    if contract.reminded >= len(after):
        return None
    return contract.formed_at + after[contract.reminded]


def _remind(contract: Contract, now: datetime) -> Outcome[Contract]:
    due = sum(contract.formed_at + after <= now for after in timers().fund_reminders)
    contract = replace(contract, reminded=due)
    by = text_of(contract.milestones[0].fund_by)
    waits = {"actor": "client", "action": "fund", "by": by, "otherwise": "cancelled"}
    return contract, [Fact("contract.reminded", {**parties(contract), "milestone": 1, **waits})]
