"""Entries of competitions: handed in, withdrawn, liked; and the award."""

from typing import Any

from flask import Response

from services.jobs import contests, queries
from services.jobs.api import seeing
from services.jobs.api.jobs import answer_job
from services.jobs.domain import contest, entry
from services.jobs.domain.entry import Entry
from services.jobs.records import ENTRIES, JOBS
from services.jobs.schemas import AwardWords, EntryWords, FavouriteWords
from services.jobs.shapes import EntryListShape, EntryShape, JobShape, say_entry
from shared import ids, web
from shared.documents import Done
from shared.errors import Conflict, Unknown

blp = web.blueprint("entries", __name__)


@blp.post("/jobs/<id_>/entries")
@blp.arguments(EntryWords())
@blp.response(201, EntryShape())
def enter(words: dict[str, Any], id_: str) -> Response:
    """Enter a competition with finished work.

    403 own_job, member_suspended, member_leaving, not_available_to_you, 404, 409 job_not_open,
    wrong_mode, too_many_entries, 422.
    """
    job, entry_id = seeing.job(id_).thing, ids.new("ent")
    location = f"/v1/entries/{entry_id}"
    once = web.once(status=201, location=location)
    done = contests.enter(
        web.store(),
        job,
        entry_id=entry_id,
        by=web.caller().id,
        now=web.now(),
        once=once,
        words=words,
    )
    return _answer(done, 201, location=location)


@blp.get("/jobs/<id_>/entries")
@web.public
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, EntryListShape())
def list_entries_of_job(words: dict[str, Any], id_: str) -> Response:
    """List entries, the newest first: of a sealed competition one's own, until all is decided.

    404, 409 wrong_mode.
    """
    job, who = seeing.job(id_).thing, web.caller_or_none()
    if job.contest is None:
        raise Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode)
    by = who.id if who else None
    all_shown = by == job.client_id or job.contest.visibility == "open" or job.contest.is_decided
    page, db = web.page(words), web.store().db
    docs, cursor = queries.entries(db, page, job_id=id_, worker_id=None if all_shown else by or "-")
    found = [ENTRIES.from_doc(doc) for doc in docs]
    seen = seeing.of_members(*(each.worker_id for each in found))
    return web.listing([say_entry(each, job, seen) for each in found], cursor)


@blp.get("/entries/<id_>")
@web.public
@blp.response(200, EntryShape())
def get_entry(id_: str) -> Response:
    """Return an entry to those who may see it. 404."""
    loaded = web.store().load(ENTRIES, id_)
    job, seen = _seen(loaded.thing)
    return web.answer(say_entry(loaded.thing, job, seen), version=loaded.version)


@blp.post("/entries/<id_>/withdraw")
@blp.response(200, EntryShape())
def withdraw_entry(id_: str) -> Response:
    """Take one's entry back before it has won. 403 not_the_worker, 404, 409 wrong_state."""
    return _change(id_, entry.withdraw)


@blp.post("/entries/<id_>/favourite")
@blp.arguments(FavouriteWords())
@blp.response(200, EntryShape())
def favour_entry(words: dict[str, Any], id_: str) -> Response:
    """Mark an entry as liked: without an award, only those share the prizes.

    403 not_the_client, 404, 409 wrong_state, 422.
    """
    return _change(id_, entry.favourite, **words)


@blp.post("/jobs/<id_>/award")
@blp.arguments(AwardWords())
@blp.response(200, JobShape())
def award(words: dict[str, Any], id_: str) -> Response:
    """Choose the winners, all at once; prizes left out go back. Needs an Idempotency-Key.

    400 idempotency_key_required, 403 not_the_client, 404, 409 wrong_mode, wrong_state,
    already_awarded, entry_withdrawn, 422.
    """
    job = seeing.job(id_).thing
    once = web.once(required=True, status=200)
    by, now = web.caller().id, web.now()
    done = contests.award(web.store(), job, by=by, now=now, once=once, awards=words["awards"])
    return answer_job(done)


@blp.post("/jobs/<id_>/extend-selection")
@blp.response(200, JobShape())
def extend_selection(id_: str) -> Response:
    """Take more time to award, once.

    403 not_the_client, 404, 409 wrong_mode, wrong_state, extended_already.
    """
    seeing.job(id_)
    done = web.store().change(
        JOBS, id_, contest.extend, once=web.once(status=200), now=web.now(), by=web.caller().id
    )
    return answer_job(done)


def _seen(found: Entry) -> Any:
    job, who = seeing.job(found.job_id).thing, web.caller_or_none()
    if not entry.is_shown(found, job, who.id if who else None):
        raise Unknown("no_such_entry", "there is no such entry")
    return job, seeing.of_members(found.worker_id)


def _change(id_: str, rule: Any, **words: Any) -> Response:
    _seen(web.store().get(ENTRIES, id_))
    once = web.once(status=200)
    return _answer(
        web.store().change(
            ENTRIES, id_, rule, once=once, now=web.now(), by=web.caller().id, **words
        )
    )


def _answer(done: Done[Entry], status: int = 200, *, location: str | None = None) -> Response:
    job, seen = _seen(done.thing)
    return web.answer(say_entry(done.thing, job, seen), status, done=done, location=location)
