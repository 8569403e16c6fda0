"""Jobs that one has marked, to find them again."""

from typing import Any

from flask import Response

from services.jobs import bookmarks
from services.jobs.api import seeing
from services.jobs.records import JOBS
from services.jobs.shapes import JobListShape, JobShape, say_job
from shared import web

blp = web.blueprint("bookmarks", __name__)


@blp.put("/jobs/<id_>/bookmark")
@blp.response(200, JobShape())
def put_bookmark(id_: str) -> Response:
    """Mark a job; a second time changes nothing. 404, 409 too_many_bookmarks."""
    loaded = seeing.job(id_)
    bookmarks.mark(web.store(), id_, by=web.caller().id, now=web.now())
    return web.answer(say_job(loaded.thing, seeing.of_jobs([loaded.thing])), version=loaded.version)


@blp.delete("/jobs/<id_>/bookmark")
@blp.response(200, JobShape())
def delete_bookmark(id_: str) -> Response:
    """Take one's mark back. 404."""
    loaded = seeing.job(id_)
    bookmarks.unmark(web.store(), id_, by=web.caller().id, now=web.now())
    return web.answer(say_job(loaded.thing, seeing.of_jobs([loaded.thing])), version=loaded.version)


@blp.get("/bookmarks")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, JobListShape())
def list_bookmarks(words: dict[str, Any]) -> Response:
    """List the jobs that one has marked, in any state, the latest mark first. 422 bad_cursor."""
    docs, cursor = bookmarks.jobs(web.store().db, web.page(words), web.caller().id)
    found = [JOBS.from_doc(doc) for doc in docs]
    seen = seeing.of_jobs(found)
    return web.listing([say_job(job, seen) for job in found], cursor)
