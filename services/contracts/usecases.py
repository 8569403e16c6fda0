"""What is more than one rule on one document."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from services.contracts import queries
from services.contracts.domain import contract, hours, offer, sheet
from services.contracts.domain.contract import Contract
from services.contracts.domain.sheet import Line
from services.contracts.records import CONTRACTS, LINES, OFFERS
from shared import standing
from shared.documents import Done, Once
from shared.errors import Conflict, Ignored, Unknown
from shared.events import Event
from shared.store import Store


def accept_offer(
    store: Store, offer_id: str, *, contract_id: str, by: str, once: Once | None, now: datetime
) -> Done[Contract]:
    """Accept an offer and form the contract from it.

    The offer decides and is written first, with the whole contract in its fact. The contract is
    made at once, so that the answer carries it; should this process die in between, the service
    hears its own `offer.accepted` and makes it then.
    """
    taken = store.change(
        OFFERS,
        offer_id,
        offer.accept,
        once=once,
        now=now,
        by=by,
        contract_id=contract_id,
        bar=standing.of(store.db, by).bar(),
    )
    formed = contract.form(offer.formation(taken.thing), now)
    made = store.create(CONTRACTS, *formed, now=now)
    return Done(made.thing, made.version, taken.replayed, taken.answer)


def note_time(
    store: Store, contract_id: str, *, time_id: str, once: Once | None, now: datetime, **words: Any
) -> Done[Line]:
    """Note time in a week, and put its line on the sheet.

    The contract decides, with the whole line in its fact; the line is written at once, and again
    when the service hears its own `time.noted`.
    """
    taken = store.change(
        CONTRACTS, contract_id, hours.note_time, once=once, now=now, time_id=time_id, **words
    )
    if taken.replayed:
        time_id = taken.answer.get("id", time_id)
        if kept := store.find(LINES, time_id):
            return Done(kept.thing, taken.version, True, taken.answer)
    said = {"contract_id": contract_id, "milestone": words["n"], "time_id": time_id}
    line = sheet.of({**said, **words, "day": str(words["day"])}, now)
    made = store.create(LINES, *line, now=now)
    return Done(made.thing, taken.version, taken.replayed, taken.answer)


def off_the_sheet(store: Store, now: datetime, *, time_id: str, **_: Any) -> None:
    """Take a line off a sheet, as its contract decided; `time.removed` does it again."""
    with suppress(Ignored, Unknown):
        store.change(LINES, time_id, sheet.remove, now=now)


def withdraw_offers_of_job(store: Store, event: Event, now: datetime) -> None:
    """Withdraw what a cancelled job has still on offer."""
    for id_ in queries.open_offers_of_job(store.db, event.data["job_id"]):
        _withdraw(store, id_, now)


def withdraw_if_its_job_is_cancelled(store: Store, event: Event, now: datetime) -> None:
    """Withdraw the offer of a selection that was heard after the cancellation of its job."""
    if queries.is_cancelled(store.db, event.data["job_id"]):
        _withdraw(store, event.data["offer_id"], now)


def _withdraw(store: Store, offer_id: str, now: datetime) -> None:
    try:
        store.change(OFFERS, offer_id, offer.withdraw, now=now, by="system")
    except Conflict:
        return  # it was answered in the meantime, and that answer stands
