"""What operators watch: work that is overdue, and how disputes were decided."""

from typing import Any

from flask import Response

from services.contracts import queries
from services.contracts.domain import waiting
from services.contracts.domain.cancelling import UNDELIVERED
from services.contracts.domain.contract import Contract
from services.contracts.records import CONTRACTS
from services.contracts.shapes import OverdueListShape, RulingListShape
from shared import web
from shared.documents import Doc
from shared.errors import Forbidden

blp = web.blueprint("watching", __name__, prefix="/v1/ops/contracts", keys=False)


@blp.get("/overdue")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, OverdueListShape())
def list_overdue(words: dict[str, Any]) -> Response:
    """List the contracts whose work is overdue, the newest first. 403 ops_only."""
    _ops_only()
    docs, cursor = queries.overdue(web.store().db, web.page(words))
    return web.listing([_say_overdue(CONTRACTS.from_doc(doc)) for doc in docs], cursor)


def _say_overdue(it: Contract) -> Doc:
    late = next(m for m in it.milestones if m.told_overdue_at and m.state in UNDELIVERED)
    return {
        "id": it.id,
        "title": it.title,
        "client_id": it.client_id,
        "worker_id": it.worker_id,
        "milestone": late.n,
        "deliver_by": late.deliver_by,
        "told_at": late.told_overdue_at,
        "next": waiting.next_of(it),
    }


@blp.get("/decisions")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, RulingListShape())
def list_decisions(words: dict[str, Any]) -> Response:
    """List how operators have decided disputes, the newest contract first. 403 ops_only."""
    _ops_only()
    db = web.store().db
    docs, cursor = queries.decided(db, web.page(words))
    deciders = queries.deciders(db, [doc["_id"] for doc in docs])
    said = [_say_ruling(CONTRACTS.from_doc(doc), deciders.get(doc["_id"], "")) for doc in docs]
    return web.listing(said, cursor)


def _say_ruling(it: Contract, by: str) -> Doc:
    assert it.dispute is not None  # noqa: S101  (the query asks for it)
    return {
        "id": it.id,
        "title": it.title,
        "at": it.dispute.ended_at,
        "by": by,
        "held": it.dispute.held,
        "worker_gets": it.dispute.worker_gets,
        "reason": it.dispute.decision,
    }


def _ops_only() -> None:
    if not web.caller().is_ops:
        raise Forbidden("ops_only", "this is for operators")
