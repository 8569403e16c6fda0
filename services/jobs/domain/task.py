"""A task: rewards x slots are funded before it opens; anyone starts at once; each is approved.

The slots are documents of their own (`assignment`). Closing counts those that nobody has taken:
their money goes back at once, the others' when each of them ends unpaid. The hold's last word ends
the job.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from services.jobs.domain import market
from services.jobs.domain.job import (
    OPENED_BY_MONEY,
    Job,
    Next,
    Task,
    refuse_others,
    said,
    waits_for,
)
from shared.errors import Conflict, Ignored
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

MOVES: Moves = {
    "publish": {"draft": "awaiting_funding"},
    "let_out": {"held": "awaiting_funding"},
    "close": {"open": "closed"},
    "cancel": {"draft": "cancelled", "held": "cancelled", "awaiting_funding": "cancelled"},
    "count": {"closed": "closed"},
    "approve_all": {"open": "open", "closed": "closed"},
    # By nobody's command: its deadline has come; everything else has long ended.
    "stop": {"open": "closed"},
    "give_back": {"closed": "cancelled"},
}
_EMPTY = {
    "draft": LATER,
    "held": LATER,
    "awaiting_funding": LATER,
    "open": "completed",
    "closed": "completed",
    "completed": IGNORE,
    "cancelled": IGNORE,
}
HEARD: Moves = {
    **OPENED_BY_MONEY,
    "escrow.released": _EMPTY,
    "escrow.refunded": _EMPTY,
}
HELD = "funded"
COUNT_AGAIN = timedelta(hours=1)
ENDED_WITHIN = timedelta(days=120)
"""After closing: every reservation, review and appeal has ended long before by its own timer."""


def blank() -> Task:
    """Return a task that says nothing yet, with the times of this marketplace."""
    timers = market.timers()
    minutes = int(timers.task_reservation / timedelta(minutes=1))
    return Task(minutes_allowed=minutes, review_days=timers.task_review.days)


def of(job: Job) -> Task:
    """Return what is particular to a task.

    :raises Conflict: `wrong_mode`
    """
    if job.task is None:
        raise Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode)
    return job.task


def reward_of(job: Job) -> Money:
    """Return what one slot pays."""
    reward = of(job).reward
    assert reward is not None, "a published task has a reward"  # noqa: S101
    return reward


def hourly_pay(job: Job, worked_s: Sequence[int]) -> dict[str, Any] | None:
    """Return what the task has paid by the hour, from how long approved work took; None: none yet.

    The median, so that one who left the page open overnight does not change it.
    """
    reward = of(job).reward
    if reward is None or not worked_s:
        return None
    median_s = max(1, round(median(worked_s)))
    amount = Money(reward.amount * 3600 // median_s, reward.currency)
    return {"amount": amount, "median_s": median_s, "sample": len(worked_s)}


def close(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """Let nobody start any more; what was started goes on.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    refuse_others(job, by)
    return _closed(job, "close", now=now)


def _closed(job: Job, move: str, *, now: datetime) -> Outcome[Job]:
    job = replace(job, state=next_state(MOVES, job.state, move), changed_at=now)
    return job, [said(job, "task.closing")]


def cancel(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """End a task that is not funded; an open one is closed instead.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    refuse_others(job, by)
    job = replace(job, state=next_state(MOVES, job.state, "cancel"), changed_at=now)
    return job, [said(job, "job.cancelled", reason="client", hold_id=job.hold_id)]


def count(job: Job, *, now: datetime, free: int) -> Outcome[Job]:
    """Note how many slots nobody had taken when it closed: their money goes back.

    :raises Ignored: it is noted
    """
    task = of(job)
    if job.state != "closed" or task.remaining is not None:
        raise Ignored("crossed", "it is counted")
    reward = reward_of(job)
    remaining = Money(reward.amount * free, reward.currency)
    job = replace(job, task=replace(task, remaining=remaining), changed_at=now)
    words = {"hold_id": job.hold_id, "remaining": remaining.words()}
    return job, [said(job, "job.closed", reason="client", **words)]


def approve_all(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """Mean to approve all that was submitted until now; the worker does it.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `wrong_mode`
    """
    refuse_others(job, by)
    task = of(job)
    state = next_state(MOVES, job.state, "approve_all")
    job = replace(job, state=state, task=replace(task, approve_all_at=now))
    return job, [said(job, "approvals.requested")]


def hear(job: Job, *, now: datetime, what: str, hold_state: str = "") -> Outcome[Job]:
    """Note what escrow says of the hold.

    :raises Ignored, NotYet: by the table
    """
    state = heard(HEARD, job.state, what)
    if what == "escrow.funded":
        job = replace(job, state=state, changed_at=now, published_at=now)
        return job, [said(job, "job.opened", category=job.category)]
    if what == "hold.refused":
        job = replace(job, state=state, changed_at=now)
        return job, [said(job, "job.cancelled", reason="hold_refused")]
    if hold_state == HELD:
        raise Ignored("crossed", "something is left in it")
    if hold_state == "refunded":
        job = replace(job, state="cancelled", changed_at=now)
        return job, [said(job, "job.cancelled", reason="nothing_approved")]
    job = replace(job, state=state, changed_at=now)
    return job, [said(job, "job.completed")]


def wake(job: Job) -> datetime | None:
    """Return when silence next has a consequence, once it is open."""
    if job.state == "open":
        return job.deadline_at
    return job.changed_at + (COUNT_AGAIN if of(job).remaining is None else ENDED_WITHIN)


def state_over(job: Job, *, now: datetime) -> Outcome[Job]:
    """Do what silence leads to: close it at its deadline, count again, give back what is left."""
    if job.state == "open":
        return _closed(job, "stop", now=now)
    if of(job).remaining is None:
        return replace(job, changed_at=now), [said(job, "task.closing")]
    job = replace(job, state=next_state(MOVES, job.state, "give_back"), changed_at=now)
    return job, [said(job, "job.cancelled", reason="silence", hold_id=job.hold_id)]


def answered(job: Job, at: datetime) -> Outcome[Job]:
    """Return the job as it will be when the free slots are counted (the dry run)."""
    task = of(job)
    if job.state != "closed" or task.remaining is not None:
        return job, []
    ended = replace(job, state="completed", changed_at=at)
    return ended, [said(ended, "job.closed", reason="silence"), said(ended, "job.completed")]


def next_step(job: Job, by: datetime) -> Next:
    """Return what an open or closed task waits for until `by`."""
    if job.state == "open":
        return waits_for("worker", "start", by=by, otherwise="closed")
    otherwise = "asked_again" if of(job).remaining is None else "refunded"
    return waits_for("system", "end_assignments", by=by, otherwise=otherwise)
