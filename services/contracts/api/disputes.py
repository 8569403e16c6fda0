"""Disputes: opened, talked over, settled by one act, or decided by an operator."""

from typing import Any

from flask import Response

from services.contracts import queries
from services.contracts.api import seeing
from services.contracts.api.contracts import change, seen
from services.contracts.domain import dispute
from services.contracts.records import CONTRACTS
from services.contracts.schemas import (
    AgreementWords,
    DecisionWords,
    DeliveryWords,
    DisputeWords,
    ProposalWords,
)
from services.contracts.shapes import ContractListShape, ContractShape, StatisticsShape
from shared import ids, web
from shared.errors import Forbidden

blp = web.blueprint("disputes", __name__)


@blp.post("/contracts/<id_>/dispute")
@blp.arguments(DisputeWords())
@blp.response(201, ContractShape())
def open_dispute(words: dict[str, Any], id_: str) -> Response:
    """Dispute what is held; the timers of the deliveries stand still until it has ended.

    404, 409 wrong_state or nothing_held, 422 above_amount, currency_mismatch.
    """
    if words["reason"] not in dispute.REASONS:
        words["note"] = "\n".join(filter(None, (words["reason"], words["note"])))
        words["reason"] = "other"
    return change(id_, dispute.open_, status=201, dispute_id=ids.new("dsp"), **words)


@blp.post("/contracts/<id_>/dispute/propose")
@blp.arguments(ProposalWords())
@blp.response(200, ContractShape())
def propose_settlement(words: dict[str, Any], id_: str) -> Response:
    """Propose an amount for each side. 404, 409 wrong_state, not_disputed, 422."""
    return change(id_, dispute.propose, **words)


@blp.post("/contracts/<id_>/dispute/evidence")
@blp.arguments(DeliveryWords())
@blp.response(201, ContractShape())
def give_evidence(words: dict[str, Any], id_: str) -> Response:
    """Say what speaks for one's side. 404, 409 wrong_state, not_disputed, too_much_evidence."""
    words["links"] = tuple(words["links"])
    return change(id_, dispute.give_evidence, status=201, **words)


@blp.post("/contracts/<id_>/dispute/accept")
@blp.arguments(AgreementWords())
@blp.response(200, ContractShape())
def accept_settlement(words: dict[str, Any], id_: str) -> Response:
    """Accept the other side's last proposal, or their claim: the money is divided like this.

    404, 409 wrong_state, not_disputed, no_proposal or proposal_changed.
    """
    return change(id_, dispute.accept, **words)


@blp.post("/contracts/<id_>/dispute/decide")
@blp.arguments(DecisionWords())
@blp.response(200, ContractShape())
def decide_dispute(words: dict[str, Any], id_: str) -> Response:
    """Decide as an operator, with a written reason.

    403 not_an_operator or own_dispute, 404, 409 wrong_state or not_disputed, 422 share_required.
    """
    seen(id_)
    if not web.caller().is_ops:
        raise Forbidden("not_an_operator", "only an operator decides a dispute")
    return change(id_, dispute.decide, **words)


@blp.get("/contracts/disputes")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, ContractListShape())
def list_disputes(words: dict[str, Any]) -> Response:
    """List the contracts with a dispute that waits, for operators. 403 not_an_operator."""
    if not web.caller().is_ops:
        raise Forbidden("not_an_operator", "only an operator lists disputes")
    docs, cursor = queries.open_disputes(web.store().db, web.page(words))
    return web.listing(seeing.contracts([CONTRACTS.from_doc(d) for d in docs]), cursor)


@blp.get("/contracts/disputes/statistics")
@web.public
@blp.response(200, StatisticsShape())
def statistics() -> Response:
    """Return how disputes end here: by reason, by end, and what the worker got of the money."""
    return web.answer(queries.dispute_statistics(web.store().db))
