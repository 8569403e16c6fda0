"""Whom one wants nothing to do with: blocked, listed, unblocked."""

from typing import Any

from flask import Response

from services.accounts import queries
from services.accounts.schemas import people as schemas
from services.accounts.usecases import blocks as usecases
from shared import web

blocks = web.blueprint("blocks", __name__)


@blocks.put("/me/blocks/<string(length=36):member_id>")
@blocks.response(200, schemas.BlockShape())
def block_member(member_id: str) -> Response:
    """Block a member: nothing new begins between the two any more; what they have goes on.

    Neither can propose, enter, claim, order or ask about what is the other's, offer work to the
    other, or write where there is no contract: it is `not_available_to_you`, for both alike. The
    other is not told.

    200 the block, also a second time; 404 no_such_member; 409 too_many_blocks; 422 own_block.
    """
    store = web.store()
    done = usecases.block(store, web.caller().id, member_id, now=web.now())
    names = queries.names_of(store.db, [member_id])
    return web.answer(schemas.block(done.thing, names), done=done)


@blocks.delete("/me/blocks/<string(length=36):member_id>")
@blocks.response(204)
def unblock_member(member_id: str) -> Response:
    """Take a block back; where there is none, nothing changes.

    204; 404 no_such_member.
    """
    usecases.unblock(web.store(), web.caller().id, member_id, now=web.now())
    return web.answer(None, 204)


@blocks.get("/me/blocks")
@blocks.arguments(web.PageArgs(), location="query")
@blocks.response(200, schemas.BlocksShape())
def list_blocks(words: dict[str, Any]) -> Response:
    """List whom one has blocked.

    200 one page; 422 invalid_words, bad_cursor.
    """
    db = web.store().db
    found, next_cursor = queries.blocks(db, web.caller().id, web.page(words))
    names = queries.names_of(db, [one.other_id for one in found])
    return web.listing([schemas.block(one, names) for one in found], next_cursor)
