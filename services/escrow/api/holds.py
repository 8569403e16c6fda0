"""Quotes and holds."""

from typing import Any

from flask import Response, current_app

from services.escrow import profiles, queries, usecases
from services.escrow.domain import opening, quote
from services.escrow.records import HOLDS
from services.escrow.schemas import (
    FundWords,
    HoldListArgs,
    HoldListShape,
    HoldShape,
    QuoteArgs,
    QuoteShape,
    WithholdingWords,
    say_hold,
)
from shared import web
from shared.errors import Invalid
from shared.money import Money

blp = web.blueprint("holds", __name__)


@blp.get("/quotes")
@web.public
@blp.arguments(QuoteArgs(), location="query")
@blp.response(200, QuoteShape())
def get_quote(words: dict[str, Any]) -> Response:
    """Return what an amount means to both sides, by every step; of a task, of one slot.

    422, also mode_not_offered, withholding_not_offered.
    """
    profile = profiles.of(current_app.extensions["ukeoi_settings"])
    fees, mode = profile.schedule_at(web.now()), words["mode"]
    if mode not in profile.modes:
        raise Invalid("mode_not_offered", f"{profile.id} has no {mode}")
    withheld = words["withholding"] == "true"
    if withheld and not fees.withholds(mode):
        raise Invalid("withholding_not_offered", f"nothing is withheld of a {mode} here")
    amount = Money(words["amount"], words["currency"])
    if words["tax"] == "included":
        return web.answer(quote.of(fees, amount, mode, withheld=withheld).words())
    whole, step = quote.with_tax(amount, profile.invoicing.rate)
    said = quote.of(fees, whole, mode, withheld=withheld).words()
    return web.answer({**said, "stated": {"amount": amount, "steps": [step.words()]}})


@blp.get("/holds")
@blp.arguments(HoldListArgs(), location="query")
@blp.response(200, HoldListShape())
def list_holds(words: dict[str, Any]) -> Response:
    """List one's holds, newest first; those of one contract (`ref`) by milestone. 422."""
    page, me, db = web.page(words), web.caller().id, web.store().db
    found, cursor = queries.holds(db, me, page=page, **words)
    later = queries.out_of_turn(db, found)
    return web.listing([say_hold(h, me, in_turn=h.id not in later) for h in found], cursor)


@blp.get("/holds/<id_>")
@blp.response(200, HoldShape())
def get_hold(id_: str) -> Response:
    """Return a hold to its parties. 404 for everybody else."""
    loaded = queries.hold_of(web.store(), id_, web.caller())
    in_turn = not queries.out_of_turn(web.store().db, [loaded.thing])
    said = say_hold(loaded.thing, web.caller().id, in_turn=in_turn)
    return web.answer(said, version=loaded.version)


@blp.post("/holds/<id_>/fund")
@blp.arguments(FundWords())
@blp.response(200, HoldShape())
def fund_hold(words: dict[str, Any], id_: str) -> Response:
    """Fund a hold: the money is kept aside until the work is settled.

    400 idempotency_key_required, 403 not_the_client, 404, 409 wrong_state, out_of_turn,
    funding_in_progress, card_declined or insufficient_funds, 422 method_not_available, 503.
    Still `opened` with the system's `next`: the provider has not answered, and is asked again.
    With the client's, `confirm_payment`: the provider's form goes on with `payment`.
    """
    once = web.once(required=True)
    assert once is not None  # noqa: S101
    me = web.caller()
    queries.hold_of(web.store(), id_, me)
    done = usecases.fund(web.store(), id_, by=me.id, **words, once=once, now=web.now())
    return web.answer(say_hold(done.thing, me.id), done=done)


@blp.post("/holds/<id_>/withholding")
@blp.arguments(WithholdingWords())
@blp.response(200, HoldShape())
def withhold_tax(words: dict[str, Any], id_: str) -> Response:
    """Say, before it is funded, whether income tax is kept back of what the worker gets.

    403 not_the_client, 404, 409 wrong_state, funding_in_progress or withholding_not_offered, 422.
    """
    me, store = web.caller(), web.store()
    about = queries.hold_of(store, id_, me).thing
    profile = profiles.of(current_app.extensions["ukeoi_settings"])
    between = queries.withheld_between(store.db, about, profile.withheld_between)
    done = store.change(
        HOLDS,
        id_,
        opening.withhold,
        by=me.id,
        applies=words["applies"],
        between=between,
        once=web.once(),
        now=web.now(),
    )
    return web.answer(say_hold(done.thing, me.id), done=done)
