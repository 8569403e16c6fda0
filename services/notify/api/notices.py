"""The inbox and the to-do list."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import Response, request

from services.notify import queries
from services.notify.domain import notice
from services.notify.domain.notice import Notice
from services.notify.records import NOTICES
from services.notify.schemas.notices import InboxArgs, NoticeShape, NoticesShape, notice_words
from shared import web
from shared.languages import LANGUAGES
from shared.web import Blueprint

blp: Blueprint = web.blueprint("notices", __name__)


@blp.get("/notifications")
@blp.arguments(InboxArgs(), location="query")
@blp.response(200, NoticesShape())
def list_notifications(words: dict[str, object]) -> Response:
    """What the caller was told, newest first. 422 bad_cursor."""
    member_id = web.caller().id
    muted = queries.preferences(web.store(), member_id).thing.off.get("inbox", ())
    found, cursor = queries.inbox(
        web.store().db,
        member_id,
        web.page(words),
        unread=words["unread"],  # type: ignore[arg-type]
        muted=muted,
        now=web.now(),
    )
    return web.listing(_shown(found), cursor)


@blp.post("/notifications/<notification_id>/read")
@blp.response(200, NoticeShape())
def read_notification(notification_id: str) -> Response:
    """Mark one as read; again changes nothing. 404 no_such_notice, also for another member's."""
    done = web.store().change(
        NOTICES,
        notification_id,
        notice.read,
        now=web.now(),
        once=web.once(status=200),
        by=web.caller().id,
    )
    return web.answer(_shown([done.thing])[0], done=done)


@blp.get("/todo")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, NoticesShape())
def list_todo(words: dict[str, object]) -> Response:
    """What the caller is to do, most urgent first, what has no deadline last. 422 bad_cursor."""
    found, cursor = queries.todo(web.store().db, web.caller().id, web.page(words), now=web.now())
    return web.listing(_shown(found), cursor)


def _shown(notices: Sequence[Notice]) -> list[dict[str, object]]:
    db = web.store().db
    locale = request.accept_languages.best_match(LANGUAGES)
    locale = locale or queries.locale_of(db, web.caller().id) or LANGUAGES[0]
    names = queries.names(db, [n.other_id for n in notices if n.other_id])
    zone = queries.preferences(web.store(), web.caller().id).thing.zone
    place = ZoneInfo(zone) if zone else None
    return [notice_words(n, locale, names, zone=place, now=web.now()) for n in notices]
