"""Tables of moves: what is in them happens, what is not is refused, nothing passes silently."""

import pytest

from shared.errors import Conflict, Ignored, NotYet
from shared.moves import IGNORE, LATER, Moves, heard, missing_pairs, next_state

pytestmark = pytest.mark.pure

MOVES: Moves = {"open": {"shut": "open"}, "shut": {"open": "shut"}}
HEARD: Moves = {"knocked": {"shut": LATER, "open": "entered", "entered": IGNORE}}


def test_a_move_in_the_table_leads_where_it_says() -> None:
    assert next_state(MOVES, "shut", "open") == "open"


def test_a_move_not_in_the_table_is_refused_with_its_state() -> None:
    with pytest.raises(Conflict) as no:
        next_state(MOVES, "open", "open")
    assert (no.value.code, no.value.details) == ("wrong_state", {"state": "open", "move": "open"})


def test_a_move_nobody_knows_is_a_bug() -> None:
    with pytest.raises(KeyError):
        next_state(MOVES, "shut", "burn")


def test_a_heard_event_moves_the_thing() -> None:
    assert heard(HEARD, "open", "knocked") == "entered"


def test_a_named_crossing_is_ignored_aloud() -> None:
    with pytest.raises(Ignored):
        heard(HEARD, "entered", "knocked")


def test_an_event_that_came_too_early_says_so() -> None:
    with pytest.raises(NotYet):
        heard(HEARD, "shut", "knocked")


def test_a_pair_the_table_forgot_is_a_bug_and_is_found() -> None:
    with pytest.raises(KeyError):
        heard(HEARD, "burnt", "knocked")
    assert missing_pairs(HEARD, ("shut", "open", "entered", "burnt")) == [("knocked", "burnt")]
    assert missing_pairs(HEARD, ("shut", "open", "entered")) == []
