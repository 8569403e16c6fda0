"""The rules of members, sessions and passwords."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain import finding, member, session
from services.accounts.domain.credentials import (
    normal_email,
    normal_password,
    password_fault,
)
from services.accounts.domain.member import Record
from shared.errors import Conflict
from tests.accounts.builders import NOW, a_member, a_session

pytestmark = pytest.mark.pure


def test_registering_tells_who_joined() -> None:
    made, facts = member.register(
        id="mem_1",
        email="a@b.jp",
        password_hash="h",
        display_name="A",
        kind="company",
        locale="en",
        now=NOW,
    )
    assert (made.joined_at, made.state, made.roles) == (NOW, "active", ())
    assert [(f.type, f.data["member_id"], f.data["email"]) for f in facts] == [
        ("member.registered", "mem_1", "a@b.jp")
    ]
    assert "password_hash" not in facts[0].data


def test_a_change_that_concerns_others_is_told_them() -> None:
    changed, facts = member.change_profile(a_member(), now=NOW, words={"display_name": "B"})
    assert changed.display_name == "B"
    assert [f.type for f in facts] == ["member.changed"]


def test_a_change_of_the_profile_alone_is_told_nobody() -> None:
    before = a_member()
    changed, facts = member.change_profile(
        before, now=NOW, words={"bio": "", "skills": ["A", "b", "B", "a"], "links": []}
    )
    assert (changed.profile.bio, changed.profile.skills) == ("", ("A", "b"))
    assert changed.profile.categories == before.profile.categories
    assert facts == []


def test_no_words_change_nothing() -> None:
    before = a_member()
    assert member.change_profile(before, now=NOW, words={}) == (before, [])


def test_an_operator_is_made_once() -> None:
    made, _ = member.make_operator(a_member(), now=NOW)
    assert made.roles == ("ops",)
    assert member.make_operator(made, now=NOW) == (made, [])


def test_a_record_that_changed_is_told() -> None:
    noted, facts = member.note_record(
        a_member(), now=NOW, counted=Record(contracts_completed=2, reviews_satisfied=1)
    )
    assert noted.record.contracts_completed == 2
    told = facts[0].data
    assert {name: word for name, word in told.items() if not isinstance(word, dict)} == {
        "member_id": noted.id,
        "contracts_completed": 2,
        "contracts_cancelled": 0,
        "reviews_satisfied": 1,
        "reviews_unsatisfied": 0,
        "level": 0,
    }
    assert told["as_client"]["time_to_fund"] == {"median_s": None, "sample": 0}


def test_an_older_count_never_takes_anything_back() -> None:
    noted, _ = member.note_record(a_member(), now=NOW, counted=Record(contracts_completed=2))
    older = Record(contracts_completed=1)
    assert member.note_record(noted, now=NOW, counted=older) == (noted, [])


counts = st.builds(
    Record,
    contracts_completed=st.integers(0, 9),
    contracts_cancelled=st.integers(0, 9),
    reviews_satisfied=st.integers(0, 9),
    reviews_unsatisfied=st.integers(0, 9),
)


@given(st.lists(counts, max_size=5), st.randoms())
def test_counts_may_come_in_any_order(several: list[Record], random: object) -> None:
    def after(order: list[Record]) -> Record:
        thing = a_member(id="mem_1", email="a")
        for counted in order:
            thing, _ = member.note_record(thing, now=NOW, counted=counted)
        return thing.record

    shuffled = list(several)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert after(several) == after(shuffled)


# sessions


def refreshed(thing: session.Session, shown: str = "now", **by: float) -> session.Session:
    return session.refresh(thing, now=NOW + timedelta(**by), shown_hash=shown, next_hash="next")[0]


def test_the_token_that_counts_is_replaced() -> None:
    after = refreshed(a_session(), days=10)
    assert (after.state, after.token_hash) == ("active", "next")
    assert after.expires_at == NOW + timedelta(days=40)


def test_a_token_that_was_replaced_revokes_its_family() -> None:
    after = refreshed(refreshed(a_session()), shown="now")
    assert after.state == "revoked"


def test_an_idle_session_expires() -> None:
    assert refreshed(a_session(), days=30).state == "expired"
    assert refreshed(a_session(), days=29, hours=23).state == "active"


def test_no_session_lives_longer_than_half_a_year() -> None:
    thing = a_session()
    for month in range(1, 7):
        thing = replace(refreshed(thing, days=29 * month), token_hash="now")
    assert thing.expires_at == NOW + timedelta(days=180)
    assert refreshed(thing, days=180).state == "expired"


@pytest.mark.parametrize("state", [s for s in session.STATES if s != "active"])
@pytest.mark.parametrize("shown", ["now", "other"])
def test_a_session_that_ended_refreshes_nothing(state: str, shown: str) -> None:
    with pytest.raises(Conflict):
        refreshed(a_session(state=state), shown=shown)


@pytest.mark.parametrize("state", session.STATES)
def test_logging_out_ends_what_is_active_only(state: str) -> None:
    after, facts = session.end(a_session(state=state), now=NOW)
    assert after.state == ("ended" if state == "active" else state)
    assert [f.type for f in facts] == (["tokens.revoked"] if state == "active" else [])


def test_every_move_of_the_table_starts_from_active_alone() -> None:
    assert all(set(row) == {"active"} for row in session.MOVES.values())
    assert {to for row in session.MOVES.values() for to in row.values()} == set(session.STATES)


# addresses and passwords


@pytest.mark.parametrize(
    "text", ["Taro@Example.COM", " taro@example.com ", "ｔａｒｏ＠example.com", "TARO@EXAMPLE.COM"]
)
def test_an_address_has_one_form(text: str) -> None:
    assert normal_email(text) == "taro@example.com"


def test_a_password_has_one_form() -> None:
    assert normal_password("ﾊﾟｽﾜｰﾄﾞ") == normal_password("パスワード")


def fault(password: str) -> str | None:
    return password_fault(password, email="taro.yamamoto@example.com", display_name="山本 太郎です")


@pytest.mark.parametrize(
    "password",
    [
        "1234567",
        "x" * 1025,
        "あ" * 400,
        "password",
        "Password1",
        "P@ssw0rd",
        "passw0rd!",
        "password123",
        "12345678",
        "123456789",
        "1234567890",
        "0987654321",
        "87654321",
        "20261201",
        "11111111",
        "aaaaaaaa",
        "abababab",
        "abc123abc123",
        "qwertyuiop",
        "qwerty123",
        "1q2w3e4r",
        "1qaz2wsx",
        "asdfghjkl",
        "iloveyou",
        "iloveyou2",
        "sunshine",
        "Football1",
        "letmein1",
        "welcome1",
        "trustno1",
        "superman",
        "abcdefgh",
        "abcd1234",
        "administrator",
        "sakura2026",
        "taro.yamamoto",
        "Taro.Yamamoto@example.com",
        "山本 太郎です",
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    assert fault(normal_password(password))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "sakura-no-hana-17",
        "kL9#mm2q",
        "x1y2z3w4v5",
        "桜の花が咲いたよ",
        "secret-password-of-hanako",
        "m" * 500 + "n" * 524,
        "314159265358979",
    ],
)
def test_another_password_is_taken(password: str) -> None:
    assert fault(password) is None


def test_no_password_takes_long_to_judge() -> None:
    assert fault("ab" * 512)
    assert fault("-" * 1000 + "x") is None


# finding


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ロゴ", "会社のロゴを描きます"),
        ("ﾛｺﾞ", "会社のロゴを描きます"),
        ("絵", "絵を描きます"),
        ("LOGO design", "We design every logo"),
        ("desi", "We design"),
        ("c++", "Python, C++"),
        ("描き ロゴ", "ロゴを描きます"),
        ("ｗｅｂ", "Webサイト"),
    ],
)
def test_a_word_within_a_text_is_found(query: str, text: str) -> None:
    folded = finding.fold(text)
    words, grams = finding.wanted(query)
    assert all(word in folded for word in words)
    assert set(grams) <= set(finding.grams(folded))


@given(st.text(max_size=40), st.integers(0, 30), st.integers(1, 10))
def test_every_part_of_a_text_finds_it(text: str, start: int, length: int) -> None:
    folded = finding.fold(text)
    _, grams = finding.wanted(folded[start : start + length])
    assert set(grams) <= set(finding.grams(folded))
