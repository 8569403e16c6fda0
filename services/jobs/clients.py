"""What jobs are found by of their clients: kept in the jobs, it follows what is heard of them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.jobs.domain import posting
from services.jobs.people import PAYERS
from services.jobs.queries import clients
from services.jobs.records import JOBS
from shared.errors import Ignored
from shared.events import Event
from shared.store import Store


def on_heard(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Let the open jobs of these members say what is known of them now."""
    _refresh(store, {event.data["member_id"] for event in events}, now)


def on_opened(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Look again when a job has opened: it may have said what was known before."""
    _refresh(store, {event.data["client_id"] for event in events}, now)


def on_released(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep who has paid somebody, and let their jobs say so; the second time changes nothing."""
    new = clients.untold_payers(store.db, {event.data["client_id"] for event in events})
    if not new:
        return
    store.project_many(PAYERS, [{"_id": id_, "version": 1, "is_told": False} for id_ in new])
    _refresh(store, new, now)
    store.mark(PAYERS, {"_id": {"$in": sorted(new)}}, {"is_told": True})


def _refresh(store: Store, client_ids: Collection[str], now: datetime) -> None:
    known = clients.known(store.db, client_ids)
    for job_id, right in list(clients.stale_jobs(store.db, known)):
        try:
            store.change(JOBS, job_id, posting.know_client, now=now, known=right)
        except Ignored:  # it has closed meanwhile
            continue
