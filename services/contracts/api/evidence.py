"""What a contract can prove: its terms in writing, its log, the evidence of a dispute."""

from typing import Any

from flask import Response

from services.contracts import evidence
from services.contracts.api.contracts import seen
from services.contracts.domain import contract
from services.contracts.records import CONTRACTS
from services.contracts.schemas import TermsArgs
from services.contracts.shapes import WrittenTermsShape
from shared import web
from shared.errors import Conflict

blp = web.blueprint("evidence", __name__)
NDJSON = "application/x-ndjson"


@blp.get("/contracts/<id_>/terms")
@web.offers("application/json", "text/html")
@blp.arguments(TermsArgs(), location="query")
@blp.response(200, WrittenTermsShape())
def get_terms(words: dict[str, Any], id_: str) -> Response:
    """Return the terms in writing as they were made at formation: the same bytes for ever.

    `format=html` with `locale=ja` or `en` is a page to read. That a party has read them is kept.
    `ETag` is the SHA-256 of the JSON, which the contract's log names as well; when a side has been
    erased since, their name is no more in it, and the log names the terms as they were. 404, 422.
    """
    it = seen(id_).thing
    made = evidence.terms_of(web.store(), it, web.now())
    me = web.caller().id
    if me in (it.client_id, it.worker_id):
        web.store().change(CONTRACTS, id_, contract.read_terms, by=me, now=web.now())
    if words["format"] == "html":
        response = Response(made.pages[words["locale"]], mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'"
        )
    else:
        response = Response(made.json, mimetype="application/json")
    response.headers["ETag"] = f'"{evidence.hash_of(made)}"'
    return response


@blp.get("/contracts/<id_>/log")
@web.offers(NDJSON)
@blp.response(200)
def get_log(id_: str) -> Response:
    """Export the log of a contract, a hash chain; both sides get the same bytes. 404."""
    seen(id_)
    return Response(evidence.log(web.store(), id_), mimetype=NDJSON)


@blp.get("/contracts/<id_>/dispute/bundle")
@web.offers("application/zip")
@blp.response(200)
def get_bundle(id_: str) -> Response:
    """Export all the evidence of a dispute as a zip. 404, 409 not_disputed."""
    it = seen(id_).thing
    if it.dispute is None:
        raise Conflict("not_disputed", "there is no dispute")
    response = Response(evidence.bundle(web.store(), it, web.now()), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{id_}.zip"'
    return response
