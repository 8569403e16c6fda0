"""A member's record: one document per fact is kept, and counted; nothing is added up in place."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from services.accounts import queries
from services.accounts.domain import member as rules
from services.accounts.records import ENDED, MEMBERS, REVIEWS, SEEN
from shared import clock
from shared.documents import Doc
from shared.errors import Unknown
from shared.events import Event
from shared.store import Store

log = structlog.get_logger()

PARTIES = ("client_id", "worker_id")
OUTCOMES = {"contract.completed": "completed", "contract.cancelled": "cancelled"}


def hear_ends(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Count the contracts that ended for both their parties; twice heard is once counted."""
    store.keep(ENDED, [doc for event in events for doc in _end_docs(event)])
    store.keep(SEEN, [doc for event in events for doc in _seen_docs(event)])
    _count(store, {event.data[who] for event in events for who in PARTIES}, now)


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
    """Keep what the figures of both parties are derived from, and derive them anew."""
    store.keep(SEEN, [doc for event in events for doc in _seen_docs(event)])
    _count(store, {event.data[who] for event in events for who in PARTIES}, now)


def _seen_docs(event: Event) -> list[Doc]:
    said = event.data
    of = "assignment" if event.type.startswith("assignment.") else "contract"
    due = said.get("deliver_by")
    return [
        {
            "_id": f"{event.id}:{said[who]}",
            "member_id": said[who],
            "role": who.removesuffix("_id"),
            "of": of,
            "what": event.type,
            "ref": said[f"{of}_id"],
            "step": said.get("milestone", 0),
            "at": clock.parse(event.time),
            "due": clock.parse(due) if due else None,
        }
        for who in PARTIES
    ]


def hear_reviews(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep the reviews that were revealed, and count them."""
    store.keep(REVIEWS, [_review_doc(event) for event in events])
    _count(store, {event.data["reviewee_id"] for event in events}, now)


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


def _count(store: Store, member_ids: set[str], now: datetime) -> None:
    for member_id, record in queries.records_of(store.db, sorted(member_ids)).items():
        measured = queries.measures_of(store.db, member_id)
        try:
            store.change(
                MEMBERS,
                member_id,
                rules.note_record,
                now=now,
                counted=record,
                measured=measured,
            )
        except Unknown:
            # Members are made here: who is not here will not come, and has no record to keep.
            log.warning("record_of_nobody", member=member_id)
