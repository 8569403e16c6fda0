"""The strict reader of bodies, word by word (abuse cases 1 to 24)."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid, Malformed, Refused
from shared.web import strict
from shared.web.request import dumps

pytestmark = pytest.mark.pure

UNREADABLE = {
    "empty": b"",
    "truncated": b'{"a": ',
    "two values": b"{} {}",
    "bad UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "a name twice": b'{"a": 1, "a": 2}',
    "a name twice, written in two ways": b'{"a": 1, "\\u0061": 2}',
    "a name twice, within": b'{"a": [{"b": 1, "b": 1}]}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "-Infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "-1e400": b'{"a": -1e400}',
    "33 deep": b'{"a":' * 33 + b"1" + b"}" * 33,
    "100,000 deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 deep, never closed": b"[" * 100_000,
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a raw control character": b'{"a": "\n"}',
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "a comment": b'{"a": 1} // one',
}
NO_GOOD = {
    "a list": (b"[]", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "a text": (b'"text"', "not_an_object"),
    "2^63": (b'{"a": 9223372036854775808}', "unsafe_number"),
    "2^53 + 1": (b'{"a": 9007199254740993}', "unsafe_number"),
    "-2^53 - 1": (b'{"a": -9007199254740993}', "unsafe_number"),
    "lone surrogate": (b'{"a": "\\ud800"}', "unsafe_text"),
    "lone surrogate in a name": (b'{"\\udfff": 1}', "unsafe_text"),
    "NUL": (b'{"a": "\\u0000"}', "unsafe_text"),
    "NUL in a name": (b'{"a\\u0000": 1}', "unsafe_text"),
    "NUL deep inside": (b'{"a": [{"b": ["\\u0000"]}]}', "unsafe_text"),
    "$ name": (b'{"a": {"$gt": ""}}', "unsafe_key"),
    "dotted name": (b'{"a.b": 1}', "unsafe_key"),
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        strict.parse(raw)
    assert refusal.value.code == "malformed_json"


@pytest.mark.parametrize(("raw", "code"), NO_GOOD.values(), ids=NO_GOOD.keys())
def test_what_can_be_read_and_is_no_good_is_invalid(raw: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        strict.parse(raw)
    assert refusal.value.code == code


def test_what_is_good_is_read_as_it_is() -> None:
    said = b'{"a": 9007199254740992, "b": [1.5, true, null], "c": "\\ud83d\\ude00 \xe7\xb5\xb5"}'
    assert strict.parse(said) == {"a": 2**53, "b": [1.5, True, None], "c": "😀 絵"}


def test_thirty_two_deep_is_deep_enough() -> None:
    assert strict.parse(b'{"a":' * 32 + b"1" + b"}" * 32)


def test_brackets_within_texts_are_not_depth() -> None:
    assert strict.parse(b'{"a": "' + b"[{" * 100 + b'\\""}') == {"a": "[{" * 100 + '"'}


def test_no_body_takes_long_to_refuse() -> None:
    hostile = [b'"\\"' * 300_000 + b"[" * 99, b'"' * 999_999 + b"[" * 40, b"{" * 1_000_000]
    began = time.perf_counter()
    for raw in hostile:
        with pytest.raises(Refused):
            strict.parse(raw)
    assert time.perf_counter() - began < 5


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = texts.filter(lambda n: not n.startswith("$") and "." not in n)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(names, values, max_size=4))
def test_what_we_say_we_can_read(words: dict[str, object]) -> None:
    assert strict.parse(dumps(words)) == words


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Malformed, Invalid):
        assert isinstance(strict.parse(raw), dict)
