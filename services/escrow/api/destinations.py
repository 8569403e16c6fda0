"""Where members are paid out to."""

from typing import Any

from flask import Response, current_app

from services.escrow import usecases
from services.escrow.schemas import DestinationShape, DestinationWords, say_destination
from shared import web

blp = web.blueprint("destinations", __name__, keys=False)


@blp.get("/payouts/destination")
@blp.response(200, DestinationShape())
def get_destination() -> Response:
    """Return whether one can be paid out to: `not_needed missing open ready`. 503."""
    return web.answer(say_destination(usecases.destination(web.store(), web.caller().id)))


@blp.post("/payouts/destination")
@blp.arguments(DestinationWords())
@blp.response(200, DestinationShape())
def open_destination(words: dict[str, Any]) -> Response:
    """Return `url`, where one tells the payment provider where to pay out to; for minutes, once.

    The provider leads back to `return_url`, or to this marketplace. 403 insufficient_scope,
    422, 503.
    """
    me = web.caller()
    me.require("money")
    home = current_app.extensions["ukeoi_settings"].public_url
    found = usecases.onboard(web.store(), me.id, words["return_url"] or home)
    return web.answer(say_destination(found))
