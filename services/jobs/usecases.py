"""What takes more than one rule on one document: proposing, selecting, ending what a job leaves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.jobs import queries
from services.jobs.domain import opening, proposal
from services.jobs.domain.job import Job
from services.jobs.domain.proposal import Proposal
from services.jobs.records import JOBS, PROPOSALS
from shared import standing
from shared.documents import Done, Once
from shared.errors import Conflict, Ignored
from shared.events import Event
from shared.store import Store

LAPSED_AT_ONCE_MAX = 100
"""How many proposals a request ends by itself; the worker, hearing of it, ends the rest."""


def propose(
    store: Store,
    job: Job,
    *,
    proposal_id: str,
    by: str,
    now: datetime,
    once: Once | None,
    words: Mapping[str, Any],
) -> Done[Proposal]:
    """Keep a proposal for an open job.

    :raises Forbidden: `own_job`; what bars this person
    :raises Conflict: `job_not_open`, `already_proposed`
    :raises Invalid: `invalid_words`, `milestones_sum`, `idempotency_key_reused`
    """
    if once and (there := store.born(PROPOSALS, once)):
        return there
    bar = standing.of(store.db, by, [job.client_id]).bar(job.client_id)
    made, facts = proposal.submit(job, id=proposal_id, by=by, now=now, bar=bar, **words)
    done = store.create(PROPOSALS, made, facts, once=once, now=now)
    # It may have closed between our look and our write; whoever ended its proposals missed this.
    if store.get(JOBS, job.id).state != "open":
        lapse(store, done.thing.id, now=now)
        raise Conflict("job_not_open", "it has closed a moment ago")
    return done


def select(
    store: Store,
    chosen: Proposal,
    *,
    by: str,
    now: datetime,
    once: Once | None,
    offer_id: str,
    words: Mapping[str, Any],
) -> Done[Job]:
    """Reserve an opening for this proposal; the proposal takes it, and contracts makes the offer.

    :raises Forbidden: `not_the_client`; what bars the client
    :raises Conflict: `wrong_state`, `no_opening_left`, `too_many_selections`
    :raises Invalid: `invalid_words`, `idempotency_key_reused`
    """
    done = store.change(
        JOBS,
        chosen.job_id,
        opening.reserve,
        now=now,
        once=once,
        by=by,
        proposal=chosen,
        offer_id=offer_id,
        words=words,
        bar=standing.of(store.db, by, [chosen.worker_id]).bar(chosen.worker_id),
    )
    if not done.replayed:
        offer = opening.offer_of(done.thing, chosen, offer_id=offer_id, words=words, now=now)
        take_opening(store, offer, now=now)
    return done


def take_opening(store: Store, offer: Mapping[str, Any], *, now: datetime) -> None:
    """Let the proposal take the opening reserved for it; where it refuses, the opening is freed.

    :raises Conflict: `wrong_state` of the proposal
    """
    try:
        store.change(PROPOSALS, offer["proposal_id"], proposal.select, now=now, offer=offer)
    except Ignored:
        return
    except Conflict:
        free_opening(store, offer["job_id"], offer["offer_id"], now=now)
        raise


def free_opening(store: Store, job_id: str, offer_id: str, *, now: datetime) -> None:
    """Give up a reservation that no proposal took."""
    try:
        store.change(JOBS, job_id, opening.free, now=now, offer_id=offer_id)
    except Ignored:
        return


def on_reserved(store: Store, event: Event, now: datetime) -> None:
    """Repair a selection whose request stopped half-way."""
    try:
        take_opening(store, event.data, now=now)
    except Conflict:
        return


def on_job_over(store: Store, event: Event, now: datetime) -> None:
    """End the proposals that wait for a job which selects nobody any more."""
    while waiting := queries.waiting_proposals(store.db, event.data["job_id"], LAPSED_AT_ONCE_MAX):
        for id_ in waiting:
            lapse(store, id_, now=now)


def lapse_some(store: Store, job_id: str, *, now: datetime) -> None:
    """End the first proposals that wait for this job, so that a caller sees it at once."""
    for id_ in queries.waiting_proposals(store.db, job_id, LAPSED_AT_ONCE_MAX):
        lapse(store, id_, now=now)


def lapse(store: Store, id_: str, *, now: datetime) -> None:
    """End a proposal, unless somebody has moved it meanwhile."""
    try:
        store.change(PROPOSALS, id_, proposal.lapse, now=now)
    except Ignored:
        return
