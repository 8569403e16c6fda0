"""Saved searches: kept within a member's number of them, and told of jobs that open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.jobs.domain import saved
from services.jobs.domain.saved import Match, Search
from services.jobs.domain.wanted import fits
from services.jobs.queries import searches
from services.jobs.records import JOBS
from services.jobs.search_records import MATCHES, SEARCHES
from shared import ids, standing
from shared.documents import Context, Doc, Done, Folded, Once, Written, stamp
from shared.engine import context_of
from shared.errors import Conflict, Unavailable
from shared.events import Event
from shared.store import Store

TRIES = 20


def save(
    store: Store, *, id: str, by: str, now: datetime, once: Once | None, **words: Any
) -> Done[Search]:
    """Keep a search at the first seat that is free.

    :raises Conflict: `too_many_searches`
    :raises Invalid: `idempotency_key_reused`
    """
    if once and (there := store.born(SEARCHES, once)):
        return there
    for _ in range(TRIES):
        seat = saved.free_seat(doc["seat"] for doc in searches.mine(store.db, by))
        made, facts = saved.save(id=id, by=by, now=now, seat=seat, **words)
        try:
            return store.create(SEARCHES, made, facts, now=now, once=once)
        except Conflict as why:
            if why.code != "seat_taken":
                raise
    raise Unavailable("this member's own requests are in each other's way")


def on_opened(store: Store, event: Event, now: datetime) -> None:
    """Tell whose search a job fits that has opened, a batch at a time.

    What was told is kept, each match under an id of its own: after a stop it goes on from there.
    """
    job_id = event.data["job_id"]
    job = store.db[JOBS.collection].find_one({"_id": job_id}, {"outbox": 0, "receipts": 0})
    if job is None or job["state"] != "open":
        return
    for some in searches.waiting(store.db, saved.keys_of(job)):
        fitting = [one for one in some if fits(job, one.wanted)]
        _tell(store, job, _hearing(store, job, fitting), context_of(event), now)


def _hearing(store: Store, job: Doc, found: Sequence[Search]) -> list[Search]:
    """Return the searches whose members are to hear of a job: not its client, nobody blocked."""
    client_id = job["client_id"]
    members = {one.member_id for one in found}
    deaf = searches.barred(store.db, members) | {client_id}
    deaf |= standing.blocked(store.db, client_id, members)
    return [one for one in found if one.member_id not in deaf]


def _tell(store: Store, job: Doc, found: Sequence[Search], context: Context, now: datetime) -> None:
    matches = {
        one.id: Match(
            id=ids.derived("mat", one.id, job["_id"]),
            search_id=one.id,
            member_id=one.member_id,
            job_id=job["_id"],
            at=now,
        )
        for one in found
    }
    told = searches.told(store.db, [match.id for match in matches.values()])
    folded = []
    for one in found:
        match = matches[one.id]
        if match.id not in told:
            facts = [saved.matched(one, match, job)]
            entries = stamp(facts, version=1, now=now, context=context)
            folded.append(Folded(thing=match, doc=None, applied=1, entries=entries))
    lost = store.write_many(MATCHES, folded, now=now)
    won = [f for f in folded if f.thing.id not in lost]
    store.written([Written(MATCHES.collection, f.thing.id, f.entries) for f in won])
