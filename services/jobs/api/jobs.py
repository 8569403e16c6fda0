"""Jobs: drafted, found, published, closed, cancelled."""

from typing import Any

from flask import Response

from services.jobs import tasks, usecases
from services.jobs.api import seeing
from services.jobs.domain import posting, silence
from services.jobs.domain.job import STATES, Job
from services.jobs.queries import clients, count_entries, search
from services.jobs.records import JOBS
from services.jobs.schemas import JobEdit, JobListArgs, JobWords
from services.jobs.shapes import JobListShape, JobShape, say_job
from shared import ids, standing, web
from shared.documents import Done

blp = web.blueprint("jobs", __name__)

HIDDEN = ("opening.reserved", "posting.held", "posting.released", "posting.removed")
"""Whom the client considers, and what operators looked at, is not for the public."""
PRIVATE = ("draft", "held", "awaiting_funding")


@blp.post("/jobs")
@blp.arguments(JobWords())
@blp.response(201, JobShape())
def draft_job(words: dict[str, Any]) -> Response:
    """Draft a job that nobody else sees. 422 mode_not_enabled, invalid_words."""
    job_id, by, now = ids.new("job"), web.caller().id, web.now()
    location = f"/v1/jobs/{job_id}"
    drafted, facts = posting.draft(id=job_id, by=by, now=now, **words)
    once = web.once(status=201, location=location)
    done = web.store().create(JOBS, drafted, facts, once=once, now=now)
    return answer_job(done, 201, location=location)


@blp.get("/jobs")
@web.public
@blp.arguments(JobListArgs(), location="query")
@blp.response(200, JobListShape())
def list_jobs(words: dict[str, Any]) -> Response:
    """List jobs; other people's once they are published. 422 invalid_words, bad_cursor."""
    page = web.page(words)
    docs, cursor = search.find(
        web.store().db, seeing.wanted(words, STATES, shown="open", private=PRIVATE), page
    )
    found = [JOBS.from_doc(doc) for doc in docs]
    seen = seeing.of_jobs(found)
    return web.listing([say_job(job, seen) for job in found], cursor)


@blp.get("/jobs/<id_>")
@web.public
@blp.response(200, JobShape())
def get_job(id_: str) -> Response:
    """Return a job. 404 for one that was never published, except to its client."""
    loaded = seeing.job(id_)
    said = say_job(loaded.thing, seeing.of_jobs([loaded.thing]))
    return web.answer(said, version=loaded.version)


@blp.patch("/jobs/<id_>")
@blp.arguments(JobEdit())
@blp.response(200, JobShape())
def edit_job(words: dict[str, Any], id_: str) -> Response:
    """Change all of a draft; while open, a description may be added to, deadlines, openings and
    budget may grow.

    403 not_the_client, 404, 409 wrong_state, already_selected, fixed_while_open, removed,
    would_be_held, 412, 422, 428.
    """
    if_match = web.if_match()
    seeing.job(id_)
    done = web.store().change(
        JOBS, id_, posting.edit, now=web.now(), if_match=if_match, by=web.caller().id, words=words
    )
    return answer_job(done)


@blp.post("/jobs/<id_>/publish")
@blp.response(200, JobShape())
@blp.alt_response(202, schema=JobShape())
def publish_job(id_: str) -> Response:
    """Open a draft. A competition or task waits for its money first: 202, Location names the hold
    of it. What may not be posted is `held` before that, until an operator has looked.

    403 not_the_client, member_suspended, member_leaving, 404, 409 wrong_state, removed,
    422 incomplete.
    """
    job, by = seeing.job(id_).thing, web.caller().id
    db = web.store().db
    words: dict[str, Any] = {"bar": standing.of(db, by).bar(), "known": clients.known(db, [by])[by]}
    if job.mode == "project":
        return answer_job(_change(id_, posting.publish, **words))
    location = f"/v1/holds/{posting.hold_id_of(job)}"
    once = web.once(status=202, location=location)
    done = web.store().change(JOBS, id_, posting.publish, once=once, now=web.now(), by=by, **words)
    return answer_job(done, 202, location=location)


@blp.post("/jobs/<id_>/close")
@blp.response(200, JobShape())
def close_job(id_: str) -> Response:
    """Take no more proposals and select nobody any more; proposals lapse, contracts stand.

    A competition takes no more entries, and its client may award; of a task nobody can start any
    more, and the money of its free slots goes back.

    403 not_the_client, 404, 409 wrong_state.
    """
    seeing.job(id_)
    done = _change(id_, posting.close)
    if done.thing.task is not None:
        tasks.close_free(web.store(), id_, now=web.now())
        loaded = web.store().load(JOBS, id_)
        done = Done(loaded.thing, loaded.version, done.replayed, done.answer)
    usecases.lapse_some(web.store(), id_, now=web.now())
    return answer_job(done)


@blp.post("/jobs/<id_>/cancel")
@blp.response(200, JobShape())
def cancel_job(id_: str) -> Response:
    """End a job without contracts or entries; what was funded goes back.

    403 not_the_client, 404, 409 wrong_state, has_contracts, has_entries.
    """
    seeing.job(id_)
    done = _change(id_, posting.cancel, entries=count_entries(web.store().db, id_))
    usecases.lapse_some(web.store(), id_, now=web.now())
    return answer_job(done)


@blp.get("/jobs/<id_>/timeline")
@web.public
@blp.response(200, web.TimelineShape())
def get_job_timeline(id_: str) -> Response:
    """Return what happened to a job, and what will if everybody is silent. 404."""
    job = seeing.job(id_).thing
    who = web.caller_or_none()
    hidden = () if who and who.id == job.client_id else HIDDEN
    said = seeing.timeline(
        JOBS, job, hidden=hidden, next_of=silence.next_step, answered=silence.answered
    )
    return web.answer(said)


def _change(id_: str, rule: Any, **words: Any) -> Done[Job]:
    once = web.once(status=200)
    return web.store().change(
        JOBS, id_, rule, once=once, now=web.now(), by=web.caller().id, **words
    )


def answer_job(done: Done[Job], status: int = 200, *, location: str | None = None) -> Response:
    """Return a job that was changed, as its caller sees it."""
    said = say_job(done.thing, seeing.of_jobs([done.thing]))
    return web.answer(said, status, done=done, location=location)
