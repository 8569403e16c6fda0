"""Who may see what, and what is known of it: the same for every route."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.jobs import bookmarks, queries, tasks
from services.jobs.domain.job import Job
from services.jobs.domain.proposal import Proposal
from services.jobs.domain.wanted import Wanted, sought
from services.jobs.queries import slots
from services.jobs.records import JOBS, PROPOSALS
from services.jobs.seen import Seen
from shared import futures, standing, web
from shared.documents import Doc, Kind, Loaded
from shared.errors import Unknown
from shared.standing import NOBODYS


def job(id_: str) -> Loaded[Job]:
    """Return a job that the caller may see: once published, or their own.

    :raises Unknown: `no_such_job`
    """
    loaded = web.store().load(JOBS, id_)
    who = web.caller_or_none()
    if loaded.thing.published_at is None and (who is None or who.id != loaded.thing.client_id):
        raise Unknown("no_such_job", "there is no such job")
    return loaded


def proposal(id_: str) -> Loaded[Proposal]:
    """Return a proposal of which the caller is one side; what is held its author sees alone.

    :raises Unknown: `no_such_proposal`
    """
    loaded = web.store().load(PROPOSALS, id_)
    if not loaded.thing.is_seen_by(web.caller().id):
        raise Unknown("no_such_proposal", "there is no such proposal")
    return loaded


def wanted(
    words: Mapping[str, Any], states: tuple[str, ...], *, shown: str, private: tuple[str, ...]
) -> Wanted:
    """Return what a list is asked for: what is `shown` to all, or in any state what is one's own.

    :raises Unauthenticated: one's own is asked for, and nobody asks
    """
    state = words.get("state")
    if words["mine"] or state in private:
        return sought(words, states=(state,) if state else states, owner=web.caller().id)
    return sought(words, states=(state or shown,))


def of_jobs(jobs: Sequence[Job]) -> Seen:
    """Return what this caller is shown with jobs: names, counts, what they may do."""
    db, who, ids = web.store().db, web.caller_or_none(), [job.id for job in jobs]
    tasks_ = [job.id for job in jobs if job.task]
    taken = slots.by_state(db, tasks_)
    return Seen(
        by=who.id if who else None,
        now=web.now(),
        language=web.language(),
        names=queries.names(db, (job.client_id for job in jobs)),
        records=queries.records(db, (job.client_id for job in jobs)),
        standing=standing.of(db, who.id, {job.client_id for job in jobs}) if who else NOBODYS,
        counts=queries.proposal_counts(db, ids),
        slots=taken,
        unmet=_unmet(jobs, who.id, taken) if who else {},
        worked_s=slots.worked_s(db, tasks_),
        entries=queries.entry_counts(db, [job.id for job in jobs if job.contest]),
        marked=bookmarks.marked(db, ids, who.id) if who else frozenset(),
        proposed=queries.has_proposed(db, ids, who.id) if who else frozenset(),
    )


def _unmet(jobs: Sequence[Job], by: str, taken: slots.ByState) -> dict[str, list[str]]:
    others = [job for job in jobs if job.task and job.client_id != by]
    if not others:
        return {}
    starter, now = tasks.starter(web.store(), others, by=by), web.now()
    found = {}
    for job in others:
        # Before the slots are minted none is there, and none is taken either.
        counts = taken.get(job.id, {})
        is_free = not counts or bool(counts.get("free"))
        found[job.id] = [why.code for why in starter.reasons(job, now=now, is_free=is_free)]
    return found


def of_members(*ids: str) -> Seen:
    """Return what this caller is shown with questions, entries, assignments: the names."""
    who = web.caller_or_none()
    names = queries.names(web.store().db, ids)
    return Seen(by=who.id if who else None, now=web.now(), names=names)


def of_proposals(found: Sequence[Proposal]) -> Seen:
    """Return what this caller is shown with proposals of which they are one side."""
    by = web.caller().id
    others = {side for each in found for side in (each.client_id, each.worker_id)}
    workers, db = [each.worker_id for each in found], web.store().db
    records = queries.records(db, workers)
    return replace(of_members(*workers), records=records, standing=standing.of(db, by, others))


def timeline(
    kind: Kind[Any],
    thing: Any,
    *,
    next_of: Any,
    hidden: Collection[str] = (),
    answered: Any = lambda thing, _: (thing, []),
) -> Doc:
    """Return what a thing has said, by whom, and what will happen to it if everybody is silent.

    That it was reported nobody learns here, nor what became of that.
    """
    roles = {thing.client_id: "client", getattr(thing, "worker_id", None): "worker"}
    past = [
        {
            "at": fact["time"],
            "what": fact["type"],
            "by": roles.get(fact["actor"], "worker" if fact["actor"][:4] == "mem_" else "system"),
        }
        for fact in web.store().timeline(thing.id, kind.collection)
        if fact["type"] not in hidden and not fact["type"].endswith(".reported")
    ]
    assert kind.wake is not None, "only what waits has a timeline"  # noqa: S101
    assert kind.on_wake is not None, "only what waits has a timeline"  # noqa: S101
    future = futures.dry_run(
        thing, wake=kind.wake, on_wake=kind.on_wake, next_of=next_of, answered=answered
    )
    return {"past": past, "future": future}
