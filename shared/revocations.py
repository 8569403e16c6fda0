"""Access tokens that are worth nothing before they end, heard by events.

accounts says `tokens.revoked`; each service keeps it (`shared.revoked` in its reactions) and its
web processes look there every few seconds: a token is refused everywhere within seconds of its
revocation while the bus runs, and in the worst case when it ends, 15 minutes after its issue.
"""

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from pymongo.errors import PyMongoError

from shared import auth, clock
from shared.auth import Caller, Unauthenticated
from shared.documents import Doc
from shared.events import Event
from shared.store import Db

COLLECTION = "revocations"
REREAD_S = 5.0

log = structlog.get_logger()


def document(event: Event) -> Doc:
    """Return what is kept: all tokens of a member, or of one session, issued until `before`."""
    said = event.data
    before = clock.parse(said["before"])
    return {
        "_id": said["session_id"] or said["member_id"],
        "version": event.version,
        "before": before,
        "until": before + timedelta(seconds=auth.LIFETIME_MAX_S + 2 * auth.LEEWAY_S),
    }


class Revocations:
    """What a web process knows of revoked tokens; never older than a few seconds."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._before: Mapping[str, int] = {}

    def refuse(self, caller: Caller, *, now: datetime) -> None:
        """Pass when this token counts.

        :raises Unauthenticated: `token_revoked`
        """
        if time.monotonic() - self._read_at > REREAD_S:
            self._reread(now)
        before = self._before
        if not before:
            return
        for name in (caller.id, caller.session):
            if caller.issued_at <= before.get(name, -1):
                raise Unauthenticated("token_revoked", "this token was revoked: log in again")

    def _reread(self, now: datetime) -> None:
        """Read what may still concern somebody; without the database the last reading counts."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            found = self._db[COLLECTION].find({"until": {"$gt": now}})
            self._before = {doc["_id"]: int(doc["before"].timestamp()) for doc in found}
            self._read_at = time.monotonic()
        except PyMongoError as away:
            log.warning("revocations_unread", why=type(away).__name__)
        finally:
            self._lock.release()
