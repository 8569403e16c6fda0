"""What of a member is open in contracts when they leave, and what becomes of it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from services.contracts.domain import offer, terms
from services.contracts.records import CONTRACTS, OFFERS
from shared.errors import Conflict
from shared.events import Event
from shared.store import Db, Store

SIDES = ("client_id", "worker_id")
OPEN_CONTRACTS = ("awaiting_funding", "active", "disputed")


def wind_up(store: Store, member_id: str, now: datetime) -> None:
    """Take back the offers that wait; contracts go on to their end, by silence at the latest."""
    for side in SIDES:
        where = {side: member_id, "state": {"$in": list(offer.OPEN)}}
        for doc in list(store.db[OFFERS.collection].find(where, {"_id": 1})):
            with suppress(Conflict):  # it was answered in the meantime
                store.change(OFFERS, doc["_id"], offer.withdraw, now=now, by="system")


def open_of(db: Db, member_id: str) -> Iterator[str]:
    """Yield the codes of what is still open of this member."""
    for code, kind, states in (
        ("offers_open", OFFERS, offer.OPEN),
        ("contracts_open", CONTRACTS, OPEN_CONTRACTS),
    ):
        where = [{side: member_id, "state": {"$in": list(states)}} for side in SIDES]
        if any(db[kind.collection].find_one(one, {"_id": 1}) for one in where):
            yield code


def take_name_off(store: Store, event: Event, now: datetime) -> None:
    """Take the name of who was erased off the terms in writing; their hash stays as it was said.

    Whoever has the terms as they were made can still prove them by it.
    """
    member_id = event.data["member_id"]
    for side in SIDES:
        for doc in store.db[CONTRACTS.collection].find({side: member_id}, {"_id": 1}):
            kept = store.db["terms"].find_one({"_id": doc["_id"]})
            if kept is None:
                continue
            text, pages = terms.without_name(json.loads(kept["json"]), kept["hash"], member_id)
            words = {"json": text, "pages": pages, "is_redacted": True}
            store.mark("terms", {"_id": doc["_id"]}, words)
