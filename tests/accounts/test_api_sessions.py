"""Logging in, refreshing, logging out: each documented status."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask

from services.accounts.usecases import tokens
from shared import ids
from shared.auth import Keys
from shared.store import Db
from tests.accounts.asking import logged_in, refresh, refused, words
from tests.accounts.builders import NOW, log_in, registration
from tests.callers import Caller, Signer

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
        began = time.thread_time()
        log_in(nobody, email, "wrong password")
        return time.thread_time() - began

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
