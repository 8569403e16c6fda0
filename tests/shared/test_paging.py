"""Pages by keyset: nothing twice, nothing left out, no cursor but ours."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.paging import Cursor, Page
from shared.store import Db

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def all_pages(db: Db, *, limit: int, by: str, newest_first: bool = True) -> list[str]:
    found: list[str] = []
    cursor: Cursor | None = None
    while True:
        page = Page(limit, cursor)
        rows, following = page.find(db["things"], {}, by=by, newest_first=newest_first)
        assert len(rows) <= limit
        found += [row["_id"] for row in rows]
        if following is None:
            return found
        cursor = Cursor.of(following)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("by", ["_id", "at", "price", "name"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_together_are_the_whole_list_in_order(
    db: Db, limit: int, by: str, newest_first: bool
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "_id": f"t{n:02}",
            "at": DAY + timedelta(hours=n // 3),
            "price": n % 4,
            "name": f"n{n % 5}",
        }
        for n in range(20)
    ]
    db["things"].insert_many(rows)
    wanted = sorted(rows, key=lambda row: (row[by], row["_id"]), reverse=newest_first)
    found = all_pages(db, limit=limit, by=by, newest_first=newest_first)
    assert found == [row["_id"] for row in wanted]


def test_what_is_added_meanwhile_neither_repeats_nor_skips_others(db: Db) -> None:
    db["things"].insert_many([{"_id": f"t{n}"} for n in range(4)])
    first, following = Page(2).find(db["things"], {})
    assert following is not None
    db["things"].insert_one({"_id": "t9"})
    second, _ = Page(2, Cursor.of(following)).find(db["things"], {})
    assert [row["_id"] for row in first + second] == ["t3", "t2", "t1", "t0"]


def test_a_cursor_of_another_list_is_refused(db: Db) -> None:
    with pytest.raises(Invalid) as refusal:
        Page(2, Cursor("-price", 3, "t1")).find(db["things"], {}, by="at")
    assert refusal.value.code == "bad_cursor"


def forged(words: bytes) -> str:
    return base64.urlsafe_b64encode(words).rstrip(b"=").decode()


@pytest.mark.pure
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "!!!!",
        "絵",
        Cursor("-_id", "t1", "t1").text()[:-3],
        forged(b"{}"),
        forged(b"[]"),
        forged(b'["-_id","s",1,"t1"]'),
        forged(b'["-_id","i",true,"t1"]'),
        forged(b'["-_id","s",{"$gt":""},"t1"]'),
        forged(b'["-_id","s","t1",{"$gt":""}]'),
        forged(b'["-_id","x","t1","t1"]'),
        forged(b'["-_id",[],"t1","t1"]'),
        forged(b'["-at","t",99999999999999999999,"t1"]'),
        forged(b'["-at","t",9007199254740992,"t1"]'),
        forged(b'["' + b"a" * 600 + b'","s","t1","t1"]'),
        "A" * 5000,
    ],
)
def test_a_forged_or_truncated_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Cursor.of(text)
    assert refusal.value.code == "bad_cursor"
    assert "cursor" in refusal.value.details["fields"]


@pytest.mark.pure
@given(
    st.text(max_size=20)
    | st.integers(-(2**53), 2**53)
    | st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    )
)
def test_a_cursor_says_what_it_was_told(value: Any) -> None:
    cursor = Cursor("-x", value, "id")
    assert Cursor.of(cursor.text()) == cursor
