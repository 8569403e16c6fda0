"""Deliveries that could not be done: kept here, tried again with backoff, parked for a person.

`{_id: event id, type, event, tries, crashes, by, due, reason, stack, state}`, state `retry`,
`parked` or `dropped` (`running` while an attempt is recorded); a document is written before its
message is acknowledged, and goes when it is done. Nothing is dropped by itself. What came too early
is tried once an hour for a day while it is parked: its cause may have been held up for longer. The
words of the event are kept as JSON text: what came may be what no document can hold.
"""

import dataclasses
import random
import traceback
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared import faults, ids
from shared.documents import Doc
from shared.errors import (
    Conflict,
    Crossing,
    Forbidden,
    Invalid,
    Malformed,
    NotYet,
)
from shared.events import Event
from shared.store import Db

log = structlog.get_logger(__name__)

TRIES_MAX = 8
CRASHES_MAX = 3
BACKOFF_MAX_S = 60.0
EARLY_EVERY = timedelta(hours=1)
EARLY_TRIES_MAX = TRIES_MAX + 24
LEASE_S = 30
PROCESS = ids.new("prc")
"""Attempts of one process that the database or the broker cut short are no crashes of it."""
HOPELESS = (Malformed, Invalid, Forbidden, Conflict)
"""Refusals that trying again cannot mend: parked at once."""


def failed(db: Db, event: Event, why: BaseException, *, now: datetime) -> str:
    """Keep a delivery that was not done; return what becomes of it: `later` or `parked`."""
    tries = event.tries + 1
    parked = isinstance(why, HOPELESS) or tries >= TRIES_MAX
    doc = {
        "type": event.type,
        "event": _said(event) | {"tries": tries},
        "tries": tries,
        "crashes": 0,
        "by": "",
        "reason": f"{getattr(why, 'code', type(why).__name__)}: {why}"[:1000],
        "stack": _stack(why),
        "state": "parked" if parked else "retry",
        "due": _due_again(why, tries, now) if parked else now + backoff(tries),
        "at": now,
    }
    try:
        where = {"_id": event.id, "state": {"$ne": "dropped"}}
        db["deliveries"].update_one(where, {"$set": doc}, upsert=True)
    except DuplicateKeyError:
        return "parked"  # a person has dropped it, and it stays dropped
    log.log(
        40 if parked else 20,
        "delivery_parked" if parked else "delivery_later",
        id=event.id,
        type=event.type,
        tries=tries,
        reason=doc["reason"],
        actor=event.actor,
        correlation=event.correlation,
    )
    return "parked" if parked else "later"


def _due_again(why: BaseException, tries: int, now: datetime) -> datetime | None:
    """Return when what is parked is tried by itself, or None: only a person can help."""
    patient = isinstance(why, NotYet) and tries < EARLY_TRIES_MAX
    return now + EARLY_EVERY if patient else None


def _said(event: Event) -> Doc:
    return {**dataclasses.asdict(event), "data": orjson.dumps(event.data).decode()}


def _event(said: Doc) -> Event:
    return Event(**{**said, "data": orjson.loads(said["data"])})


def _stack(why: BaseException) -> str:
    if isinstance(why, Crossing):
        return ""
    return "".join(traceback.format_exception(why))[-8000:]


def unreadable(db: Db, body: bytes, headers: dict[str, Any], why: Exception, now: datetime) -> None:
    """Park a message that is no event, with the bytes as they came."""
    doc = {
        "_id": ids.new("evt"),
        "type": "",
        "raw": body[: 1024 * 1024],
        "headers": repr(headers)[:4000],
        "tries": 1,
        "reason": str(why)[:1000],
        "stack": "",
        "state": "parked",
        "due": None,
        "at": now,
    }
    db["deliveries"].insert_one(doc)
    log.error("delivery_parked", type="", reason=doc["reason"])


def timer_parked(db: Db, id_: str, kind: str, why: Exception, *, tries: int, now: datetime) -> None:
    """Show a timer that keeps failing to a person; it is still tried once a day."""
    doc = {
        "type": f"timer of a {kind}",
        "tries": tries,
        "reason": f"{type(why).__name__}: {why}"[:1000],
        "stack": _stack(why),
        "state": "parked",
        "due": None,
        "at": now,
    }
    db["deliveries"].update_one({"_id": f"{id_} wake"}, {"$set": doc}, upsert=True)


def timer_done(db: Db, id_: str) -> None:
    """Forget that a timer failed: it has been done."""
    done(db, f"{id_} wake")


def backoff(tries: int) -> timedelta:
    """Return how long to wait after so many tries: 0.5 s doubling to a minute, with jitter."""
    whole = min(BACKOFF_MAX_S, 0.5 * 2 ** (tries - 1))
    return timedelta(seconds=whole * random.uniform(0.7, 1.3))  # noqa: S311


def done(db: Db, id_: str) -> None:
    """Forget a delivery that has been done."""
    db["deliveries"].delete_one({"_id": id_})


def survived(db: Db, id_: str) -> None:
    """Forget the recorded attempt of an event that did not end its process."""
    db["deliveries"].delete_one({"_id": id_, "state": "running"})


def claim_due(db: Db, *, now: datetime) -> Event | None:
    """Claim one delivery that is due, for `LEASE_S`; None when there is none.

    Each claim is recorded as an attempt of this process; `failed` and `done` end it.
    """
    while True:
        doc = db["deliveries"].find_one_and_update(
            {"state": {"$in": ["retry", "parked"]}, "due": {"$lte": now}, "event": {"$exists": 1}},
            [{"$set": {"due": now + timedelta(seconds=LEASE_S), **_attempt()}}],
            sort=[("due", 1)],
            return_document=ReturnDocument.AFTER,
        )
        if doc is None:
            return None
        if doc["crashes"] <= CRASHES_MAX:
            faults.point("delivery_claimed")
            return _event(doc["event"])
        _park_killer(db, doc)


def record_attempt(db: Db, event: Event, *, now: datetime) -> bool:
    """Record an attempt before it runs; False: it has killed too many processes, and is parked.

    For a message that the broker gives for the third time or more: either it crashed the process
    itself, or it was near one that did, and then it passes alone.
    """
    said = {
        "type": {"$literal": event.type},
        "event": {"$literal": _said(event)},
        "at": now,
    }
    new = {"state": "running", "tries": event.tries, "due": now, "reason": "", "stack": ""}
    first = {name: {"$ifNull": [f"${name}", word]} for name, word in new.items()}
    doc = db["deliveries"].find_one_and_update(
        {"_id": event.id},
        [{"$set": {**_attempt(), **said, **first}}],
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    if doc is None or doc["crashes"] <= CRASHES_MAX:
        return True
    _park_killer(db, doc)
    return False


def _attempt() -> Doc:
    """Return what counts the processes that tried; all but the last have ended in between."""
    other = {"$cond": [{"$eq": ["$by", PROCESS]}, 0, 1]}
    return {"crashes": {"$add": [{"$ifNull": ["$crashes", 0]}, other]}, "by": PROCESS}


def _park_killer(db: Db, doc: Doc) -> None:
    reason = f"its process ended {CRASHES_MAX} times before it was done"
    parked = {"$set": {"state": "parked", "reason": reason, "due": None}}
    db["deliveries"].update_one({"_id": doc["_id"], "state": {"$ne": "dropped"}}, parked)
    log.error("delivery_parked", id=doc["_id"], type=doc["type"], reason=reason)


def parked(db: Db, limit: int = 100) -> list[Doc]:
    """Return what waits for a person, oldest first."""
    return list(db["deliveries"].find({"state": "parked"}).sort("at", 1).limit(limit))


def message(doc: Doc) -> str:
    """Return what was said, as JSON, or as it came when it is no event; nothing of a timer."""
    if "event" in doc:
        event = {**doc["event"], "data": orjson.loads(doc["event"]["data"])}
        return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    raw: bytes = doc.get("raw", b"")
    return raw.decode("utf-8", "replace")


def replay(db: Db, id_: str, *, now: datetime) -> bool:
    """Let a parked delivery be tried again from the start; False when there is none."""
    again = {"state": "retry", "due": now, "tries": 0, "crashes": 0, "by": "", "event.tries": 0}
    where = {"_id": id_, "state": "parked", "event": {"$exists": True}}
    return db["deliveries"].update_one(where, {"$set": again}).matched_count == 1


def drop(db: Db, id_: str, *, by: str, now: datetime, reason: str = "") -> bool:
    """Mark a parked delivery as dropped by a person; it stays readable."""
    where = {"_id": id_, "state": "parked"}
    set_ = {"state": "dropped", "dropped_by": by, "dropped_at": now, "dropped_for": reason}
    return db["deliveries"].update_one(where, {"$set": set_}).matched_count == 1
