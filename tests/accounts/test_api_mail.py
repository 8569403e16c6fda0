"""Confirming an address and setting another password, with letters from a real mail server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from services.accounts import config
from services.accounts.config import Config
from services.accounts.domain.letter import LIFE
from services.accounts.letters import PATHS, TEXTS
from services.accounts.usecases import letters
from shared import clock, ids
from shared.languages import LANGUAGES
from shared.store import Db, Store
from tests.accounts.asking import hear, refresh, refused, words
from tests.accounts.builders import PASSWORD, an_event, log_in, registration
from tests.accounts.postbox import Postbox, postbox
from tests.callers import Caller

ANOTHER = "an entirely other password"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    with postbox() as box:
        how = Config(smtp_url=box.url, mail_from="Ukeoi <no-reply@ukeoi.example>")
        monkeypatch.setattr(config, "here", lambda: how)
        yield box


def send(db: Db, **later: float) -> int:
    return letters.send_due(Store(db, "accounts"), clock.now() + timedelta(**later))


def age(db: Db, **by: float) -> None:
    """Let the letters be so much older."""
    for doc in db["letters"].find():
        older = {n: doc[n] - timedelta(**by) for n in ("asked_at", "expires_at", "due_at")}
        db["letters"].update_one({"_id": doc["_id"]}, {"$set": older})


def address_of(me: Caller) -> str:
    return str(words(me.get("/v1/me"))["email"])


def ask_reset(nobody: Caller, email: str) -> Any:
    return nobody.post("/v1/password-resets", {"email": email})


def set_password(nobody: Caller, code: str, password: str = ANOTHER) -> Any:
    return nobody.send("PUT", f"/v1/password-resets/{code}", {"password": password})


# confirming


def test_who_registers_gets_a_letter_and_confirms_the_address(
    nobody: Caller, me: Caller, db: Db, box: Postbox
) -> None:
    [fact] = db["members"].find_one()["outbox"]  # type: ignore[index]
    event = an_event("member.registered", me.id, fact["data"])
    hear(db, event)
    hear(db, event)
    assert words(me.get("/v1/me"))["email_verified"] is False
    db["letters"].update_many(
        {}, {"$set": {"due_at": clock.now(), "expires_at": clock.now() + timedelta(days=3)}}
    )
    assert send(db, seconds=1) == 1
    assert send(db, days=1) == 0
    [mail] = box.mails
    [to] = mail["To"].addresses
    assert (to.addr_spec, mail["From"]) == (address_of(me), "Ukeoi <no-reply@ukeoi.example>")
    assert mail["Subject"] == "メールアドレスの確認"
    assert box.code() not in repr(list(db["letters"].find()))
    path = f"/v1/email-verifications/{box.code()}"
    assert nobody.send("PUT", path).status_code == 204
    assert words(me.get("/v1/me"))["email_verified"] is True
    assert db["members"].find_one()["outbox"][-1]["type"] == "member.verified"  # type: ignore[index]
    refused(nobody.send("PUT", path), 404, "no_such_code")
    refused(me.post("/v1/email-verifications"), 409, "already_verified")


def test_a_letter_is_asked_for_again(me: Caller, db: Db, box: Postbox) -> None:
    asked = me.post("/v1/email-verifications", key="k")
    assert asked.status_code == 202
    again = me.post("/v1/email-verifications", key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert send(db) == 1
    assert me.send("PUT", f"/v1/email-verifications/{box.code()}").status_code == 204


def test_asking_without_a_token_is_401_and_for_nobody_404(
    nobody: Caller, me: Caller, db: Db
) -> None:
    refused(nobody.post("/v1/email-verifications"), 401, "no_token")
    db["members"].delete_many({})
    refused(me.post("/v1/email-verifications"), 404, "no_such_member")


def test_a_letter_to_an_address_that_was_changed_confirms_nothing(
    me: Caller, db: Db, box: Postbox
) -> None:
    me.post("/v1/email-verifications")
    send(db)
    db["members"].update_one({}, {"$set": {"email": "other@example.com"}})
    refused(me.send("PUT", f"/v1/email-verifications/{box.code()}"), 404, "no_such_code")
    assert words(me.get("/v1/me"))["email_verified"] is False


# setting another password


def test_a_forgotten_password_is_set_anew_once(nobody: Caller, db: Db, box: Postbox) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    before = words(log_in(nobody, email))["refresh_token"]
    assert ask_reset(nobody, email.upper()).status_code == 202
    assert send(db) == 1
    code = box.code()
    refused(set_password(nobody, code, "password123"), 422, "weak_password")
    assert set_password(nobody, code).status_code == 204
    refused(log_in(nobody, email), 401, "bad_credentials")
    assert log_in(nobody, email, ANOTHER).status_code == 201
    refused(refresh(nobody, before), 401, "bad_refresh_token")
    refused(set_password(nobody, code, "yet another password"), 404, "no_such_code")
    assert log_in(nobody, email, ANOTHER).status_code == 201
    said = [f["type"] for f in db["members"].find_one()["outbox"]]  # type: ignore[index]
    assert said[-3:] == ["password.changed", "tokens.revoked", "member.verified"]


def test_nobody_is_told_who_has_an_account(nobody: Caller, db: Db, box: Postbox) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    known, unknown = ask_reset(nobody, email), ask_reset(nobody, "nobody@example.com")
    assert known.status_code == unknown.status_code == 202
    assert set(words(known)) == set(words(unknown))
    assert send(db) == 1
    assert [mail["To"].addresses[0].addr_spec for mail in box.mails] == [email]


def test_a_code_ends_within_an_hour_and_with_the_next_password(
    nobody: Caller, db: Db, box: Postbox
) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    codes = []
    for _ in range(2):
        ask_reset(nobody, email)
        send(db)
        codes.append(box.code())
    assert set_password(nobody, codes[1]).status_code == 204
    refused(set_password(nobody, codes[0]), 404, "no_such_code")
    ask_reset(nobody, email)
    send(db)
    age(db, minutes=61)
    refused(set_password(nobody, box.code()), 404, "no_such_code")


@pytest.mark.parametrize("code", ["x", "a" * 43, "%00", "$ne"])
def test_a_code_of_nothing_is_404(nobody: Caller, code: str) -> None:
    assert set_password(nobody, code).status_code == 404
    assert nobody.send("PUT", f"/v1/email-verifications/{code}").status_code == 404


def test_a_code_of_one_purpose_is_none_of_the_other(me: Caller, db: Db, box: Postbox) -> None:
    me.post("/v1/email-verifications")
    send(db)
    refused(set_password(me, box.code()), 404, "no_such_code")


@pytest.mark.parametrize("said", [{}, {"email": "taro"}, {"email": ["a@b.jp"]}])
def test_a_wrong_request_for_a_letter_is_422(nobody: Caller, db: Db, said: Any) -> None:
    refused(nobody.post("/v1/password-resets", said), 422, "invalid_words")
    assert db["letters"].count_documents({}) == 0


@pytest.mark.parametrize("known", [True, False])
def test_the_sixth_letter_within_an_hour_is_429(nobody: Caller, db: Db, known: bool) -> None:
    email = f"{ids.new('x')}@example.com"
    if known:
        nobody.post("/v1/members", registration(email=email))
    for _ in range(5):
        assert ask_reset(nobody, email).status_code == 202
    answered = ask_reset(nobody, email)
    refused(answered, 429, "too_many_letters")
    assert 3500 < int(answered.headers["Retry-After"]) <= 3600
    assert ask_reset(nobody, "another@example.com").status_code == 202
    age(db, minutes=61)
    assert ask_reset(nobody, email).status_code == 202


# letters


@pytest.mark.pure
def test_both_languages_have_every_text_of_every_letter_and_no_other() -> None:
    needed = {f"{purpose}.{part}" for purpose in LIFE for part in ("subject", "body", "not_you")}
    for locale in LANGUAGES:
        assert set(TEXTS.names(locale)) == {*needed, "greeting", "open"}
    assert set(PATHS) == set(LIFE)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_letter_is_text_and_html_in_its_reader_s_language(
    nobody: Caller, db: Db, monkeypatch: pytest.MonkeyPatch, box: Postbox, locale: str
) -> None:
    how = replace(config.here(), app_url="https://ukeoi.example/")
    monkeypatch.setattr(config, "here", lambda: how)
    said = registration(locale=locale, display_name="<b>花子</b> & Co.")
    ask_reset(nobody, words(nobody.post("/v1/members", said))["email"])
    assert send(db) == 1
    [mail] = box.mails
    code, link = box.code(), f"https://ukeoi.example/password-resets/{box.code()}"
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Subject"] == TEXTS.message(locale, "reset.subject")
    assert (mail["Content-Language"], mail["Auto-Submitted"]) == (locale, "auto-generated")
    assert mail["To"].addresses[0].display_name == said["display_name"]
    assert mail["Message-ID"].endswith("@ukeoi.example>")
    assert mail["Date"].datetime.utcoffset() == timedelta(0)
    assert not mail.defects
    assert link in box.body("plain")
    assert f'<html lang="{locale}">' in box.body("html")
    assert f'href="{link}"' in box.body("html")
    assert f"<code>{code}</code>" in box.body("html")
    assert "&lt;b&gt;花子" in box.body("html")
    for kind in ("plain", "html"):
        assert TEXTS.message(locale, "reset.body") in box.body(kind)


# sending


def test_a_letter_that_was_refused_is_sent_later_with_another_code(
    nobody: Caller, db: Db, box: Postbox
) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    ask_reset(nobody, email)
    box.refuses = True
    assert send(db) == 0
    assert send(db, seconds=30) == 0
    box.refuses = False
    assert send(db, seconds=61) == 1
    assert len(db["letters"].find_one()["hashes"]) == 2  # type: ignore[index]
    assert set_password(nobody, box.code()).status_code == 204


def test_a_letter_that_cannot_be_sent_is_given_up(nobody: Caller, db: Db, box: Postbox) -> None:
    ask_reset(nobody, words(nobody.post("/v1/members", registration()))["email"])
    box.refuses = True
    send(db)
    assert send(db, hours=2) == 0
    assert db["letters"].find_one()["state"] == "failed"  # type: ignore[index]


def test_without_a_mail_server_letters_wait(
    nobody: Caller, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "here", Config)
    ask_reset(nobody, words(nobody.post("/v1/members", registration()))["email"])
    letters.sweep(Store(db, "accounts"), clock.now())
    assert db["letters"].find_one()["state"] == "wanted"  # type: ignore[index]


def test_two_workers_send_a_letter_once(nobody: Caller, db: Db, box: Postbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ask_reset(nobody, words(nobody.post("/v1/members", registration()))["email"])
    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(lambda _: send(db), range(4))) == 1
    assert len(box.mails) == 1


# sessions and the password


def test_sessions_are_listed_and_ended(app: Flask, nobody: Caller) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    said = {"email": email, "password": PASSWORD}
    logins = [words(nobody.post("/v1/sessions", said, User_Agent=f"Browser {n}")) for n in range(2)]
    me = Caller(app, logins[1]["access_token"])
    items = words(me.get("/v1/sessions"))["items"]
    assert [(one["agent"], one["present"]) for one in items] == [
        ("Browser 1", True),
        ("Browser 0", False),
    ]
    path = f"/v1/sessions/{items[1]['id']}"
    assert me.send("DELETE", path).status_code == 204
    assert me.send("DELETE", path).status_code == 204
    refused(refresh(nobody, logins[0]["refresh_token"]), 401, "bad_refresh_token")
    assert [one["agent"] for one in words(me.get("/v1/sessions"))["items"]] == ["Browser 1"]


def test_a_session_of_somebody_else_is_404(nobody: Caller, me: Caller, db: Db) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    token = words(log_in(nobody, email))["refresh_token"]
    theirs = token.partition(".")[0]
    refused(me.send("DELETE", f"/v1/sessions/{theirs}"), 404, "no_such_session")
    refused(me.send("DELETE", "/v1/sessions/ses_1"), 404, "no_such_path")
    refused(nobody.send("DELETE", f"/v1/sessions/{theirs}"), 401, "no_token")
    refused(nobody.get("/v1/sessions"), 401, "no_token")
    assert refresh(nobody, token).status_code == 200


def change(me: Caller, current: str, password: str) -> Any:
    said = {"current_password": current, "password": password}
    return me.send("PUT", "/v1/me/password", said)


def test_a_password_is_changed_by_who_knows_it_and_every_session_ends(
    nobody: Caller, me: Caller
) -> None:
    email = address_of(me)
    before = words(log_in(nobody, email))["refresh_token"]
    refused(change(me, "not the password", ANOTHER), 403, "wrong_password")
    refused(change(me, PASSWORD, "password123"), 422, "weak_password")
    refused(nobody.send("PUT", "/v1/me/password", {}), 401, "no_token")
    assert log_in(nobody, email).status_code == 201
    assert change(me, PASSWORD, ANOTHER).status_code == 204
    refused(refresh(nobody, before), 401, "bad_refresh_token")
    assert words(me.get("/v1/sessions"))["items"] == []
    assert log_in(nobody, email, ANOTHER).status_code == 201


def test_guessing_the_present_password_is_429(me: Caller) -> None:
    for _ in range(10):
        refused(change(me, "not the password", ANOTHER), 403, "wrong_password")
    refused(change(me, PASSWORD, ANOTHER), 429, "too_many_failures")


def test_a_hash_of_another_cost_is_made_anew_at_login(nobody: Caller, db: Db) -> None:
    from argon2 import PasswordHasher

    email = words(nobody.post("/v1/members", registration()))["email"]
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    db["members"].update_one({}, {"$set": {"password_hash": weak}})
    assert log_in(nobody, email, "wrong password").status_code == 401
    assert db["members"].find_one()["password_hash"] == weak  # type: ignore[index]
    assert log_in(nobody, email).status_code == 201
    assert "m=19456,t=2,p=1" in db["members"].find_one()["password_hash"]  # type: ignore[index]
    assert log_in(nobody, email).status_code == 201
