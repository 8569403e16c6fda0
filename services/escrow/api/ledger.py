"""What anybody may check, and what operators do about money that nobody asked for."""

from typing import Any

from flask import Response, request

from services.escrow import audit, incoming, ledger, proof, queries
from services.escrow.domain import chargeback
from services.escrow.records import CHARGEBACKS, DEPOSITS
from services.escrow.schemas import (
    ChargebackListShape,
    ChargebackShape,
    DepositListShape,
    DepositShape,
    MatchWords,
    OpsListArgs,
    PaidReportShape,
    ProofArgs,
    ProofShape,
    say_chargeback,
    say_deposit,
)
from shared import web
from shared.errors import Forbidden

blp = web.blueprint("ledger", __name__, keys=False)

NDJSON = "application/x-ndjson"


@blp.get("/ledger/proof")
@web.public
@web.offers("application/json", NDJSON)
@blp.arguments(ProofArgs(), location="query")
@blp.response(200, ProofShape())
def get_proof(words: dict[str, Any]) -> Response:
    """Return the sums over the whole journal, to anybody; the journal itself to operators.

    The journal comes as ndjson (`format=ndjson`, or by Accept): each seal after its entries.
    401 and 403 ops_only for the journal, 422.
    """
    wants = request.accept_mimetypes.best_match(["application/json", NDJSON])
    if words["format"] != "ndjson" and wants != NDJSON:
        return web.answer(proof.proof(web.store().db))
    if not web.caller().is_ops:
        raise Forbidden("ops_only", "the journal itself is for operators")
    return Response(audit.journal(web.store().db), mimetype=NDJSON)


# For operators


@blp.get("/ops/escrow/report")
@blp.response(200, PaidReportShape())
def get_paid_report() -> Response:
    """Say how long it took from funding to payment, of the last releases. 403 ops_only."""
    _ops_only()
    times = queries.funded_to_paid_s(web.store().db)
    said = {f"p{int(100 * q)}_s": queries.quantile(times, q) for q in queries.QUANTILES}
    return web.answer({"releases": len(times), **said})


@blp.get("/payments/deposits")
@blp.arguments(OpsListArgs(), location="query")
@blp.response(200, DepositListShape())
def list_deposits(words: dict[str, Any]) -> Response:
    """List bank transfers, newest first; `state=unmatched`: those nobody is known for.

    403 ops_only, 422.
    """
    _ops_only()
    where = {"state": words["state"]} if words["state"] else {}
    docs, cursor = web.page(words).find(web.store().db[DEPOSITS.collection], where)
    return web.listing([say_deposit(DEPOSITS.from_doc(doc)) for doc in docs], cursor)


@blp.post("/payments/deposits/<id_>/match")
@blp.arguments(MatchWords())
@blp.response(200, DepositShape())
def match_deposit(words: dict[str, Any], id_: str) -> Response:
    """Say whose a transfer is that nobody was known for.

    403 ops_only, 404, 409 wrong_state, 422 one_of_both.
    """
    _ops_only()
    done = incoming.match_deposit(web.store(), id_, **words, once=None, now=web.now())
    return web.answer(say_deposit(done.thing), done=done)


@blp.get("/payments/chargebacks")
@blp.arguments(OpsListArgs(), location="query")
@blp.response(200, ChargebackListShape())
def list_chargebacks(words: dict[str, Any]) -> Response:
    """List card payments that were taken back, newest first. 403 ops_only, 422."""
    _ops_only()
    where = {"state": words["state"]} if words["state"] else {}
    docs, cursor = web.page(words).find(web.store().db[CHARGEBACKS.collection], where)
    return web.listing([say_chargeback(CHARGEBACKS.from_doc(doc)) for doc in docs], cursor)


@blp.post("/payments/chargebacks/<id_>/write-off")
@blp.response(200, ChargebackShape())
def write_off(id_: str) -> Response:
    """Give up what is owed: it is the platform's loss. 403 ops_only, 404, 409 wrong_state."""
    _ops_only()
    done = ledger.change(web.store(), CHARGEBACKS, id_, chargeback.write_off, now=web.now())
    return web.answer(say_chargeback(done.thing), done=done)


def _ops_only() -> None:
    if not web.caller().is_ops:
        raise Forbidden("ops_only", "this is for operators")
