"""Searches that a member has saved, and of whose new jobs they may hear."""

from typing import Any

from flask import Response

from services.jobs import alerts
from services.jobs.domain import saved
from services.jobs.queries import searches
from services.jobs.search_records import SEARCHES
from services.jobs.search_shapes import (
    SavedSearchListShape,
    SavedSearchShape,
    SearchEdit,
    SearchWords,
    say_search,
)
from shared import ids, web

blp = web.blueprint("searches", __name__)


@blp.post("/searches")
@blp.arguments(SearchWords())
@blp.response(201, SavedSearchShape())
def save_search(words: dict[str, Any]) -> Response:
    """Save a search for jobs; its `alert` says how one hears of jobs that open and fit.

    409 too_many_searches, 422 invalid_words.
    """
    id_ = ids.new("sea")
    location = f"/v1/searches/{id_}"
    once = web.once(status=201, location=location)
    done = alerts.save(web.store(), id=id_, by=web.caller().id, now=web.now(), once=once, **words)
    return web.answer(say_search(done.thing), 201, done=done, location=location)


@blp.get("/searches")
@blp.response(200, SavedSearchListShape())
def list_searches() -> Response:
    """List one's saved searches, the newest first: there are few."""
    found = searches.mine(web.store().db, web.caller().id)
    return web.listing([say_search(SEARCHES.from_doc(doc)) for doc in found])


@blp.get("/searches/<id_>")
@blp.response(200, SavedSearchShape())
def get_search(id_: str) -> Response:
    """Return one of one's saved searches. 404 no_such_search."""
    loaded = web.store().load(SEARCHES, id_)
    said = say_search(saved.owned(loaded.thing, web.caller().id))
    return web.answer(said, version=loaded.version)


@blp.patch("/searches/<id_>")
@blp.arguments(SearchEdit())
@blp.response(200, SavedSearchShape())
def edit_search(words: dict[str, Any], id_: str) -> Response:
    """Change the name of a saved search, what it looks for as a whole, or its alert.

    404 no_such_search, 412, 422, 428.
    """
    if_match, by = web.if_match(), web.caller().id
    saved.owned(web.store().get(SEARCHES, id_), by)
    done = web.store().change(
        SEARCHES, id_, saved.edit, now=web.now(), if_match=if_match, by=by, words=words
    )
    return web.answer(say_search(done.thing), done=done)


@blp.delete("/searches/<id_>")
@blp.response(204)
def delete_search(id_: str) -> Response:
    """Delete a saved search; nothing is told of it any more. 404 no_such_search."""
    web.store().change(SEARCHES, id_, saved.remove, now=web.now(), by=web.caller().id)
    return web.answer(None, 204)
