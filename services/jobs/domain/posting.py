"""What a client does with a job: draft, edit, publish, close, cancel."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.domain import contest, looking, market, task
from services.jobs.domain.job import MOVES, Contest, Job, Known, Project, refuse_others, said
from services.jobs.domain.opening import settled
from services.jobs.domain.terms import fixed_while_open, lacking, refuse_wrong
from shared import clock, ids, moderation
from shared.errors import Conflict, Ignored, Invalid, Refused
from shared.moves import Outcome, next_state

PROPOSALS_TAKEN = timedelta(days=14)
"""How long proposals are taken when the client does not say."""

UNKNOWN = Known()
PART_OF = {"project": "project", "competition": "contest", "task": "task"}
"""Where a job keeps the words of its mode."""
SAID_BY_ALL = frozenset({"title", "description", "category", "skills", "experience", "deadline_at"})


def draft(*, id: str, by: str, now: datetime, mode: str, **words: Any) -> Outcome[Job]:
    """Return a new draft of this member; nobody else hears of it.

    :raises Invalid: `mode_not_enabled`, or `invalid_words` with the fields
    """
    market.refuse_mode(mode)
    blank = Job(
        id=id,
        client_id=by,
        mode=mode,
        state="draft",
        title="",
        description="",
        category="",
        skills=(),
        experience="none",
        deadline_at=None,
        project=Project(),
        created_at=now,
        changed_at=now,
        contest=Contest() if mode == "competition" else None,
        task=task.blank() if mode == "task" else None,
    )
    return _with(blank, words, now=now), []


def edit(job: Job, *, now: datetime, by: str, words: dict[str, Any]) -> Outcome[Job]:
    """Change what a job says: all of a draft; of an open job only what hurts nobody.

    While open a description may be added to, and deadlines, openings and budget may grow.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`; `removed`; `already_selected`; `fixed_while_open` with the
        fields; `would_be_held`: an open job cannot come to say what is held of a new one
    :raises Invalid: `invalid_words` with the fields
    """
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "edit")
    looking.refuse_removed(job.seen)
    edited = replace(_with(job, words, now=now), state=state)
    if job.state != "open":
        return replace(edited, seen=looking.after_edit(job, edited)), []
    if job.project.selections:
        raise Conflict("already_selected", "somebody has been selected on these words")
    if fixed := fixed_while_open(job, edited):
        raise Conflict("fixed_while_open", "people count on these words", fields=fixed)
    return replace(edited, seen=looking.while_public(job, edited, now=now)), []


def _with(job: Job, words: dict[str, Any], *, now: datetime) -> Job:
    words = {n: tuple(value) if isinstance(value, list) else value for n, value in words.items()}
    given = set(words)
    name = PART_OF[job.mode]
    part = getattr(job, name)
    foreign = given - SAID_BY_ALL - {one for one in given if hasattr(part, one)}
    if foreign:
        where = {one: [f"Not a word of a {job.mode}."] for one in sorted(foreign)}
        raise Invalid("invalid_words", "some of the words are not right", fields=where)
    of_part = {one: words.pop(one) for one in given - SAID_BY_ALL}
    edited = replace(job, **{name: replace(part, **of_part)}, changed_at=now, **words)
    refuse_wrong(edited, given=given, now=now)
    return edited


def publish(
    job: Job, *, now: datetime, by: str, bar: Refused | None, known: Known = UNKNOWN
) -> Outcome[Job]:
    """Open a complete draft; without a word on it, proposals are taken for 14 days.

    Where the money comes first, it opens itself once it is funded. What may not be posted is held
    before all that, until an operator has looked or silence lets it out.

    :raises Forbidden: `not_the_client`; or `bar`
    :raises Conflict: `wrong_state`, `removed`
    :raises Invalid: `incomplete` with the fields that are missing or past
    """
    refuse_others(job, by)
    moves = {"competition": contest.MOVES, "task": task.MOVES}.get(job.mode, MOVES)
    next_state(moves, job.state, "publish")
    looking.refuse_removed(job.seen)
    if bar:
        raise bar
    job = replace(job, client_known=known)
    if missing := lacking(job):
        raise Invalid("incomplete", "this is needed before it is published", fields=missing)
    job = replace(job, changed_at=now, seen=looking.on_publish(job, now=now))
    if job.mode == "project":
        assert job.deadline_at is not None, "a complete job has a deadline"  # noqa: S101
        until = job.project.proposals_close_at or min(job.deadline_at, now + PROPOSALS_TAKEN)
        job = replace(job, project=replace(job.project, proposals_close_at=until))
        refuse_wrong(job, given={"deadline_at", "proposals_close_at"}, now=now)
    else:
        refuse_wrong(job, given={"closes_at", "deadline_at"}, now=now)
    if job.seen.state == "held":
        held = replace(job, state=next_state(MOVES, job.state, "hold"))
        return held, [moderation.held(held.said(), held.seen)]
    return go_out(job, now=now)


def go_out(job: Job, *, now: datetime) -> Outcome[Job]:
    """Open a job that was published; or, where the money comes first, ask for it."""
    moves = {"competition": contest.MOVES, "task": task.MOVES}.get(job.mode, MOVES)
    state = next_state(moves, job.state, "let_out" if job.state == "held" else "publish")
    if job.mode != "project":
        return _submitted(job, state, now=now)
    job = replace(job, state=state, changed_at=now, published_at=now)
    return job, [said(job, "job.opened", category=job.category)]


def know_client(job: Job, *, now: datetime, known: Known) -> Outcome[Job]:
    """Say what is known of its client by now; it is not an act, and silence is not over.

    :raises Ignored: `wrong_state`: it is not open any more
    """
    if job.state != "open":
        raise Ignored("wrong_state", f"it is {job.state}")
    return replace(job, client_known=known), []


def hold_id_of(job: Job) -> str:
    """Return the id of the hold that a job's money waits in, known before it is opened."""
    return ids.derived("hld", job.id)


def _submitted(job: Job, state: str, *, now: datetime) -> Outcome[Job]:
    hold_id = hold_id_of(job)
    job = replace(job, state=state, hold_id=hold_id, changed_at=now)
    words: dict[str, Any] = {"fund_by": clock.text(now + market.timers().job_fund)}
    if job.contest:
        words["prizes"] = [prize.words() for prize in job.contest.prizes]
    if job.task and job.task.reward:
        words |= {"reward": job.task.reward.words(), "slots": job.task.slots}
    return job, [said(job, "job.submitted_for_funding", hold_id=hold_id, **words)]


def close(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """Take no more proposals and select nobody any more; what was offered or agreed stands.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    if job.mode == "competition":
        return contest.close(job, now=now, by=by)
    if job.task is not None:
        return task.close(job, now=now, by=by)
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "close")
    if job.state == "closed" and job.project.select_by is None:
        raise Conflict("wrong_state", "it is closed already", state=job.state, move="close")
    project = replace(job.project, select_by=None)
    job = replace(job, state=state, project=project, changed_at=now)
    return settled(job, [said(job, "job.closed", reason="client")], now=now)


def cancel(job: Job, *, now: datetime, by: str, entries: int = 0) -> Outcome[Job]:
    """End a job from which no contract has come; offers that wait are withdrawn by contracts.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `has_contracts`, `has_entries`
    """
    if job.mode == "competition":
        return contest.cancel(job, now=now, by=by, entries=entries)
    if job.task is not None:
        return task.cancel(job, now=now, by=by)
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "cancel")
    if job.project.filled:
        raise Conflict("has_contracts", "people are at work: close it, or cancel the contracts")
    project = replace(job.project, select_by=None)
    job = replace(job, state=state, project=project, changed_at=now)
    return job, [said(job, "job.cancelled", reason="client")]
