"""What happens to a job when nobody acts: when, and what."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from services.jobs.domain import contest, judging, market, task
from services.jobs.domain.job import Job, Next, Selection, said, waits_for
from services.jobs.domain.opening import settled
from shared import clock
from shared.errors import Ignored
from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

DRAFT_KEPT = timedelta(days=90)
SELECT_WITHIN = timedelta(days=30)
OFFER_ANSWERED_WITHIN = timedelta(days=30)
"""An offer lapses after 14 days and says so; this is for the word that never comes."""
CONTRACTS_WITHIN = timedelta(days=180)
"""After the last word of any contract; contracts have timers of their own."""

MOVES: Moves = {
    "forget": {"draft": "cancelled"},
    "give_up_funding": {"awaiting_funding": "cancelled"},
    "stop_proposals": {"open": "closed"},
    "stop_selecting": {"closed": "closed"},
    "give_up": {"closed": "cancelled"},
    "stop_waiting": {"closed": "completed"},
}


def wake(job: Job) -> datetime | None:
    """Return when silence next has a consequence for this job, or None at its end."""
    times = [_stale_at(s) for s in _reserved(job)]
    if (at := _state_over_at(job)) is not None:
        times.append(at)
    return min(times, default=None)


def _reserved(job: Job) -> Iterator[Selection]:
    if job.state in ("open", "closed"):
        yield from (s for s in job.project.selections if s.state == "reserved")


def _stale_at(selection: Selection) -> datetime:
    return selection.at + OFFER_ANSWERED_WITHIN


def _state_over_at(job: Job) -> datetime | None:
    match job.state:
        case "draft":
            return job.changed_at + DRAFT_KEPT
        case "held":
            return job.seen.release_at
        case "awaiting_funding":
            return job.changed_at + market.timers().job_fund
        case "open" | "closed" if job.contest:
            return contest.wake(job)
        case "open" | "closed" if job.task:
            return task.wake(job)
        case "open":
            return job.project.proposals_close_at
        case "closed" if job.project.select_by:
            return job.project.select_by
        case "closed" if job.project.count("filled"):
            return job.changed_at + CONTRACTS_WITHIN
    return None


def on_wake(job: Job, *, now: datetime) -> Outcome[Job]:
    """Do what silence leads to by now: offers never answered free their openings, the state ends.

    :raises Ignored: nothing is due
    """
    if (at := wake(job)) is None or at > now:
        raise Ignored("not_due", "its time has not come")
    stale = {s.offer_id for s in _reserved(job) if _stale_at(s) <= now}
    over_at = _state_over_at(job)
    facts: list[Fact] = []
    if stale:
        freed = tuple(
            replace(s, state="freed") if s.offer_id in stale else s for s in job.project.selections
        )
        job = replace(job, project=replace(job.project, selections=freed), changed_at=now)
    if over_at is not None and over_at <= now:
        job, facts = _state_over(job, now=now)
    return settled(job, facts, now=now)


def _state_over(job: Job, *, now: datetime) -> Outcome[Job]:
    match job.state:
        case "draft":
            return _ended(job, "forget", said(job, "job.cancelled", reason="silence"), now=now)
        case "held":
            return judging.release(job, now=now)
        case "awaiting_funding":
            fact = said(job, "job.cancelled", reason="silence", hold_id=job.hold_id)
            return _ended(job, "give_up_funding", fact, now=now)
        case "open" | "closed" if job.contest:
            return contest.state_over(job, now=now)
        case "open" | "closed" if job.task:
            return task.state_over(job, now=now)
        case "open":
            return _proposals_over(job, now=now)
        case "closed" if job.project.select_by:
            return _selecting_over(job, now=now)
    return _ended(job, "stop_waiting", said(job, "job.completed"), now=now)


def _proposals_over(job: Job, *, now: datetime) -> Outcome[Job]:
    until = now + SELECT_WITHIN
    project = replace(job.project, select_by=until)
    fact = said(job, "job.proposals_closed", select_by=clock.text(until))
    return _ended(replace(job, project=project), "stop_proposals", fact, now=now)


def _selecting_over(job: Job, *, now: datetime) -> Outcome[Job]:
    job = replace(job, project=replace(job.project, select_by=None))
    if job.project.count("reserved", "filled", "completed", "cancelled"):
        fact = said(job, "job.closed", reason="silence")
        return _ended(job, "stop_selecting", fact, now=now)
    return _ended(job, "give_up", said(job, "job.cancelled", reason="silence"), now=now)


def _ended(job: Job, move: str, fact: Fact, *, now: datetime) -> Outcome[Job]:
    return replace(job, state=next_state(MOVES, job.state, move), changed_at=now), [fact]


def next_step(job: Job) -> Next | None:
    """Return what this job waits for; None when it waits for nothing any more."""
    by = _state_over_at(job)
    match job.state:
        case "draft":
            action = "cancel" if job.seen.state == "removed" else "publish"
            return _next(job, "client", action, by)
        case "held":
            return _next(job, "ops", "decide", by)
        case "awaiting_funding":
            return _next(job, "client", "fund", by)
        case "open" | "closed" if job.contest and by:
            return contest.next_step(job, by)
        case "open" | "closed" if job.task and by:
            return task.next_step(job, by)
        case "open":
            return _next(job, "client", "select", by)
        case "closed" if job.project.select_by:
            return _next(job, "client", "select", by)
    if stale := [_stale_at(s) for s in _reserved(job)]:
        return waits_for("worker", "answer_offer", by=min(stale), otherwise="opening_freed")
    return _next(job, "system", "end_contracts", by) if by else None


def _next(job: Job, actor: str, action: str, by: datetime | None) -> Next:
    assert by is not None, "a state in which somebody is to act ends by itself"  # noqa: S101
    return waits_for(actor, action, by=by, otherwise=on_wake(job, now=by)[0].state)


def answered(job: Job, at: datetime) -> Outcome[Job]:
    """Return a job as it will be when another service has done its part, for the dry run."""
    if job.task is not None:
        return task.answered(job, at)
    return contest.answered(job, at) if job.contest else (job, [])
