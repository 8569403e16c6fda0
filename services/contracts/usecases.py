"""What is more than one rule on one document."""

from datetime import datetime

from services.contracts import queries
from services.contracts.domain import contract, offer
from services.contracts.domain.contract import Contract
from services.contracts.records import CONTRACTS, OFFERS
from shared.documents import Done, Once
from shared.errors import Conflict
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
        OFFERS, offer_id, offer.accept, once=once, now=now, by=by, contract_id=contract_id
    )
    formed = contract.form(offer.formation(taken.thing), now)
    made = store.create(CONTRACTS, *formed, now=now)
    return Done(made.thing, made.version, taken.replayed, taken.answer)


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
