"""What escrow says of a job that is funded before it opens: a competition or a task."""

from datetime import datetime

from services.jobs.domain import contest, task
from services.jobs.domain.job import Job
from shared.moves import Outcome


def hear(job: Job, *, now: datetime, what: str, hold_state: str = "") -> Outcome[Job]:
    """Note what escrow says of the hold, by the rules of the mode.

    :raises Ignored, NotYet: by the table of the mode
    """
    rule = task.hear if job.task is not None else contest.hear
    return rule(job, now=now, what=what, hold_state=hold_state)
