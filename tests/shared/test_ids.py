"""Ids say what they name, and sort by birth."""

import pytest

from shared import ids

pytestmark = pytest.mark.pure


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [ids.new("evt") for _ in range(2000)]
    assert made == sorted(made)


def test_no_two_new_ids_are_the_same() -> None:
    assert len({ids.new("evt") for _ in range(5000)}) == 5000


def test_the_same_cause_always_derives_the_same_id() -> None:
    assert ids.derived("hld", "con_1", "2") == ids.derived("hld", "con_1", "2")


def test_parts_cannot_be_shifted_to_derive_the_same_id() -> None:
    assert ids.derived("hld", "a", "bc") != ids.derived("hld", "ab", "c")
    assert ids.derived("hld", "a", "b") != ids.derived("hld", "a b")


@pytest.mark.parametrize("make", [ids.new, lambda prefix: ids.derived(prefix, "x")])
def test_an_id_is_known_as_one_of_its_own_kind_only(make) -> None:
    assert ids.is_id(make("job"), "job")
    assert not ids.is_id(make("job"), "mem")


@pytest.mark.parametrize("text", ["", "mem_", "mem_1", "mem_" + "g" * 32, "mem_" + "a" * 33])
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not ids.is_id(text, "mem")


def test_an_id_with_a_line_break_behind_is_none() -> None:
    assert not ids.is_id("mem_" + "a" * 32 + "\n", "mem")
