"""What a case waits for, and what silence leads to."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.accounts.domain import case as rules
from services.accounts.domain.case import (
    ANSWER,
    APPEAL,
    DISMISS,
    MOVES,
    OVERDUE,
    RELEASE_GRACE,
    SILENCE,
    UNKNOWN,
    Case,
)
from shared.moves import Outcome, next_state


def wake_at(case: Case) -> datetime | None:
    """Return when silence has its consequence."""
    match case.state:
        case "open" if case.is_held and case.release_at:
            return case.release_at + RELEASE_GRACE
        case "open":
            first = case.reports[0].at if case.reports else case.opened_at
            return first + (DISMISS if case.author_id else UNKNOWN)
        case "decided":
            return _since(case.decided_at) + APPEAL
        case "appealed":
            return _since(case.appealed_at) + ANSWER
    return None


def on_wake(case: Case, *, now: datetime) -> Outcome[Case]:
    """Release, dismiss, let it rest, or restore: what silence leads to in each state."""
    due = wake_at(case)
    if due is None or now < due:
        return case, []
    match case.state:
        case "open" if case.is_held:
            return rules.let_go(case, now=now, by=SILENCE, say=True)
        case "open":
            return rules.dismissed(case, now=now)
        case "decided":
            return replace(case, state=next_state(MOVES, case.state, "rest")), []
    return rules.decide_appeal(
        case, now=now, by=SILENCE, outcome="restored", reason=SILENCE, others=False
    )


def next_of(case: Case) -> dict[str, Any] | None:
    """Return who must act, by when, and what silence leads to; None when it is closed."""
    waits = {
        "open": ("ops", "decide", "released" if case.is_held else "dismissed"),
        "decided": ("author", "appeal", "stays_removed"),
        "appealed": ("ops", "decide_appeal", "restored"),
    }
    if case.state not in waits:
        return None
    actor, action, otherwise = waits[case.state]
    by = case.release_at if case.state == "open" and case.is_held else wake_at(case)
    return {"actor": actor, "action": action, "by": by, "otherwise": otherwise}


def is_overdue(case: Case, *, now: datetime) -> bool:
    """Say whether operators have let it wait for three days."""
    since = case.appealed_at if case.state == "appealed" else case.opened_at
    return case.state in ("open", "appealed") and _since(since) + OVERDUE <= now


def _since(at: datetime | None) -> datetime:
    assert at is not None, "a state that waits knows since when"  # noqa: S101
    return at
