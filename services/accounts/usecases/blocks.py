"""Blocking others, and taking it back."""

from datetime import datetime

from services.accounts import queries
from services.accounts.domain import block as rules
from services.accounts.domain.block import BLOCKS_MAX, Block
from services.accounts.records import BLOCKS
from shared import ids
from shared.documents import Done
from shared.errors import Conflict, Invalid
from shared.store import Store


def block(store: Store, by: str, other_id: str, *, now: datetime) -> Done[Block]:
    """Keep somebody apart; a second time changes nothing.

    :raises Invalid: `own_block`
    :raises Unknown: `no_such_member`
    :raises Conflict: `too_many_blocks`
    """
    if by == other_id:
        raise Invalid("own_block", "nobody can be kept apart from themselves")
    queries.public_member(store.db, other_id)
    id_ = _id(by, other_id)
    there = store.find(BLOCKS, id_)
    if (there is None or there.thing.state != "blocked") and _is_full(store, by):
        raise Conflict("too_many_blocks", f"at most {BLOCKS_MAX}", limit=BLOCKS_MAX)
    if there is None:
        made = store.create(BLOCKS, *rules.make(id=id_, by=by, other_id=other_id, now=now), now=now)
        if not made.replayed:
            return made
    return store.change(BLOCKS, id_, rules.move, move="block", now=now)


def unblock(store: Store, by: str, other_id: str, *, now: datetime) -> None:
    """Take a block back; where there is none, nothing changes.

    :raises Unknown: `no_such_member`, and there never was a block either
    """
    if store.find(BLOCKS, _id(by, other_id)):
        store.change(BLOCKS, _id(by, other_id), rules.move, move="unblock", now=now)
    else:
        queries.public_member(store.db, other_id)


def _id(by: str, other_id: str) -> str:
    return ids.derived("blk", by, other_id)


def _is_full(store: Store, by: str) -> bool:
    mine = {"member_id": by, "state": "blocked"}
    return store.db[BLOCKS.collection].count_documents(mine, limit=BLOCKS_MAX) >= BLOCKS_MAX
