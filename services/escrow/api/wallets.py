"""A member's own money: wallet, statement, payouts."""

from typing import Any

from flask import Response, current_app

from services.escrow import profiles, queries, usecases
from services.escrow.profiles import Profile
from services.escrow.records import PAYOUTS
from services.escrow.schemas import (
    PayoutListShape,
    PayoutShape,
    PayoutWords,
    StatementArgs,
    StatementShape,
    WalletArgs,
    WalletShape,
    say_payout,
    statement_csv,
)
from shared import web
from shared.errors import Unknown

blp = web.blueprint("wallets", __name__)


@blp.get("/wallet")
@blp.arguments(WalletArgs(), location="query")
@blp.response(200, WalletShape())
def get_wallet(words: dict[str, Any]) -> Response:
    """Return what one has, and what is on its way to one's bank. 422."""
    currency = words["currency"] or _profile().currency
    return web.answer(queries.wallet(web.store().db, web.caller().id, currency))


@blp.get("/wallet/entries")
@web.offers("application/json", "text/csv")
@blp.arguments(StatementArgs(), location="query")
@blp.response(200, StatementShape())
def list_entries(words: dict[str, Any]) -> Response:
    """Return one's statement, newest first; with `format=csv` all of it, oldest first. 422."""
    db, me = web.store().db, web.caller().id
    currency = words["currency"] or _profile().currency
    if words["format"] == "csv":
        rows = statement_csv(queries.whole_statement(db, me, currency))
        response = Response(rows, mimetype="text/csv")
        response.headers["Content-Disposition"] = 'attachment; filename="statement.csv"'
        return response
    items, cursor = queries.statement(db, me, currency, web.page(words))
    return web.listing(items, cursor)


@blp.post("/payouts")
@blp.arguments(PayoutWords())
@blp.response(201, PayoutShape())
def request_payout(words: dict[str, Any]) -> Response:
    """Ask for a payout; it leaves the wallet at once.

    400 idempotency_key_required, 409 insufficient_funds, 422 below_minimum or
    currency_not_offered.
    """
    once = web.once(required=True, status=201)
    assert once is not None  # noqa: S101
    done = usecases.request_payout(
        web.store(),
        by=web.caller().id,
        amount=words["amount"],
        minimum=_profile().payout_minimum,
        once=once,
        now=web.now(),
    )
    return web.answer(
        say_payout(done.thing), 201, done=done, location=f"/v1/payouts/{done.thing.id}"
    )


@blp.get("/payouts")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, PayoutListShape())
def list_payouts(words: dict[str, Any]) -> Response:
    """List one's payouts, newest first. 422."""
    docs, cursor = web.page(words).find(
        web.store().db[PAYOUTS.collection], {"member_id": web.caller().id}
    )
    return web.listing([say_payout(PAYOUTS.from_doc(doc)) for doc in docs], cursor)


@blp.get("/payouts/<id_>")
@blp.response(200, PayoutShape())
def get_payout(id_: str) -> Response:
    """Return a payout to its member. 404 for everybody else."""
    me = web.caller()
    loaded = web.store().load(PAYOUTS, id_)
    if loaded.thing.member_id != me.id and not me.is_ops:
        raise Unknown("no_such_payout", "there is no such payout")
    return web.answer(say_payout(loaded.thing), version=loaded.version)


def _profile() -> Profile:
    return profiles.of(current_app.extensions["ukeoi_settings"])
