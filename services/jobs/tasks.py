"""What takes more than one rule on one document in a task: slots minted, claimed, closed."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.jobs import queries
from services.jobs.domain import assignment, starting, task
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.job import Job
from services.jobs.queries import slots
from services.jobs.records import ASSIGNMENTS, JOBS
from shared import ids, leases, standing
from shared.documents import Doc, Done, Folded, Once, Written, stamp
from shared.engine import context_of
from shared.errors import Conflict, Crossing, Refused, Unavailable
from shared.events import Event
from shared.standing import Standing
from shared.store import Store

MINTED_AT_ONCE = 1_000
APPROVED_AT_ONCE = 200
TRIES = 20
CLOSING_LEASE_S = 30


@dataclass(frozen=True, slots=True)
class Starter:
    """What is known of a person who may start some tasks: read once, however many they are."""

    id: str
    standing: Standing
    seats: Mapping[str, set[int]]
    decided: tuple[int, int]
    is_verified: bool
    controls: Mapping[str, tuple[int, int]]

    def reasons(self, job: Job, *, now: datetime, is_free: bool = True) -> list[Refused]:
        """Return every reason for which this person cannot start with one of them; none: may."""
        approved, rejected = self.decided
        return starting.unmet(
            job,
            by=self.id,
            now=now,
            bar=self.standing.bar(job.client_id),
            seats=len(self.seats.get(job.id, ())),
            approved=approved,
            rejected=rejected,
            is_verified=self.is_verified,
            controls=self.controls.get(job.id, (0, 0)),
            is_free=is_free,
        )


def starter(store: Store, jobs: Collection[Job], *, by: str) -> Starter:
    """Return what is known of a person before these tasks; what none of them asks is not read."""
    asked = [(job.id, job.task) for job in jobs if job.task]
    controlled = [id_ for id_, said in asked if said.min_controls_percent > 0]
    asks_approval = any(said.min_approval_percent > 0 for _, said in asked)
    asks_verified = any(said.verified_only for _, said in asked)
    return Starter(
        id=by,
        standing=standing.of(store.db, by, [job.client_id for job in jobs]),
        seats=slots.seats(store.db, [id_ for id_, _ in asked], by) if asked else {},
        decided=slots.decided(store.db, by) if asks_approval else (0, 0),
        is_verified=not asks_verified or queries.is_verified(store.db, by),
        controls=slots.controls(store.db, controlled, by) if controlled else {},
    )


def claim(store: Store, job: Job, *, by: str, now: datetime, once: Once | None) -> Assignment:
    """Take any free slot of an open task.

    :raises Forbidden: `own_job`, `not_verified`; what bars this person
    :raises Conflict: `job_not_open`, `limit_reached`, `approval_rate_low`, `controls_missed`,
        `no_slot_left`
    :raises Invalid: `idempotency_key_reused`
    """
    for _ in range(TRIES):
        known = starter(store, [job], by=by)
        unmet = known.reasons(job, now=now)
        if not unmet:
            taken = known.seats.get(job.id, set())
            seat = min(set(range(1, task.of(job).per_worker_limit + 1)) - taken)
            words = assignment.claim_words(job, by=by, seat=seat, now=now)
            try:
                claimed = any_free(store, job, by, words, once)
            except Conflict as why:
                if why.code != "seat_taken":
                    raise
                continue  # this person's other claim came between the look and the write
            if claimed is not None:
                return claimed
            unmet = [Conflict("no_slot_left", "every slot is taken")]
        if once and (there := store.born(ASSIGNMENTS, once)):
            return there.thing
        raise unmet[0]
    raise Unavailable(f"{job.id}: this person's own claims are in each other's way")


def any_free(store: Store, job: Job, by: str, words: Doc, once: Once | None) -> Assignment | None:
    """Take a slot, each person from another place on: racers for the first would meet there."""
    free: Doc = {"job_id": job.id, "state": "free"}
    from_ = {"_id": {"$gte": ids.derived("asg", job.id, by)}}
    return store.claim(ASSIGNMENTS, free | from_, words, once=once) or store.claim(
        ASSIGNMENTS, free, words, once=once
    )


def reject(
    store: Store, id_: str, job: Job, *, by: str, now: datetime, once: Once | None, **words: Any
) -> Done[Assignment]:
    """Reject a submission within the cap of its task.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `rejection_cap`
    :raises Invalid: `invalid_words`, `idempotency_key_reused`
    """
    said = task.of(job)
    for _ in range(TRIES):
        cap = assignment.cap(said.slots, slots.count_submitted(store.db, job.id))
        taken = slots.rejections(store.db, job.id)
        free = next((n for n in range(1, cap + 1) if n not in taken), 0)
        own = store.get(ASSIGNMENTS, id_)
        if own.state == "submitted" and by == own.client_id and not free:
            raise Conflict("rejection_cap", f"at most {cap} of this task may be rejected", cap=cap)
        try:
            return store.change(
                ASSIGNMENTS,
                id_,
                assignment.reject,
                now=now,
                once=once,
                by=by,
                rejection=free,
                criteria=said.criteria,
                **words,
            )
        except Conflict as why:
            if why.code != "rejection_taken":
                raise
    raise Unavailable(f"{job.id}: rejections are in each other's way")


# what follows, by events


def on_opened(store: Store, event: Event, now: datetime) -> None:
    """Mint the slots of a task that has opened."""
    if event.data["mode"] == "task":
        mint(store, store.get(JOBS, event.data["job_id"]))


def mint(store: Store, job: Job) -> None:
    """Mint every slot of a task; those that are there already stay as they are."""
    count = task.of(job).slots
    if slots.count_minted(store.db, job.id) == count:
        return
    for first in range(0, count, MINTED_AT_ONCE):
        numbers = range(first, min(first + MINTED_AT_ONCE, count))
        store.mint(ASSIGNMENTS, [assignment.minted(job, n) for n in numbers])


def on_freed(store: Store, event: Event, now: datetime) -> None:
    """A slot ended unpaid: another may take it while the task is open, else its money goes back."""
    ended = store.get(ASSIGNMENTS, event.data["assignment_id"])
    job = store.get(JOBS, ended.job_id)
    again = assignment.minted(job, ended.slot, ended.turn + 1)
    if store.find(ASSIGNMENTS, again.id) is None:
        if job.state != "open":
            _give_back(store, ended.id, now=now)
            return
        store.mint(ASSIGNMENTS, [again])
    # It may have closed between our look and our write, and counted without this one.
    if store.get(JOBS, ended.job_id).state != "open":
        _give_back(store, again.id, now=now)


def _give_back(store: Store, id_: str, *, now: datetime) -> None:
    with suppress(Crossing):
        store.change(ASSIGNMENTS, id_, assignment.close_slot, now=now)


def on_closing(store: Store, event: Event, now: datetime) -> None:
    """Count the slots that nobody has taken when a task closes: their money goes back."""
    close_free(store, event.data["job_id"], now=now)


def close_free(store: Store, job_id: str, *, now: datetime) -> None:
    """Move free slots to closed, then let the job say how many there were."""
    mint(store, job := store.get(JOBS, job_id))
    if job.state != "closed" or task.of(job).remaining is not None:
        return
    if not leases.hold(store.db, f"closing {job_id}", now=now, seconds=CLOSING_LEASE_S):
        return
    closed: Doc = {"state": "closed", "is_settled": True, "is_counted": True}
    store.move(ASSIGNMENTS, {"job_id": job_id, "state": "free"}, closed)
    with suppress(Crossing):
        free = slots.count_closed(store.db, job_id)
        store.change(JOBS, job_id, task.count, now=now, free=free)


def on_controls_missed(store: Store, event: Event, now: datetime) -> None:
    """Reject by the published criterion that says so; beyond the cap the client decides."""
    found = store.get(ASSIGNMENTS, event.data["assignment_id"])
    job = store.get(JOBS, found.job_id)
    criterion_id = assignment.missed_criterion(found, task.of(job).criteria)
    if found.state != "submitted" or criterion_id is None:
        return
    note = f"Control questions answered right: {found.controls_right} of {found.controls}."
    try:
        reject(
            store,
            found.id,
            job,
            by=job.client_id,
            now=now,
            once=None,
            criterion_id=criterion_id,
            note=note,
        )
    except Conflict:  # the cap is reached, or it was decided a moment ago
        return


def on_approve_all(store: Store, event: Event, now: datetime) -> None:
    """Approve what had been submitted when the client asked for it."""
    job = store.get(JOBS, event.data["job_id"])
    until = task.of(job).approve_all_at
    if until is None:
        return
    for few in _waiting(store, job.id, until):
        folded = []
        for loaded in store.load_many(ASSIGNMENTS, few).values():
            try:
                thing, facts = assignment.approve(
                    loaded.thing, now=now, by=job.client_id, until=until
                )
            except Refused:
                continue
            entries = stamp(facts, version=loaded.version + 1, now=now, context=context_of(event))
            folded.append(Folded(thing=thing, doc=loaded.doc, applied=1, entries=entries))
        lost = store.write_many(ASSIGNMENTS, folded, now=now)
        won = [f for f in folded if f.thing.id not in lost]
        store.written([Written(ASSIGNMENTS.collection, f.thing.id, f.entries) for f in won])


def _waiting(store: Store, job_id: str, until: datetime) -> Iterator[list[str]]:
    """Return the ids of what waits for review, each once, so many at a time."""
    after = ""
    while few := slots.submitted(store.db, job_id, until, after=after, most=APPROVED_AT_ONCE):
        yield few
        after = few[-1]
