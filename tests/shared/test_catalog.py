"""The published words: one publisher a type, strict when said, lenient when heard."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared import catalog
from shared.errors import Invalid
from tests.notify.builders import data_of

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
TYPES = sorted(catalog.PUBLISHER_OF)
NESTED = [
    (type_, name)
    for type_ in TYPES
    for name, value in data_of(type_).items()
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict))
]


def without(words: dict[str, Any], name: str) -> dict[str, Any]:
    return {n: value for n, value in words.items() if n != name}


def is_required(type_: str, name: str) -> bool:
    field = catalog.PUBLISHERS[catalog.PUBLISHER_OF[type_]][type_][name]
    return bool(field.required)


def test_every_type_is_said_by_exactly_one_publisher() -> None:
    counted = Counter(type_ for facts in catalog.PUBLISHERS.values() for type_ in facts)
    assert [type_ for type_, count in counted.items() if count > 1] == []


def test_every_publisher_is_a_service() -> None:
    services = {p.parent.name for p in (ROOT / "services").glob("*/__init__.py")}
    assert services <= set(catalog.PUBLISHERS)


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_is_a_noun_and_what_happened_to_it(type_: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", type_)


@pytest.mark.parametrize("type_", TYPES)
def test_full_words_may_be_said_and_are_heard_unchanged(type_: str) -> None:
    words = data_of(type_)
    catalog.said(type_, words)
    assert catalog.heard(type_, words) == words


@pytest.mark.parametrize("type_", TYPES)
def test_a_word_too_many_is_never_said_but_heard_without_it(type_: str) -> None:
    words = data_of(type_)
    with pytest.raises(ValueError, match="breaks its words"):
        catalog.said(type_, {**words, "brand_new": 1})
    assert catalog.heard(type_, {**words, "brand_new": 1}) == words


@pytest.mark.parametrize(("type_", "name"), NESTED)
def test_a_nested_word_too_many_is_never_said_but_heard_without_it(type_: str, name: str) -> None:
    words = data_of(type_)
    inner = words[name]
    more: Any = (
        [{**i, "brand_new": 1} for i in inner]
        if isinstance(inner, list)
        else {**inner, "brand_new": 1}
    )
    with pytest.raises(ValueError, match="breaks its words"):
        catalog.said(type_, {**words, name: more})
    assert catalog.heard(type_, {**words, name: more}) == words


@pytest.mark.parametrize("type_", TYPES)
def test_a_missing_word_is_neither_said_nor_heard(type_: str) -> None:
    words = data_of(type_)
    for name in (n for n in words if is_required(type_, n)):
        with pytest.raises(ValueError, match=name):
            catalog.said(type_, without(words, name))
        with pytest.raises(Invalid) as no:
            catalog.heard(type_, without(words, name))
        assert no.value.code == "bad_event"


def test_a_type_nobody_publishes_is_a_bug_when_said_and_parked_when_heard() -> None:
    with pytest.raises(ValueError, match="no fact"):
        catalog.said("moon.landed", {})
    with pytest.raises(Invalid) as no:
        catalog.heard("moon.landed", {})
    assert no.value.code == "unknown_event"


@pytest.mark.parametrize("amount", [-1, 1.5, "1", 1e400, None])
def test_money_in_a_fact_is_whole_and_not_negative(amount: Any) -> None:
    words = {**data_of("payout.paid"), "amount": {"amount": amount, "currency": "JPY"}}
    with pytest.raises(ValueError, match="breaks its words"):
        catalog.said("payout.paid", words)


@pytest.mark.parametrize("at", ["2026-12-07T00:00:00", "tomorrow", "", 5])
def test_a_time_in_a_fact_has_its_zone(at: Any) -> None:
    with pytest.raises(ValueError, match="breaks its words"):
        catalog.said("offer.sent", {**data_of("offer.sent"), "answer_by": at})
