"""Who may start with a task: every condition that is not met, not only the first."""

from datetime import datetime

from services.jobs.domain.job import Job
from shared.errors import Conflict, Forbidden, Refused

DECIDED_LEAST = 5
"""So many decided assignments a person has before their approval rate is asked for."""
CONTROLS_LEAST = 3
"""So many control questions of a task a person has met before their share of right ones counts."""


def unmet(
    job: Job,
    *,
    by: str,
    now: datetime,
    bar: Refused | None,
    seats: int,
    approved: int,
    rejected: int,
    is_verified: bool = True,
    controls: tuple[int, int] = (0, 0),
    is_free: bool = True,
) -> list[Refused]:
    """Return every reason for which this person cannot start now; none: they may.

    `controls`: how many of this task's control questions they have met, and answered right.
    """
    if job.task is None:
        return [Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode)]
    reasons: list[Refused] = []
    if by == job.client_id:
        reasons.append(Forbidden("own_job", "this is your own job"))
    if bar:
        reasons.append(bar)
    if job.state != "open" or (job.deadline_at is not None and job.deadline_at <= now):
        reasons.append(Conflict("job_not_open", f"it is {job.state}", state=job.state))
    if seats >= job.task.per_worker_limit:
        limit = job.task.per_worker_limit
        reasons.append(Conflict("limit_reached", f"{limit} for each person", limit=limit))
    decided = approved + rejected
    if decided >= DECIDED_LEAST and approved * 100 < job.task.min_approval_percent * decided:
        wanted = job.task.min_approval_percent
        reasons.append(Conflict("approval_rate_low", f"{wanted} % are asked for", percent=wanted))
    if job.task.verified_only and not is_verified:
        reasons.append(Forbidden("not_verified", "only with a verified mail address"))
    met, right = controls
    if met >= CONTROLS_LEAST and right * 100 < job.task.min_controls_percent * met:
        wanted = job.task.min_controls_percent
        reasons.append(Conflict("controls_missed", f"{wanted} % are asked for", percent=wanted))
    if job.state == "open" and not is_free:
        reasons.append(Conflict("no_slot_left", "every slot is taken"))
    return reasons
