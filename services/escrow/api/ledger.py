"""What anybody may check, and what payment providers tell."""

from typing import Any

from flask import Response, current_app, request

from services.escrow import audit, proof, usecases
from services.escrow.outside import Answer, signatures
from services.escrow.schemas import HeardShape, ProofArgs, ProofShape, ProviderWords
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
    """Hear what a payment provider says of a charge or payout; said twice, it acts once.

    Signed as Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    400, 401 bad_signature or old_signature, 404, 409 amount_mismatch, 422.
    """
    secrets = current_app.extensions["escrow_webhook_secrets"].get(provider)
    if secrets is None:
        raise Unknown("no_such_provider", "there is no such provider")
    body = request.get_data(cache=False)
    signatures.verify(secrets, _header, body, now=web.now())
    words = _words(parse(body))
    about = words["data"]
    usecases.provider_said(
        web.store(),
        provider,
        id_=about["id"],
        amount=about["amount"],
        answer=Answer(words["type"].partition(".")[2], about["reason"]),
        now=web.now(),
    )
    return web.answer({"received": True})


def _header(name: str, default: str) -> str:
    return request.headers.get(name, default)


_PROVIDER_WORDS = ProviderWords()


def _words(said: dict[str, Any]) -> dict[str, Any]:
    if wrong := _PROVIDER_WORDS.validate(said):
        raise Invalid("invalid_words", "some of the words are not right", fields=flat(wrong))
    return dict(_PROVIDER_WORDS.load(said))
