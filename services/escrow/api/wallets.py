"""A member's own money: wallet, statement, payouts."""

import re
from typing import Any

from flask import Response, current_app

from services.escrow import invoices, pages, profiles, queries, usecases
from services.escrow.profiles import Profile
from services.escrow.records import PAYOUTS
from services.escrow.schemas import (
    MonthArgs,
    MonthShape,
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

MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")

blp = web.blueprint("wallets", __name__)


@blp.get("/wallet")
@blp.arguments(WalletArgs(), location="query")
@blp.response(200, WalletShape())
def get_wallet(words: dict[str, Any]) -> Response:
    """Return what one has, and what is on its way to one's bank. 422."""
    currency = words["currency"] or _profile().currency
    return web.answer(queries.wallet(web.store().db, web.caller().id, currency))


@blp.get("/wallet/entries")
@web.offers("application/json", "text/csv", "text/html")
@blp.arguments(StatementArgs(), location="query")
@blp.response(200, StatementShape())
def list_entries(words: dict[str, Any]) -> Response:
    """Return one's statement, newest first; with `format=csv` all of it, oldest first.

    `format=html`: the last 1,000 lines as a page to print, each with its steps. 422.
    """
    db, me = web.store().db, web.caller().id
    currency = words["currency"] or _profile().currency
    if words["format"] == "csv":
        rows = statement_csv(queries.whole_statement(db, me, currency))
        response = Response(rows, mimetype="text/csv")
        response.headers["Content-Disposition"] = 'attachment; filename="statement.csv"'
        return response
    if words["format"] == "html":
        lines = list(queries.whole_statement(db, me, currency, most=pages.LINES_MAX))
        balance = queries.wallet(db, me, currency)["available"]
        page = pages.statement(lines, balance, words["locale"])
        return Response(page, mimetype="text/html")
    items, cursor = queries.statement(db, me, currency, web.page(words))
    return web.listing(items, cursor)


@blp.get("/wallet/months/<month>")
@web.offers("application/json", "text/html")
@blp.arguments(MonthArgs(), location="query")
@blp.response(200, MonthShape())
def get_month(words: dict[str, Any], month: str) -> Response:
    """Return a month of one's wallet (`2026-12`) with its invoice; `format=html`: a page to print.

    404 no_such_month, 422.
    """
    if not MONTH.fullmatch(month):
        raise Unknown("no_such_month", "a month is written 2026-12")
    profile = _profile()
    said = invoices.month_of(
        web.store().db,
        web.caller().id,
        words["currency"] or profile.currency,
        month=month,
        invoicing=profile.invoicing,
    )
    if words["format"] == "html":
        return Response(pages.month(said, words["locale"]), mimetype="text/html")
    return web.answer(said)


@blp.post("/payouts")
@blp.arguments(PayoutWords())
@blp.response(201, PayoutShape())
def request_payout(words: dict[str, Any]) -> Response:
    """Ask for a payout; it leaves the wallet at once.

    400 idempotency_key_required, 409 insufficient_funds, owes_money or no_destination,
    422 below_minimum or currency_not_offered.
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
