"""What of a member is open in jobs when they leave, and what of it ends by the leaving itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from services.jobs import queries
from services.jobs.domain import assignment, entry, listing, posting, proposal
from services.jobs.domain.wanted import facet
from services.jobs.listing_records import LISTINGS
from services.jobs.records import ASSIGNMENTS, ENTRIES, JOBS, PROPOSALS
from shared.documents import Doc, Kind
from shared.errors import Crossing, Refused
from shared.store import Db, Store

OPEN_JOBS = ("held", "awaiting_funding", "open", "closed")


def wind_up(store: Store, member_id: str, now: datetime) -> None:
    """Withdraw, give back, close and cancel what its rules let this member end alone."""

    def end(kind: Kind[Any], where: Doc, rule: Callable[..., Any]) -> None:
        for id_ in _ids(store.db, kind, where):
            with suppress(Refused, Crossing):
                store.change(kind, id_, rule, now=now, by=member_id)

    waiting = {"state": {"$in": sorted(proposal.WAITING)}}
    end(PROPOSALS, {"worker_id": member_id, **waiting}, proposal.withdraw)
    end(ASSIGNMENTS, {"worker_id": member_id, "state": "reserved"}, assignment.give_back)
    end(ENTRIES, {"worker_id": member_id, "state": "submitted"}, entry.withdraw)
    end(LISTINGS, _owned(member_id, "held", "published", "paused"), listing.withdraw)
    for id_ in _ids(store.db, JOBS, _owned(member_id, "held", "awaiting_funding", "open")):
        _end_job(store, id_, member_id, now)


def _end_job(store: Store, id_: str, by: str, now: datetime) -> None:
    """Cancel a job that led to nothing yet; close one that did: what runs goes on to its end."""
    entries = queries.count_entries(store.db, id_)
    try:
        store.change(JOBS, id_, posting.cancel, now=now, by=by, entries=entries)
    except (Refused, Crossing):
        with suppress(Refused, Crossing):
            store.change(JOBS, id_, posting.close, now=now, by=by)


def open_of(db: Db, member_id: str) -> Iterator[str]:
    """Yield the codes of what is still open of this member."""
    mine = {"worker_id": member_id}
    undecided = {"state": {"$in": ["reserved", "submitted", "appealed"]}}
    unsettled = {"is_settled": False, "state": "approved"}
    contestable = {"is_over": False, "state": "rejected"}
    looked: tuple[tuple[str, Kind[Any], Doc], ...] = (
        ("jobs_open", JOBS, _owned(member_id, *OPEN_JOBS)),
        (
            "proposals_open",
            PROPOSALS,
            {**mine, "state": {"$in": sorted(proposal.LIVE)}, "contract_id": None},
        ),
        ("entries_open", ENTRIES, {**mine, "state": "submitted"}),
        *(
            ("assignments_open", ASSIGNMENTS, {**mine, **which})
            for which in (undecided, unsettled, contestable)
        ),
    )
    found = (code for code, kind, where in looked if _is_any(db, kind, where))
    yield from dict.fromkeys(found)


def _owned(member_id: str, *states: str) -> Doc:
    return {"state": {"$in": list(states)}, "facets": facet("owner", member_id)}


def _ids(db: Db, kind: Kind[Any], where: Doc) -> list[str]:
    return [doc["_id"] for doc in db[kind.collection].find(where, {"_id": 1})]


def _is_any(db: Db, kind: Kind[Any], where: Doc) -> bool:
    return db[kind.collection].find_one(where, {"_id": 1}) is not None
