"""A member's record: one document per fact is kept, and counted; nothing is added up in place.

What is kept says that it is not counted yet, in the same insert; the worker's sweep counts whose it
is, once for all that has come. A fact heard again costs an insert that does nothing.
"""

import math
import time
from collections.abc import Sequence
from datetime import datetime

import structlog

from services.accounts import queries
from services.accounts.domain import member as rules
from services.accounts.records import ENDED, MEMBERS, REVIEWS, SEEN
from shared import clock, leases
from shared.documents import Doc
from shared.errors import Unknown
from shared.events import Event
from shared.store import Store, is_away

log = structlog.get_logger()

PARTIES = ("client_id", "worker_id")
CLIENT, WORKER = ("client_id",), ("worker_id",)
CONTRACT = ("contract", "contract_id", PARTIES)
# By the first word of a fact's type: what it is of, what names that, whose figures it is for.
SEEN_OF = {
    "assignment": ("assignment", "assignment_id", PARTIES),
    "job": ("job", "job_id", CLIENT),
    "opening": ("job", "job_id", CLIENT),
    "competition": ("job", "job_id", CLIENT),
    "question": ("job", "question_id", CLIENT),
    "proposal": ("job", "proposal_id", CLIENT),
    "offer": ("offer", "offer_id", WORKER),
}
UNCOUNTED_MAX = 500
"""Facts that one sweep looks at, of each of the collections."""
SWEEP_S = 0.5
OUTCOMES = {"contract.completed": "completed", "contract.cancelled": "cancelled"}


def hear_ends(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep that contracts ended, for both their parties."""
    _keep(store, ENDED, [doc for event in events for doc in _end_docs(event)], now)
    hear_facts(store, events, now)


def _end_docs(event: Event) -> list[Doc]:
    contract_id = event.data["contract_id"]
    return [
        {
            "_id": f"{contract_id}:{event.data[who]}",
            "member_id": event.data[who],
            "contract_id": contract_id,
            "outcome": OUTCOMES[event.type],
        }
        for who in PARTIES
    ]


def hear_facts(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep what the figures of both parties are derived from."""
    _keep(store, SEEN, [doc for event in events for doc in _seen_docs(event)], now)


def _seen_docs(event: Event) -> list[Doc]:
    said = event.data
    of, ref, whose = SEEN_OF.get(event.type.partition(".")[0], CONTRACT)
    due = said.get("deliver_by") if of == "contract" else None
    return [
        {
            "_id": f"{event.id}:{said[who]}",
            "member_id": said[who],
            "role": who.removesuffix("_id"),
            "of": of,
            "what": event.type,
            "ref": said[ref],
            "step": said.get("milestone", 0),
            "at": clock.parse(event.time),
            "due": clock.parse(due) if due else None,
            "other": next(
                (said[other] for other in PARTIES if other != who and other in said), None
            ),
            "turn": said.get("turn"),
        }
        for who in whose
    ]


def hear_reviews(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep the reviews that were revealed."""
    _keep(store, REVIEWS, [_review_doc(event) for event in events], now)


def _review_doc(event: Event) -> Doc:
    said = event.data
    return {
        "_id": said["review_id"],
        "reviewee_id": said["reviewee_id"],
        "reviewer_id": said["reviewer_id"],
        "reviewer_role": said["reviewer_role"],
        "contract_id": said["contract_id"],
        "title": said["title"],
        "satisfied": said["satisfied"],
        "comment": said["comment"],
        "at": clock.parse(said.get("written_at") or event.time),
    }


def _keep(store: Store, collection: str, docs: Sequence[Doc], now: datetime) -> None:
    store.keep(collection, [{**doc, "uncounted": True, "heard_at": now} for doc in docs])


# counting


def sweep(store: Store, now: datetime) -> None:
    """Count for `SWEEP_S` what was heard; one worker at a time, under a lease."""
    if queries.is_uncounted(store.db) and leases.hold(store.db, "record", now=now):
        count_due(store, now, until=time.monotonic() + SWEEP_S)


def count_due(store: Store, now: datetime, *, until: float = math.inf) -> int:
    """Derive the records of those of whom something is not counted yet; return how many.

    The member is written before the facts are marked: a kill between leaves them to the next sweep.
    """
    count = 0
    for member_id, kept in queries.uncounted(store.db, UNCOUNTED_MAX).items():
        try:
            _count(store, member_id, now)
        except Exception as why:
            if is_away(why):
                raise
            log.exception("record_not_counted", member=member_id)
            continue
        for collection, ids in kept.items():
            store.mark(collection, {"_id": {"$in": ids}}, {"uncounted": False})
        count += 1
        if time.monotonic() > until:
            break
    return count


def _count(store: Store, member_id: str, now: datetime) -> None:
    record = queries.record_of(store.db, member_id)
    measured = queries.measures_of(store.db, member_id)
    try:
        store.change(
            MEMBERS, member_id, rules.note_record, now=now, counted=record, measured=measured
        )
    except Unknown:
        # Members are made here: who is not here will not come, and has no record to keep.
        log.warning("record_of_nobody", member=member_id)
