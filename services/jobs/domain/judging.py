"""What operators, or their silence, decide of a job: let out, removed, restored; and of reports."""

from dataclasses import replace
from datetime import datetime

from services.jobs.domain import posting
from services.jobs.domain.job import MOVES, Job
from shared import moderation
from shared.errors import Refused
from shared.events import Fact
from shared.moderation import Seen
from shared.moves import Outcome, next_state


def decide(job: Job, *, now: datetime, outcome: str, reason: str) -> Outcome[Job]:
    """Do what was decided, in any state.

    Removed, a held job is a draft again that cannot be published, and one that is out is closed as
    its client closes it: who has proposed, entered or works is treated as then. Restored, it is
    read again, and its client may publish what is a draft.

    :raises Ignored: it is so already
    """
    seen, facts = moderation.decided(job.said(), job.seen, outcome, reason)
    if seen.state == "removed":
        return _removed(replace(job, seen=seen), facts, now=now)
    return _shown(job, seen, facts, now=now)


def release(job: Job, *, now: datetime) -> Outcome[Job]:
    """Let a held job out that no operator decided about in time.

    :raises Ignored: it is not due
    """
    seen, facts = moderation.by_silence(job.said(), job.seen, now=now)
    return _shown(job, seen, facts, now=now)


def report(job: Job, *, now: datetime, case_id: str) -> Outcome[Job]:
    """Tell accounts what was reported; nothing changes."""
    return job, [moderation.reported(job.said(), case_id)]


def _shown(job: Job, seen: Seen, facts: list[Fact], *, now: datetime) -> Outcome[Job]:
    if job.state != "held":
        return replace(job, seen=seen), facts
    out, more = posting.go_out(_later(replace(job, seen=seen), now=now), now=now)
    return out, [*facts, *more]


def _later(job: Job, *, now: datetime) -> Job:
    """Return it with its times put off by as long as it was held."""
    span = now - job.changed_at
    if job.deadline_at is not None:
        job = replace(job, deadline_at=job.deadline_at + span)
    if (until := job.project.proposals_close_at) is not None:
        job = replace(job, project=replace(job.project, proposals_close_at=until + span))
    if job.contest is not None and job.contest.closes_at is not None:
        contest = replace(job.contest, closes_at=job.contest.closes_at + span)
        job = replace(job, contest=contest)
    return job


def _removed(job: Job, facts: list[Fact], *, now: datetime) -> Outcome[Job]:
    if job.state == "held":
        state = next_state(MOVES, job.state, "return")
        return replace(job, state=state, changed_at=now), facts
    rule = posting.cancel if job.state == "awaiting_funding" else posting.close
    try:
        ended, more = rule(job, now=now, by=job.client_id)
    except Refused:  # it is a draft, or over already
        return job, facts
    return ended, [*facts, *more]
