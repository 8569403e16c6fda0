"""The quick look at words never passes what marshmallow refuses or would change."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import catalog
from shared.catalog import _HEARD, _PLAINLY_RIGHT, _SAID
from tests.notify.builders import data_of

pytestmark = pytest.mark.pure

TYPES = sorted(catalog.PUBLISHER_OF)
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 2**70, "", "x", "5", "true", b"x"),
    *("2026-12-07T00:00:00", "2026-12-07T00:00:00Z", "client", "JPY", "XXX", [], ["x"], [1], {}),
    {"amount": 5, "currency": "JPY"},
    {"amount": 5, "currency": "JPY", "more": 1},
    {"amount": "5", "currency": "JPY"},
    {"amount": True, "currency": "JPY"},
]


def places(words: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value in the words."""
    inner = list(words.items()) if isinstance(words, dict) else []
    inner += list(enumerate(words)) if isinstance(words, list) else []
    found = [(*path, name) for name, _ in inner]
    return found + [p for name, value in inner for p in places(value, (*path, name))]


def spoilt(words: Any, path: tuple[Any, ...], how: Any) -> Any:
    """Return the words with another value, or none, or one more, at a place."""
    words = deepcopy(words)
    at = words
    for step in path[:-1]:
        at = at[step]
    if how == "without" and isinstance(at, dict):
        del at[path[-1]]
    elif how == "more" and isinstance(at, dict):
        at["one_word_more"] = 1
    else:
        at[path[-1]] = how
    return words


@pytest.mark.parametrize("type_", TYPES)
def test_full_words_need_only_the_quick_look(type_: str) -> None:
    assert _PLAINLY_RIGHT[type_](data_of(type_))


@settings(deadline=None)
@given(type_=st.sampled_from(TYPES), data=st.data())
def test_what_the_quick_look_passes_marshmallow_passes_unchanged(
    type_: str, data: st.DataObject
) -> None:
    words: Any = data_of(type_)
    for _ in range(data.draw(st.integers(1, 3))):
        if not (paths := places(words)):
            break
        how = data.draw(st.sampled_from(["without", "more", *ODD]))
        words = spoilt(words, data.draw(st.sampled_from(paths)), how)
    if _PLAINLY_RIGHT[type_](words):
        assert _SAID[type_].validate(words) == {}
        assert catalog.heard(type_, words) == _HEARD[type_].load(words)
