"""What takes more than one rule on one document in a competition: entering, awarding, dividing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.jobs import queries
from services.jobs.domain import contest, entry
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import Job
from services.jobs.records import ENTRIES, JOBS
from shared import standing
from shared.documents import Done, Once
from shared.errors import Conflict, Ignored
from shared.events import Event
from shared.store import Store

ENDED_AT_ONCE_MAX = 100


def enter(
    store: Store,
    job: Job,
    *,
    entry_id: str,
    by: str,
    now: datetime,
    once: Once | None,
    words: Mapping[str, Any],
) -> Done[Entry]:
    """Keep an entry for an open competition.

    :raises Forbidden: `own_job`; what bars this person
    :raises Conflict: `wrong_mode`, `job_not_open`, `too_many_entries`
    :raises Invalid: `idempotency_key_reused`
    """
    if once and (there := store.born(ENTRIES, once)):
        return there
    made, facts = entry.submit(
        job,
        id=entry_id,
        by=by,
        now=now,
        bar=standing.of(store.db, by, [job.client_id]).bar(job.client_id),
        own=queries.count_entries(store.db, job.id, worker_id=by),
        **words,
    )
    done = store.create(ENTRIES, made, facts, once=once, now=now)
    # It may have closed between our look and our write; whoever decides may have missed this.
    if store.get(JOBS, job.id).state != "open":
        _try(store, entry_id, entry.pass_over, now=now)
        raise Conflict("job_not_open", "it has closed a moment ago")
    return done


def award(
    store: Store,
    job: Job,
    *,
    by: str,
    now: datetime,
    once: Once | None,
    awards: list[dict[str, Any]],
) -> Done[Job]:
    """Give the prizes to these entries, and tell all entries.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `already_awarded`, `entry_withdrawn`
    :raises Invalid: `invalid_words`, `idempotency_key_reused`
    """
    named = store.load_many(ENTRIES, [one["entry_id"] for one in awards])
    of_job = {id_: e.thing for id_, e in named.items() if e.thing.job_id == job.id}
    done = store.change(
        JOBS, job.id, contest.award, now=now, once=once, by=by, awards=awards, entries=of_job
    )
    if not done.replayed:
        _tell_winners(store, done.thing, now=now)
        _pass_over(store, job.id, now=now)
    return done


def _tell_winners(store: Store, job: Job, *, now: datetime) -> None:
    for one in job.contest.awards if job.contest else ():
        if one.rank:
            _try(store, one.entry_id, entry.win, now=now, rank=one.rank)


def _pass_over(store: Store, job_id: str, *, now: datetime) -> bool:
    """End some of the entries that wait; say whether there were any."""
    waiting = queries.waiting_entries(store.db, job_id, ENDED_AT_ONCE_MAX)
    for id_ in waiting:
        _try(store, id_, entry.pass_over, now=now)
    return bool(waiting)


def _try(store: Store, id_: str, rule: Any, *, now: datetime, **words: Any) -> None:
    try:
        store.change(ENTRIES, id_, rule, now=now, **words)
    except Ignored:
        return


def on_closed(store: Store, event: Event, now: datetime) -> None:
    """Where nobody has entered there is nothing to award: the prizes go back at once."""
    if not queries.count_entries(store.db, event.data["job_id"]):
        _divide(store, event.data["job_id"], [], now)


def on_undecided(store: Store, event: Event, now: datetime) -> None:
    """Do what was announced for a competition without a winner."""
    job_id = event.data["job_id"]
    _divide(store, job_id, queries.standing_entries(store.db, job_id), now)


def _divide(store: Store, job_id: str, entries: list[Entry], now: datetime) -> None:
    try:
        store.change(JOBS, job_id, contest.divide, now=now, entries=entries)
    except Ignored:
        return


def on_decided(store: Store, event: Event, now: datetime) -> None:
    """Tell the entries how it was decided: the winners first, then all others."""
    job = store.get(JOBS, event.data["job_id"])
    _tell_winners(store, job, now=now)
    while _pass_over(store, job.id, now=now):
        pass
