"""Registering, one's own account, the operator, the document: each documented status."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest
import structlog
from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import validate

from services.accounts import __main__ as commands
from services.accounts.app import create_app
from shared import ids, settings
from shared.store import Db
from tests.accounts.asking import logged_in, refresh, refused, words
from tests.accounts.builders import PASSWORD, log_in, registration
from tests.callers import Caller, Signer, a_caller

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
    ids=lambda change: repr(change)[:40],
)
def test_a_wrong_change_is_422(me: Caller, db: Db, change: dict[str, Any]) -> None:
    before = db["members"].find_one()
    assert me.send("PATCH", "/v1/me", change, If_Match='"1"').status_code == 422
    assert db["members"].find_one() == before


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
