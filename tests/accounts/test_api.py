"""The routes of accounts: each status that is documented, and what each leaves behind."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import orjson
import pytest
import structlog
from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from services.accounts import __main__ as commands
from services.accounts.app import create_app
from services.accounts.reactions import REACTIONS
from services.accounts.records import KINDS, MEMBERS, SHELVES
from services.accounts.usecases import tokens
from shared import engine, ids, settings
from shared.auth import Keys
from shared.store import Db, Store, ensure_indexes
from tests.accounts.builders import NOW, PASSWORD, a_member, ended, log_in, registration, revealed
from tests.callers import Caller, Signer, a_caller


@pytest.fixture
def app(mongo_url: str, db: Db, signer: Signer) -> Iterator[Flask]:
    app = create_app(signer.settings(mongo_url, db.name))
    yield app
    app.extensions["ukeoi_store"].db.client.close()


@pytest.fixture
def nobody(app: Flask) -> Caller:
    return Caller(app)


@pytest.fixture
def me(app: Flask, nobody: Caller) -> Caller:
    """A member who has registered and logged in."""
    found = words(log_in(nobody, words(nobody.post("/v1/members", registration()))["email"]))
    return Caller(app, found["access_token"], found["member"]["id"])


def words(response: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(response.data)
    return found


def refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    found = words(response)
    assert (response.status_code, found["code"]) == (status, code), found
    return found


# registering


def test_a_person_registers(nobody: Caller, db: Db) -> None:
    said = registration(email=" Hanako@Example.com ", display_name=" 花子 ")
    made = nobody.post("/v1/members", said)
    member = words(made)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/members/{member['id']}"
    assert made.headers["ETag"] == '"1"'
    assert (member["email"], member["display_name"]) == ("hanako@example.com", "花子")
    assert (member["roles"], member["state"]) == ([], "active")
    assert nobody.get(made.headers["Location"]).status_code == 200
    [kept] = db["members"].find()
    assert PASSWORD not in repr(kept)
    assert kept["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    [fact] = kept["outbox"]
    assert (fact["type"], fact["actor"]) == ("member.registered", member["id"])


@pytest.mark.parametrize("email", ["a@b.jp", "A@B.JP", "ａ@b.jp", " a@b.jp"])
def test_an_address_is_taken_once_in_whatever_form(nobody: Caller, db: Db, email: str) -> None:
    nobody.post("/v1/members", registration(email="a@b.jp"))
    refused(nobody.post("/v1/members", registration(email=email)), 409, "email_taken")
    assert db["members"].count_documents({}) == 1


def test_of_twenty_registrations_of_one_address_one_succeeds(nobody: Caller, db: Db) -> None:
    with ThreadPoolExecutor(20) as racers:
        answers = racers.map(
            lambda n: (
                nobody.post(
                    "/v1/members", registration(email="A@b.jp" if n % 2 else "a@b.jp")
                ).status_code
            ),
            range(20),
        )
    assert sorted(answers) == [201] + [409] * 19
    assert db["members"].count_documents({}) == 1


WRONG: dict[str, dict[str, Any]] = {
    "no address": {"email": "taro"},
    "CRLF in the address": {"email": "a@b.jp\r\nBcc: x@y.jp"},
    "line break after the address": {"email": "a@b.jp\n"},
    "a long address": {"email": "a" * 300 + "@b.jp"},
    "an address as an object": {"email": {"ne": ""}},
    "two addresses": {"email": "a@b.jp, c@d.jp"},
    "seven characters": {"password": "kL9#mm2"},
    "1 MB of password": {"password": "kL9#" * 250_000},
    "a bidi override": {"display_name": "a\u202eb"},
    "a line break in a name": {"display_name": "a\nb"},
    "an empty name": {"display_name": " "},
    "a long name": {"display_name": "x" * 61},
    "another locale": {"locale": "fr"},
    "another kind": {"kind": "robot"},
    "a role": {"role": "admin"},
    "roles": {"roles": ["ops"]},
    "an id": {"id": ids.new("mem")},
    "a state": {"state": "active"},
    "a record": {"record": {}},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_registration_is_422(nobody: Caller, db: Db, change: dict[str, Any]) -> None:
    found = refused(nobody.post("/v1/members", registration(**change)), 422, "invalid_words")
    assert set(found["fields"]) == set(change)
    assert db["members"].count_documents({}) == 0


@pytest.mark.parametrize("name", ["email", "password", "display_name", "locale", "kind"])
def test_a_missing_word_is_422(nobody: Caller, name: str) -> None:
    said = registration()
    del said[name]
    assert name in refused(nobody.post("/v1/members", said), 422, "invalid_words")["fields"]


@pytest.mark.parametrize("password", ["password123", "12345678", "hanako@example.com"])
def test_a_password_that_is_guessed_first_is_422(nobody: Caller, db: Db, password: str) -> None:
    said = registration(email="hanako@example.com", password=password)
    found = refused(nobody.post("/v1/members", said), 422, "weak_password")
    assert "password" in found["fields"]
    assert password not in repr(found)
    assert db["members"].count_documents({}) == 0


def test_registering_and_logging_in_ignore_keys(nobody: Caller) -> None:
    first = nobody.post("/v1/members", registration(email="a@b.jp"), key="k")
    second = nobody.post("/v1/members", registration(), key="k")
    assert (first.status_code, second.status_code) == (201, 201)
    said = {"email": "a@b.jp", "password": PASSWORD}
    logins = [nobody.post("/v1/sessions", said, key="k") for _ in range(2)]
    assert [r.status_code for r in logins] == [201, 201]
    assert words(logins[0])["refresh_token"] != words(logins[1])["refresh_token"]


# logging in


def test_a_member_logs_in(nobody: Caller, app: Flask, signer: Signer) -> None:
    made = words(nobody.post("/v1/members", registration()))
    found = log_in(nobody, made["email"].upper())
    assert found.status_code == 201
    said = words(found)
    assert said["member"] == made
    assert said["expires_in"] == 900
    claims = jwt.decode(said["access_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("ukeoi", "ukeoi", made["id"])
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(said["access_token"])["typ"] == "at+jwt"
    assert words(Caller(app, said["access_token"]).get("/v1/me"))["id"] == made["id"]


def test_a_password_in_another_composition_is_the_same(nobody: Caller) -> None:
    made = words(nobody.post("/v1/members", registration(password="ﾊﾟｽﾜｰﾄﾞの歌 7")))
    assert log_in(nobody, made["email"], "パスワードの歌 7").status_code == 201


def test_a_wrong_password_and_an_unknown_address_are_the_same_401(nobody: Caller) -> None:
    made = words(nobody.post("/v1/members", registration()))
    wrong = refused(log_in(nobody, made["email"], "wrong password"), 401, "bad_credentials")
    unknown = refused(log_in(nobody, "nobody@example.com"), 401, "bad_credentials")
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}


def test_an_unknown_address_takes_as_long_as_a_wrong_password(nobody: Caller) -> None:
    addresses = [words(nobody.post("/v1/members", registration()))["email"] for _ in range(6)]
    nowhere = [f"{ids.new('x')}@example.com" for _ in range(6)]

    def seconds(email: str) -> float:
        began = time.perf_counter()
        log_in(nobody, email, "wrong password")
        return time.perf_counter() - began

    known, unknown = [], []
    for _ in range(5):
        for there, not_there in zip(addresses, nowhere, strict=True):
            known.append(seconds(there))
            unknown.append(seconds(not_there))
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.8 < ratio < 1.25


@pytest.mark.parametrize(
    "said",
    [
        {"email": "a@b.jp", "password": {"$ne": None}},
        {"email": {"$gt": ""}, "password": "x"},
        {"email": "a@b.jp", "password": ["x"]},
        {"email": "a@b.jp"},
        {"password": "x"},
        {"email": "a@b.jp", "password": "x" * 1025},
        {"email": "a@b.jp", "password": "x", "roles": ["ops"]},
    ],
)
def test_a_wrong_login_is_422(nobody: Caller, said: dict[str, Any]) -> None:
    assert nobody.post("/v1/sessions", said).status_code == 422


def test_addresses_are_not_taken_from_the_query(nobody: Caller) -> None:
    refused(nobody.post("/v1/sessions?email[$ne]=x"), 422, "invalid_words")


def test_the_eleventh_failure_within_a_minute_is_429(nobody: Caller, db: Db) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    for _ in range(10):
        refused(log_in(nobody, email, "wrong password"), 401, "bad_credentials")
    answered = log_in(nobody, email, "wrong password")
    refused(answered, 429, "too_many_failures")
    assert 0 < int(answered.headers["Retry-After"]) <= 60
    refused(log_in(nobody, email), 429, "too_many_failures")
    assert db["login_failures"].count_documents({}) == 10
    assert email not in repr(list(db["login_failures"].find()))
    minute = timedelta(seconds=61)
    for doc in db["login_failures"].find():
        db["login_failures"].update_one({"_id": doc["_id"]}, {"$set": {"at": doc["at"] - minute}})
    assert log_in(nobody, email).status_code == 201


def test_one_accounts_failures_do_not_lock_another_out(nobody: Caller) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    for _ in range(11):
        log_in(nobody, "other@example.com", "wrong password")
    assert log_in(nobody, email).status_code == 201


def test_successes_are_not_limited(nobody: Caller) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    assert {log_in(nobody, email).status_code for _ in range(15)} == {201}


def test_a_suspended_member_is_403_and_gets_no_token(nobody: Caller, db: Db) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    db["members"].update_one({}, {"$set": {"state": "suspended"}})
    refused(log_in(nobody, email), 403, "member_suspended")
    assert db["sessions"].count_documents({}) == 0


def test_without_a_key_to_sign_with_it_is_503(
    nobody: Caller, app: Flask, db: Db, tmp_path: Any
) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    app.extensions["accounts_signer"] = tokens.Signer(tmp_path, Keys(tmp_path), "ukeoi", "ukeoi")
    refused(log_in(nobody, email), 503, "unavailable")
    assert db["sessions"].count_documents({}) == 0


# refreshing and logging out


def logged_in(nobody: Caller) -> dict[str, Any]:
    return words(log_in(nobody, words(nobody.post("/v1/members", registration()))["email"]))


def refresh(nobody: Caller, token: str) -> TestResponse:
    return nobody.post("/v1/sessions/refresh", {"refresh_token": token})


def test_a_refresh_token_is_replaced_each_time(nobody: Caller, app: Flask, db: Db) -> None:
    token = logged_in(nobody)["refresh_token"]
    seen = {token}
    for _ in range(3):
        answered = refresh(nobody, token)
        assert answered.status_code == 200
        found = words(answered)
        assert Caller(app, found["access_token"]).get("/v1/me").status_code == 200
        token = found["refresh_token"]
        assert token not in seen
        seen.add(token)
    assert db["sessions"].count_documents({}) == 1
    assert not any(token in repr(db["sessions"].find_one()) for token in seen)


def test_a_reused_refresh_token_revokes_its_whole_family_and_no_other(nobody: Caller) -> None:
    mine, other = logged_in(nobody), logged_in(nobody)
    stolen = mine["refresh_token"]
    current = words(refresh(nobody, stolen))["refresh_token"]
    refused(refresh(nobody, stolen), 401, "refresh_token_reused")
    refused(refresh(nobody, current), 401, "bad_refresh_token")
    assert refresh(nobody, other["refresh_token"]).status_code == 200


def test_of_two_refreshes_at_once_one_wins_and_the_family_ends(nobody: Caller) -> None:
    token = logged_in(nobody)["refresh_token"]
    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(lambda _: refresh(nobody, token), range(8)))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1
    assert {a.status_code for a in answers} == {200, 401}
    assert refresh(nobody, words(won[0])["refresh_token"]).status_code == 401


@pytest.mark.parametrize(
    "token", ["x", "ses_1.x", ".", f"{ids.new('ses')}.abc", "\u00e9", "a.b.c", "ses_$ne"]
)
def test_a_made_up_refresh_token_is_401(nobody: Caller, token: str) -> None:
    refused(refresh(nobody, token), 401, "bad_refresh_token")


@pytest.mark.parametrize("said", [{}, {"refresh_token": {"$gt": ""}}, {"refresh_token": ""}])
def test_a_refresh_without_a_token_is_422(nobody: Caller, said: dict[str, Any]) -> None:
    assert nobody.post("/v1/sessions/refresh", said).status_code == 422


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(
    nobody: Caller, app: Flask
) -> None:
    found = logged_in(nobody)
    assert refresh(nobody, found["access_token"]).status_code in (401, 422)
    assert Caller(app, found["refresh_token"]).get("/v1/me").status_code == 401


def test_an_expired_session_is_401(nobody: Caller, db: Db) -> None:
    token = logged_in(nobody)["refresh_token"]
    db["sessions"].update_one({}, {"$set": {"expires_at": NOW - timedelta(days=300)}})
    refused(refresh(nobody, token), 401, "session_expired")


def test_a_suspended_member_refreshes_nothing(nobody: Caller, db: Db) -> None:
    token = logged_in(nobody)["refresh_token"]
    db["members"].update_one({}, {"$set": {"state": "suspended"}})
    refused(refresh(nobody, token), 401, "bad_refresh_token")


def test_logging_out_ends_this_login_and_no_other(nobody: Caller, app: Flask) -> None:
    made = words(nobody.post("/v1/members", registration()))
    here, there = (words(log_in(nobody, made["email"])) for _ in range(2))
    caller = Caller(app, here["access_token"])
    left = caller.send("DELETE", "/v1/sessions")
    assert (left.status_code, left.data) == (204, b"")
    refused(refresh(nobody, here["refresh_token"]), 401, "bad_refresh_token")
    assert refresh(nobody, there["refresh_token"]).status_code == 200
    assert caller.send("DELETE", "/v1/sessions").status_code == 204


def test_who_is_not_logged_in_cannot_log_out(nobody: Caller) -> None:
    refused(nobody.send("DELETE", "/v1/sessions"), 401, "no_token")


# one's own account


def test_a_member_sees_themselves(me: Caller) -> None:
    answered = me.get("/v1/me")
    assert answered.status_code == 200
    assert answered.headers["ETag"] == '"1"'
    assert words(answered)["id"] == me.id
    assert "password" not in answered.data.decode()


def test_me_without_a_token_is_401(nobody: Caller) -> None:
    refused(nobody.get("/v1/me"), 401, "no_token")
    refused(nobody.send("PATCH", "/v1/me", {"bio": "x"}), 401, "no_token")


def test_me_with_a_token_of_nobody_is_404(app: Flask, signer: Signer) -> None:
    stranger = a_caller(app, signer)
    refused(stranger.get("/v1/me"), 404, "no_such_member")
    refused(stranger.send("PATCH", "/v1/me", {}, If_Match="*"), 404, "no_such_member")


def test_a_member_changes_their_profile(me: Caller, nobody: Caller, db: Db) -> None:
    change = {
        "display_name": "新しい名前",
        "bio": "ロゴを描きます。\nLogos.",
        "skills": ["Illustrator", "illustrator", "絵"],
        "categories": ["design.logo"],
        "links": ["https://example.com/?a=1"],
    }
    answered = me.send("PATCH", "/v1/me", change, If_Match='"1"')
    assert (answered.status_code, answered.headers["ETag"]) == (200, '"2"')
    found = words(answered)
    assert {n: found[n] for n in change} == {**change, "skills": ["Illustrator", "絵"]}
    assert words(me.get("/v1/me")) == found
    public = words(nobody.get(f"/v1/members/{me.id}"))
    assert public["bio"] == change["bio"]
    last = db["members"].find_one()["outbox"][-1]  # type: ignore[index]
    assert (last["type"], last["data"]["display_name"]) == ("member.changed", "新しい名前")


def test_a_change_of_what_is_no_more_is_412_and_of_nothing_named_428(me: Caller, db: Db) -> None:
    me.send("PATCH", "/v1/me", {"bio": "first"}, If_Match='"1"')
    refused(me.send("PATCH", "/v1/me", {"bio": "second"}, If_Match='"1"'), 412, "stale_version")
    refused(me.send("PATCH", "/v1/me", {"bio": "second"}), 428, "if_match_required")
    assert db["members"].find_one()["bio"] == "first"  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        {"email": "x@y.jp"},
        {"password": "another password"},
        {"roles": ["ops"]},
        {"state": "active"},
        {"version": 9},
        {"record": {}},
        {"kind": "company"},
        {"display_name": ""},
        {"bio": "x" * 3001},
        {"bio": None},
        {"skills": "x"},
        {"skills": ["x"] * 51},
        {"skills": ["x"] * 10_000},
        {"skills": [""]},
        {"skills": [{"$gt": ""}]},
        {"categories": ["$where"]},
        {"categories": ["a/b"]},
        {"links": ["javascript:alert(1)"]},
        {"links": ["https://a.jp\u202e"]},
    ],
    ids=repr,
)
def test_a_wrong_change_is_422(me: Caller, db: Db, change: dict[str, Any]) -> None:
    before = db["members"].find_one()
    assert me.send("PATCH", "/v1/me", change, If_Match='"1"').status_code == 422
    assert db["members"].find_one() == before


# people


def hear(db: Db, *events: Any) -> None:
    verdicts, _ = engine.handle_many(Store(db, "accounts"), REACTIONS, events, now=NOW)
    assert all(why is None for why in verdicts.values())


def test_a_public_profile_has_record_and_reviews_and_no_address(
    me: Caller, app: Flask, nobody: Caller, db: Db
) -> None:
    client = words(nobody.post("/v1/members", registration(display_name="依頼者")))
    hear(
        db,
        ended("contract.completed", client["id"], me.id),
        revealed(client["id"], me.id, satisfied=True, written_at="2026-12-10T00:00:00.000Z"),
        revealed(client["id"], me.id, satisfied=False, written_at="2026-12-12T00:00:00.000Z"),
    )
    answered = nobody.get(f"/v1/members/{me.id}")
    assert answered.status_code == 200
    found = words(answered)
    assert set(found) == {
        *("id", "display_name", "kind", "bio", "skills", "categories", "links"),
        *("joined_at", "record", "reviews"),
    }
    assert found["record"] == {
        "contracts_completed": 1,
        "contracts_cancelled": 0,
        "reviews": {"satisfied": 1, "unsatisfied": 1},
    }
    assert [r["satisfied"] for r in found["reviews"]] == [False, True]
    assert found["reviews"][1]["reviewer"] == {
        "id": client["id"],
        "display_name": "依頼者",
        "role": "client",
    }
    assert found["reviews"][1]["written_at"] == "2026-12-10T00:00:00.000Z"
    assert b"example.com" not in answered.data


def test_only_the_latest_twenty_reviews_are_shown(me: Caller, nobody: Caller, db: Db) -> None:
    reviews = [
        revealed(ids.new("mem"), me.id, satisfied=True, written_at=f"2026-12-{n:02}T00:00:00Z")
        for n in range(1, 26)
    ]
    hear(db, *reviews)
    found = words(nobody.get(f"/v1/members/{me.id}"))
    shown = [int(review["written_at"][8:10]) for review in found["reviews"]]
    assert shown == list(range(25, 5, -1))
    assert found["record"]["reviews"]["satisfied"] == 25
    assert found["reviews"][0]["reviewer"]["display_name"] is None


@pytest.mark.parametrize("id_", ["1", "me", "mem_x", "%00", ids.new("mem")])
def test_nobody_is_404(nobody: Caller, id_: str) -> None:
    refused(nobody.get(f"/v1/members/{id_}"), 404, "no_such_member")


def test_who_has_left_is_404(me: Caller, nobody: Caller, db: Db) -> None:
    db["members"].update_one({}, {"$set": {"state": "erased"}})
    refused(nobody.get(f"/v1/members/{me.id}"), 404, "no_such_member")


@pytest.fixture
def people(db: Db) -> None:
    ensure_indexes(db, KINDS, SHELVES)
    store = Store(db, "accounts")
    for name, bio, skills, categories, state in [
        ("花子", "会社のロゴを描きます", ["Illustrator", "Photoshop"], ["logo"], "active"),
        ("Ken", "I write English articles", ["SEO writing"], ["article"], "active"),
        ("太郎", "Webサイト制作とロゴ", ["HTML/CSS", "C++"], ["web", "logo"], "active"),
        ("幽霊", "ロゴ", ["Illustrator"], ["logo"], "suspended"),
    ]:
        member = a_member(display_name=name, state=state)
        profile = type(member.profile)(bio=bio, skills=tuple(skills), categories=tuple(categories))
        words_ = {n: getattr(member, n) for n in member.__slots__}
        store.create(MEMBERS, type(member)(**{**words_, "profile": profile}), [], now=NOW)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["太郎", "Ken", "花子"]),
        ({"q": "ロゴ"}, ["太郎", "花子"]),
        ({"q": "ﾛｺﾞ"}, ["太郎", "花子"]),
        ({"q": "ロゴ 描き"}, ["花子"]),
        ({"q": "太郎"}, ["太郎"]),
        ({"q": "ARTICLE"}, ["Ken"]),
        ({"q": "arti"}, ["Ken"]),
        ({"q": "photoshop"}, ["花子"]),
        ({"q": "c++"}, ["太郎"]),
        ({"q": "ゴロ"}, []),
        ({"q": "(a+)+$"}, []),
        ({"q": ".*"}, []),
        ({"q": "e"}, ["太郎", "Ken"]),
        ({"skill": "illustrator"}, ["花子"]),
        ({"skill": "illus"}, []),
        ({"category": "logo"}, ["太郎", "花子"]),
        ({"category": "logo", "q": "web"}, ["太郎"]),
        ({"q": "logo"}, []),
    ],
    ids=repr,
)
def test_people_are_found(nobody: Caller, query: dict[str, str], names: list[str]) -> None:
    answered = nobody.app.test_client().get("/v1/members", query_string=query)
    assert answered.status_code == 200
    assert [item["display_name"] for item in words(answered)["items"]] == names


@pytest.mark.usefixtures("people")
def test_people_are_listed_page_by_page_without_addresses(nobody: Caller) -> None:
    first = nobody.get("/v1/members?limit=2")
    second = nobody.get(f"/v1/members?limit=2&cursor={words(first)['next_cursor']}")
    assert [len(words(page)["items"]) for page in (first, second)] == [2, 1]
    assert words(second)["next_cursor"] is None
    assert b"@" not in first.data + second.data


@pytest.mark.parametrize(
    "query",
    ["q=", "q=%20", "q=" + "x" * 101, "skill=", "limit=0", "cursor=x", "sort=$where", "q=a%00"],
)
def test_a_wrong_search_is_422(nobody: Caller, query: str) -> None:
    assert nobody.get(f"/v1/members?{query}").status_code == 422


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "query", ["", "q=ロゴ", "q=e", "skill=c", "category=logo", "q=a b&skill=c"]
)
def test_no_search_reads_a_whole_collection(nobody: Caller, db: Db, query: str, app: Flask) -> None:
    db.command("profile", 2)
    nobody.get(f"/v1/members?{query}")
    db.command("profile", 0)
    plans = [p["planSummary"] for p in db["system.profile"].find({"ns": f"{db.name}.members"})]
    assert plans
    assert not any("COLLSCAN" in plan for plan in plans), plans


def test_no_other_query_reads_a_whole_collection(nobody: Caller, me: Caller, db: Db) -> None:
    hear(db, revealed(ids.new("mem"), me.id, satisfied=True))
    db.command("profile", 2)
    email = words(nobody.post("/v1/members", registration()))["email"]
    log_in(nobody, email, "wrong password")
    token = words(log_in(nobody, email))["refresh_token"]
    refresh(nobody, token)
    me.get("/v1/me")
    nobody.get(f"/v1/members/{me.id}")
    hear(db, revealed(ids.new("mem"), me.id, satisfied=True))
    db.command("profile", 0)
    for seen in db["system.profile"].find({"planSummary": {"$exists": True}}):
        assert "COLLSCAN" not in seen["planSummary"], seen["command"]


# keys, the operator, the whole


def test_the_public_keys_verify_the_tokens(nobody: Caller) -> None:
    answered = nobody.get("/.well-known/jwks.json")
    assert answered.status_code == 200
    assert answered.headers["Cache-Control"] == "public, max-age=300"
    token = logged_in(nobody)["access_token"]
    kid = jwt.get_unverified_header(token)["kid"]
    [key] = [jwt.PyJWK(k) for k in words(answered)["keys"] if k["kid"] == kid]
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="ukeoi", issuer="ukeoi")
    assert b'"d"' not in answered.data


def test_an_operator_is_made_by_command(
    nobody: Caller, mongo_url: str, db: Db, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    monkeypatch.setattr(settings, "read", lambda: signer.settings(mongo_url, db.name))
    ran = CliRunner().invoke(commands.main, ["make-operator", email.upper()])
    assert ran.exit_code == 0, ran.output
    found = words(log_in(nobody, email))
    assert found["member"]["roles"] == ["ops"]
    claims = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert claims["roles"] == ["ops"]
    assert CliRunner().invoke(commands.main, ["make-operator", "no@b.jp"]).exit_code == 1


def test_it_does_not_start_without_keys_to_sign_with(mongo_url: str, signer: Signer) -> None:
    given = signer.settings(mongo_url, "x")

    with pytest.raises(SystemExit):
        create_app(replace(given, jwt_private_keys=None))


def test_nothing_secret_is_logged(nobody: Caller) -> None:
    with structlog.testing.capture_logs() as lines:
        found = logged_in(nobody)
        log_in(nobody, found["member"]["email"], "canary password")
        refresh(nobody, found["refresh_token"])
        refresh(nobody, found["refresh_token"])
    everything = repr(lines)
    secrets = (PASSWORD, "canary", found["refresh_token"], found["access_token"])
    assert not any(secret in everything for secret in (*secrets, found["member"]["email"]))


def test_its_document_is_valid(nobody: Caller) -> None:
    spec = words(nobody.get("/openapi.json"))
    validate(spec)
    posts = [spec["paths"][path]["post"] for path in ("/v1/members", "/v1/sessions")]
    assert not any("IDEMPOTENCY_KEY" in repr(post) for post in posts)
    assert "429" in posts[1]["responses"]
