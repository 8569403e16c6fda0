"""An entry: finished work that a person puts into a competition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.jobs.domain.job import Job, Next, waits_for
from shared.errors import Conflict, Forbidden, Ignored, Refused
from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

STATES = ("submitted", "withdrawn", "won", "not_chosen")
LINKS_MAX = 20
ENTRIES_MAX = 20
"""How many entries one person may have in one competition."""

MOVES: Moves = {
    "withdraw": {"submitted": "withdrawn"},
    "favourite": {"submitted": "submitted"},
    # Said by the job, which has decided: an award beats a withdrawal of the same moment.
    "win": {"submitted": "won", "withdrawn": "won"},
    "pass_over": {"submitted": "not_chosen"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody's work for a competition; `rank` is the prize that it won."""

    id: str
    job_id: str
    client_id: str
    worker_id: str
    job_title: str
    title: str
    description: str
    links: tuple[str, ...]
    state: str
    created_at: datetime
    is_favourite: bool = False
    rank: int | None = None

    def fact(self, type_: str) -> Fact:
        """Return a fact about this entry."""
        words: dict[str, Any] = {
            "job_id": self.job_id,
            "entry_id": self.id,
            "client_id": self.client_id,
            "worker_id": self.worker_id,
            "title": self.job_title,
        }
        return Fact(type_, words)


def submit(
    job: Job,
    *,
    id: str,
    by: str,
    now: datetime,
    bar: Refused | None,
    own: int,
    title: str,
    description: str,
    links: Sequence[str] = (),
) -> Outcome[Entry]:
    """Enter an open competition; `own` is how many entries this person has in it.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `wrong_mode`, `job_not_open`, `too_many_entries`
    """
    refuse_entering(job, by=by, now=now, bar=bar)
    if own >= ENTRIES_MAX:
        raise Conflict("too_many_entries", f"at most {ENTRIES_MAX} entries a person")
    entry = Entry(
        id=id,
        job_id=job.id,
        client_id=job.client_id,
        worker_id=by,
        job_title=job.title,
        title=title,
        description=description,
        links=tuple(links),
        state="submitted",
        created_at=now,
    )
    return entry, [entry.fact("entry.submitted")]


def refuse_entering(job: Job, *, by: str, now: datetime, bar: Refused | None) -> None:
    """Pass when this person may enter.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `wrong_mode`, `job_not_open`
    """
    for why in unmet(job, by=by, now=now, bar=bar):
        raise why


def unmet(job: Job, *, by: str, now: datetime, bar: Refused | None) -> list[Refused]:
    """Return every reason for which this person cannot enter; none: they may."""
    if job.contest is None:
        return [Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode)]
    reasons: list[Refused] = []
    if by == job.client_id:
        reasons.append(Forbidden("own_job", "this is your own job"))
    if bar:
        reasons.append(bar)
    until = job.contest.closes_at
    if job.state != "open" or (until is not None and until <= now):
        reasons.append(Conflict("job_not_open", "it takes no entries now", state=job.state))
    return reasons


def withdraw(entry: Entry, *, now: datetime, by: str) -> Outcome[Entry]:
    """Take one's entry back before it has won.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    if by != entry.worker_id:
        raise Forbidden("not_the_worker", "only who entered it may withdraw it")
    entry = replace(entry, state=next_state(MOVES, entry.state, "withdraw"))
    return entry, [entry.fact("entry.withdrawn")]


def favourite(entry: Entry, *, now: datetime, by: str, favourite: bool) -> Outcome[Entry]:
    """Mark an entry as one that the client likes, or not any more.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    if by != entry.client_id:
        raise Forbidden("not_the_client", "only the client of a job has favourites")
    state = next_state(MOVES, entry.state, "favourite")
    return replace(entry, state=state, is_favourite=favourite), []


def win(entry: Entry, *, now: datetime, rank: int) -> Outcome[Entry]:
    """Note the prize that the client has given to it.

    :raises Ignored: it is noted
    """
    if entry.state not in MOVES["win"]:
        raise Ignored("crossed", f"it is {entry.state}")
    entry = replace(entry, state=next_state(MOVES, entry.state, "win"), rank=rank)
    return entry, [entry.fact("entry.won")]


def pass_over(entry: Entry, *, now: datetime) -> Outcome[Entry]:
    """Note that the competition ended without a prize for it.

    :raises Ignored: it has ended
    """
    if entry.state not in MOVES["pass_over"]:
        raise Ignored("crossed", f"it is {entry.state}")
    entry = replace(entry, state=next_state(MOVES, entry.state, "pass_over"))
    return entry, [entry.fact("entry.not_chosen")]


def is_shown(entry: Entry, job: Job, by: str | None) -> bool:
    """Say whether somebody may see it: sealed, others see it when all is decided."""
    if by in (entry.client_id, entry.worker_id):
        return True
    return job.contest is not None and (job.contest.visibility == "open" or job.contest.is_decided)


def next_step(entry: Entry, job: Job) -> Next | None:
    """Return what this entry waits for: the client's choice."""
    contest = job.contest
    if entry.state != "submitted" or contest is None or contest.is_decided:
        return None
    by = contest.select_by or contest.closes_at
    if by is None or job.state not in ("open", "closed"):
        return None
    otherwise = "split" if contest.no_winner == "split" else "refunded"
    return waits_for("client", "award", by=by, otherwise=otherwise)
