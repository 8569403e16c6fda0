"""Who is waited for: each waiting state names its actor, its time and what silence leads to."""

from typing import Any

from services.contracts.domain import ask as asks
from services.contracts.domain import cancelling, dispute, idle
from services.contracts.domain import milestone as parts
from services.contracts.domain.ask import Ask
from services.contracts.domain.contract import Contract, text_of
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.week import Week
from shared import clock


def next_of(contract: Contract) -> dict[str, Any] | None:
    """Return who must act, by when, and what happens otherwise; the most urgent of all."""
    waits = []
    match contract.state:
        case "awaiting_funding":
            by = text_of(contract.milestones[0].fund_by)
            waits = [{"actor": "client", "action": "fund", "by": by, "otherwise": "cancelled"}]
        case "active":
            waits = [w for m in contract.milestones if (w := next_of_milestone(m))]
        case "disputed":
            found = dispute.next_of(contract)
            waits = [found] if found else []
        case "cancelled" if contract.refund_ask_at:
            by = text_of(contract.refund_ask_at)
            return {"actor": "system", "action": "refund", "by": by, "otherwise": "asked_again"}
        case _:
            return None
    if contract.state == "active" and (at := idle.due(contract)):
        waits.append(idle.next_of(contract, at))
    if contract.state != "disputed":
        waits += [next_of_ask(a) for a in asks.waiting(contract.asks)]
        if contract.cancellation and contract.cancellation.state == "asked":
            waits.append(cancelling.next_of(contract, contract.cancellation))
    return min(waits, key=lambda w: str(w["by"]), default=None)


def next_of_ask(asked: Ask) -> dict[str, Any]:
    """Return the same for what one side asked."""
    action = "answer_extension" if asked.kind == "extension" else "answer_change"
    by = clock.text(asked.answer_by)
    otherwise = "withdrawn" if asked.kind == "extension" else "lapsed"
    return {"actor": asks.other(asked.by), "action": action, "by": by, "otherwise": otherwise}


def next_of_milestone(m: Milestone) -> dict[str, Any] | None:
    """Return the same for one milestone of an active contract."""
    at = text_of(parts.wake(m))
    if m.week and m.state in ("pending", "funded", "changes_requested"):
        return _next_of_week(m, m.week, at) if at else None
    match m.state:
        case "pending" if m.fund_by:
            return {"actor": "client", "action": "fund", "by": at, "otherwise": "completed"}
        case "funded" | "changes_requested":
            otherwise = "cancelled" if m.told_overdue_at else "overdue"
            return {"actor": "worker", "action": "deliver", "by": at, "otherwise": otherwise}
        case "delivered":
            return {"actor": "client", "action": "inspect", "by": at, "otherwise": "accepted"}
        case "accepted":
            return {"actor": "system", "action": "pay", "by": at, "otherwise": "asked_again"}
    return None


def _next_of_week(m: Milestone, week: Week, at: str) -> dict[str, Any]:
    if m.state == "pending":
        otherwise = "completed" if m.told_overdue_at else "work_stops"
        return {"actor": "client", "action": "fund", "by": at, "otherwise": otherwise}
    if m.state == "funded" and not week.followed:
        return {"actor": "system", "action": "plan", "by": at, "otherwise": "planned"}
    otherwise = "submitted" if week.minutes else "refunded"
    return {"actor": "worker", "action": "submit", "by": at, "otherwise": otherwise}
