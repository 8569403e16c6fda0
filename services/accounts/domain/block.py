"""A block: one member wants nothing new to begin between them and another.

One document for each pair, whose version orders what is said of it. The other is never told; what a
block keeps apart, the services see to in which things begin (`shared.standing`).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

BLOCKS_MAX = 1_000
"""So many others a member may have blocked at one time."""

STATES = ("blocked", "unblocked")
MOVES: Moves = {
    "block": dict.fromkeys(STATES, "blocked"),
    "unblock": dict.fromkeys(STATES, "unblocked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What `member_id` wants of `other_id`, since `at`."""

    id: str
    member_id: str
    other_id: str
    at: datetime
    state: str = "blocked"


def make(*, id: str, by: str, other_id: str, now: datetime) -> Outcome[Block]:
    """Block somebody for the first time."""
    block = Block(id=id, member_id=by, other_id=other_id, at=now)
    return block, [_said(block)]


def move(block: Block, *, now: datetime, move: str) -> Outcome[Block]:
    """Block again, or take it back; a second time changes nothing."""
    state = next_state(MOVES, block.state, move)
    if state == block.state:
        return block, []
    block = replace(block, state=state, at=now)
    return block, [_said(block)]


def _said(block: Block) -> Fact:
    return Fact(f"member.{block.state}", {"member_id": block.member_id, "other_id": block.other_id})
