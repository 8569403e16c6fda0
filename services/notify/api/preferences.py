"""What a member wants to hear of."""

from flask import Response

from services.notify import queries
from services.notify.schemas.preferences import (
    PreferencesShape,
    PreferencesWords,
    preferences_words,
    wishes,
)
from services.notify.usecases import telling
from shared import web
from shared.web import Blueprint

blp: Blueprint = web.blueprint("preferences", __name__)


@blp.get("/notification-preferences")
@blp.response(200, PreferencesShape())
def get_preferences() -> Response:
    """Every type of event people are told of, where the caller wants to hear of it, and when."""
    found = queries.preferences(web.store(), web.caller().id)
    return web.answer(preferences_words(found.thing, _address()), version=found.version)


@blp.put("/notification-preferences")
@blp.arguments(PreferencesWords())
@blp.response(200, PreferencesShape())
def put_preferences(words: dict[str, object]) -> Response:
    """Replace them.

    412 stale_version, 422 cannot_be_switched_off, no_such_zone; 428 if_match_required.
    """
    done = telling.prefer(
        web.store(), web.caller().id, now=web.now(), if_match=web.if_match(), **wishes(words)
    )
    return web.answer(preferences_words(done.thing, _address()), done=done)


def _address() -> str | None:
    return queries.people(web.store().db, [web.caller().id])[web.caller().id].address
