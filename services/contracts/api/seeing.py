"""Offers and contracts as the caller is shown them: what may be done depends on how they stand."""

from collections.abc import Sequence

from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import Offer
from services.contracts.saying import say_contract, say_offer
from shared import standing, web
from shared.documents import Doc
from shared.errors import Refused
from shared.standing import Standing


def bar(offer: Offer) -> Refused | None:
    """Return what keeps the caller from agreeing on anything new with the other side, or None."""
    other = offer.worker_id if web.caller().id == offer.client_id else offer.client_id
    return _standing([offer]).bar(other)


def offers(found: Sequence[Offer]) -> list[Doc]:
    """Return offers as the caller sees them."""
    how, me = _standing(found), web.caller().id
    return [say_offer(it, me, how) for it in found]


def contracts(found: Sequence[Contract]) -> list[Doc]:
    """Return contracts as the caller sees them."""
    how, me, now = _standing(found), web.caller().id, web.now()
    return [say_contract(it, me, now, how) for it in found]


def _standing(found: Sequence[Offer | Contract]) -> Standing:
    sides = {side for it in found for side in (it.client_id, it.worker_id)}
    return standing.of(web.store().db, web.caller().id, sides)
