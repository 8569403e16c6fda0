"""State machines drawn as tables: from where, by what, to where.

A command's table maps what to {state: next state}; what is not in it is refused. A table of heard
events has a row for every state, because an event cannot be refused: it moves the thing, is rightly
without effect there (`IGNORE`, a named crossing), or came too early (`LATER`).
"""

from collections.abc import Mapping
from typing import TypeVar

from shared.errors import Conflict, Ignored, NotYet
from shared.events import Fact

T = TypeVar("T")
Outcome = tuple[T, list[Fact]]
Moves = Mapping[str, Mapping[str, str]]

IGNORE = "(ignore)"
LATER = "(later)"


def next_state(table: Moves, state: str, move: str) -> str:
    """Return the state that a command leads to.

    :raises Conflict: `wrong_state`, with the state it is in and what would allow the move
    """
    row = table[move]
    if state not in row:
        raise Conflict("wrong_state", f"cannot {move}: it is {state}", state=state, move=move)
    return row[state]


def heard(table: Moves, state: str, type_: str) -> str:
    """Return the state that an event leads to; a pair that is missing in the table is a bug.

    :raises Ignored: the event rightly changes nothing in this state
    :raises NotYet: the event came before what it builds on
    """
    step = table[type_][state]
    if step == IGNORE:
        raise Ignored("crossed", f"{type_} changes nothing when {state}", state=state)
    if step == LATER:
        raise NotYet("too_early", f"{type_} came while {state}", state=state)
    return step


def missing_pairs(table: Moves, states: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of event and state that the table forgot; a test wants none."""
    return [(type_, s) for type_, row in table.items() for s in states if s not in row]
