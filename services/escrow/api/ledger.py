"""What anybody may check, and what payment providers tell."""

from typing import Any

from flask import Response, current_app, request
from marshmallow import Schema

from services.escrow import audit, incoming, ledger, proof, usecases
from services.escrow.domain import chargeback
from services.escrow.outside import Answer, signatures
from services.escrow.records import CHARGEBACKS, DEPOSITS
from services.escrow.schemas import (
    ChargebackListShape,
    ChargebackShape,
    DepositListShape,
    DepositShape,
    DepositWords,
    HeardShape,
    MatchWords,
    OpsListArgs,
    ProofArgs,
    ProofShape,
    ProviderWords,
    say_chargeback,
    say_deposit,
)
from shared import web
from shared.errors import Forbidden, Invalid, Unknown
from shared.web.fields import flat
from shared.web.strict import parse

blp = web.blueprint("ledger", __name__, keys=False)

NDJSON = "application/x-ndjson"
# The view reads the body by itself, for the sake of its signature; so its words are named here.
SIGNED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ProviderWords()}},
    },
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
}


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


@blp.post("/payments/<provider>/webhook")
@web.public
@web.raw
@blp.doc(**SIGNED)
@blp.response(200, HeardShape())
def hear_provider(provider: str) -> Response:
    """Hear what a payment provider says of a charge, payout or transfer; said twice, it acts once.

    Signed as Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    400, 401 bad_signature or old_signature, 404, 409 amount_mismatch, 422.
    """
    secrets = current_app.extensions["escrow_webhook_secrets"].get(provider)
    if secrets is None:
        raise Unknown("no_such_provider", "there is no such provider")
    body = request.get_data(cache=False)
    signatures.verify(secrets, _header, body, now=web.now())
    _heard(provider, parse(body))
    return web.answer({"received": True})


def _heard(provider: str, said: dict[str, Any]) -> None:
    store, now = web.store(), web.now()
    if said.get("type") == "deposit.received":
        about = _words(_DEPOSIT_WORDS, said)["data"]
        words_ = {"id_": about["id"], "reference": about["reference"], "amount": about["amount"]}
        incoming.deposit_received(store, provider, **words_, now=now)
        return
    words = _words(_PROVIDER_WORDS, said)
    about, (_, _, what) = words["data"], words["type"].partition(".")
    if what == "charged_back":
        words_ = {"charge_id": about["id"], "amount": about["amount"], "reason": about["reason"]}
        incoming.charged_back(store, provider, **words_, now=now)
    elif what == "chargeback_reversed":
        incoming.chargeback_reversed(store, charge_id=about["id"], now=now)
    else:
        answer = Answer(what, about["reason"])
        words_ = {"id_": about["id"], "amount": about["amount"], "answer": answer}
        usecases.provider_said(store, provider, **words_, now=now)


def _header(name: str, default: str) -> str:
    return request.headers.get(name, default)


_PROVIDER_WORDS = ProviderWords()
_DEPOSIT_WORDS = DepositWords()


def _words(schema: Schema, said: dict[str, Any]) -> dict[str, Any]:
    if wrong := schema.validate(said):
        raise Invalid("invalid_words", "some of the words are not right", fields=flat(wrong))
    return dict(schema.load(said))


# For operators


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
