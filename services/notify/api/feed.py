"""The feed of events, by cursor or as a stream."""

import os
import threading
import time
from collections.abc import Iterator

from flask import Response, request
from pymongo.errors import PyMongoError

from services.notify import queries
from services.notify.schemas.notices import FeedArgs, FeedShape, entry_words
from shared import clock, web
from shared.errors import TooMany
from shared.paging import LIMIT_MAX, Cursor
from shared.stopping import STOPPING
from shared.store import Db
from shared.web import Blueprint
from shared.web.request import dumps

blp: Blueprint = web.blueprint("feed", __name__)

# Each stream holds one of the process's threads: half of them at most, and not for ever.
STREAMS_MAX = max(1, int(os.environ.get("WEB_THREADS", "8")) // 2)
STREAM_S = 300
POLL_S = 1.0
HEARTBEAT_S = 10.0
RETRY_MS = 2000

LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "description": "The id of the last event that was read.",
    "schema": {"type": "string", "maxLength": 500},
}

_streams = threading.BoundedSemaphore(STREAMS_MAX)


@blp.get("/events")
@blp.arguments(FeedArgs(), location="query")
@blp.response(200, FeedShape())
def list_events(words: dict[str, object]) -> Response:
    """What happened that concerns the caller, oldest first, up to 2 s before now. 422 bad_cursor.

    Ask again with the answer's `after`; the same one gives the same events again, for 90 days.
    """
    member_id = web.caller().id
    page = queries.feed(
        web.store().db,
        member_id,
        after=_cursor(words["after"]),
        limit=words["limit"],  # type: ignore[arg-type]
        now=web.now(),
    )
    said = {
        "items": [entry_words(entry, member_id) for entry in page.entries],
        "next_cursor": page.more,
        "after": page.after.text() if page.after else None,
    }
    return web.answer(said)


@blp.get("/stream")
@web.offers("text/event-stream")
@blp.doc(parameters=[LAST_EVENT_ID])
@blp.response(200, content_type="text/event-stream")
def stream_events() -> Response:
    """The feed as server-sent events; `Last-Event-ID` goes on where a stream ended.

    It ends after 5 minutes, or when its process is told to stop, and a browser comes again by
    itself, to whichever process: an id is a cursor of the feed. 422 bad_cursor,
    429 too_many_streams.
    """
    after = _cursor(request.headers.get("Last-Event-ID")) or queries.feed_end(web.now())
    if not _streams.acquire(blocking=False):
        raise TooMany("too_many_streams", "too many streams are open here", retry_after_s=5)
    said = _stream(web.store().db, web.caller().id, after)
    response = Response(said, mimetype="text/event-stream")
    response.call_on_close(_streams.release)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _stream(db: Db, member_id: str, after: Cursor | None) -> Iterator[bytes]:
    ends = time.monotonic() + STREAM_S
    beat = time.monotonic()
    yield b"retry: %d\n\n" % RETRY_MS
    while time.monotonic() < ends and not STOPPING.is_set():
        try:
            page = queries.feed(db, member_id, after=after, limit=LIMIT_MAX, now=clock.now())
        except PyMongoError:
            return
        for entry in page.entries:
            words = dumps(entry_words(entry, member_id))
            at = queries.cursor_of(entry).text().encode()
            yield b"id: %b\nevent: %b\ndata: %b\n\n" % (at, entry.type.encode(), words)
        after = page.after
        if page.entries:
            beat = time.monotonic()
        elif time.monotonic() - beat > HEARTBEAT_S:
            beat = time.monotonic()
            yield b": still here\n\n"
        if page.more is None:
            STOPPING.wait(POLL_S)


def _cursor(text: object) -> Cursor | None:
    return Cursor.of(text) if isinstance(text, str) else None
