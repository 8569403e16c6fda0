"""The second factor, personal API tokens and their scopes, the rotation of the keys."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from deploy import keys as pairs
from services.accounts import __main__ as commands
from services.accounts import queries
from services.accounts.app import create_app
from services.accounts.domain import api_token, totp
from services.accounts.domain.member import Totp
from services.accounts.records import API_TOKENS, MEMBERS
from services.jobs.app import create_app as create_jobs
from shared import clock, ids, settings
from shared.errors import Conflict, Forbidden
from shared.settings import Settings
from shared.store import Db
from tests.accounts.asking import refused, words
from tests.accounts.builders import NOW, PASSWORD, a_member, log_in, registration
from tests.callers import Caller, Signer

Operate = Callable[..., Result]


@pytest.fixture
def operate(mongo_url: str, db: Db, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Run a command of accounts on this database."""
    monkeypatch.setattr(settings, "read", lambda: signer.settings(mongo_url, db.name))
    return lambda *words: CliRunner().invoke(commands.main, words)


# The secret of RFC 6238's appendix B, and its last six digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.pure
@pytest.mark.parametrize(("second", "code"), RFC)
def test_the_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert totp.code_at(SECRET, second // 30) == code


@pytest.mark.pure
def test_a_code_fits_a_step_around_and_once() -> None:
    member = a_member(totp=Totp(secret=SECRET, is_on=True))
    step = totp.step_of(NOW)
    for off in (-1, 0, 1):
        used, _ = totp.use(member, now=NOW, code=totp.code_at(SECRET, step + off))
        with pytest.raises(Forbidden):
            totp.use(used, now=NOW, code=totp.code_at(SECRET, step + off))
    for off in (-2, 2):
        with pytest.raises(Forbidden):
            totp.use(member, now=NOW, code=totp.code_at(SECRET, step + off))


@pytest.mark.pure
def test_a_recovery_code_is_spent() -> None:
    kept = Totp(secret=SECRET, is_on=True, recovery=(totp.hash_of("abcd-efgh"),))
    used, _ = totp.use(a_member(totp=kept), now=NOW, code="ABCDEFGH")
    with pytest.raises(Forbidden):
        totp.use(used, now=NOW, code="abcd-efgh")


@pytest.mark.pure
def test_what_is_on_is_not_begun_again_and_what_is_off_takes_no_code() -> None:
    on = a_member(totp=Totp(secret=SECRET, is_on=True))
    for refusing in (
        lambda: totp.begin(on, now=NOW, secret="x"),
        lambda: totp.confirm(on, now=NOW, code="1", recovery=()),
        lambda: totp.confirm(a_member(), now=NOW, code="1", recovery=()),
        lambda: totp.use(a_member(), now=NOW, code="1"),
    ):
        with pytest.raises(Conflict):
            refusing()


@pytest.mark.pure
def test_both_come_back_from_their_documents_the_same() -> None:
    member = a_member(totp=Totp(secret=SECRET, is_on=True, last_step=3, recovery=("a",)))
    assert MEMBERS.from_doc(MEMBERS.to_doc(member)) == member
    token = api_token.make(
        id="pat_1",
        member_id="mem_1",
        name="x",
        scopes=("read",),
        days=1,
        token_hash="h",
        now=NOW,
    )
    assert API_TOKENS.from_doc(API_TOKENS.to_doc(token)) == token
    gone, facts = api_token.revoke(token, now=NOW)
    assert [f.data["session_id"] for f in facts] == ["pat_1"]
    assert api_token.revoke(gone, now=NOW) == (gone, [])


# the second factor


def present(secret: str, off: int = 0) -> str:
    return totp.code_at(secret, totp.step_of(clock.now()) + off)


def switched_on(me: Caller) -> tuple[str, list[str]]:
    begun = me.post("/v1/me/totp", {"current_password": PASSWORD})
    assert begun.status_code == 201
    secret = words(begun)["secret"]
    assert secret in words(begun)["uri"]
    on = me.post("/v1/me/totp/on", {"code": present(secret, -1)})
    assert on.status_code == 200
    return secret, words(on)["recovery_codes"]


def with_code(nobody: Caller, email: str, code: str) -> Any:
    return nobody.post("/v1/sessions", {"email": email, "password": PASSWORD, "code": code})


def test_a_login_asks_for_the_code(nobody: Caller, me: Caller, db: Db) -> None:
    email = words(me.get("/v1/me"))["email"]
    secret, recovery = switched_on(me)
    assert words(me.get("/v1/me"))["second_factor"] is True
    refused(log_in(nobody, email), 401, "code_required")
    refused(log_in(nobody, email, "wrong password"), 401, "bad_credentials")
    refused(with_code(nobody, email, "abcdef"), 401, "bad_code")
    code = present(secret)
    assert with_code(nobody, email, code).status_code == 201
    refused(with_code(nobody, email, code), 401, "bad_code")
    assert with_code(nobody, email, recovery[0]).status_code == 201
    refused(with_code(nobody, email, recovery[0]), 401, "bad_code")
    assert recovery[1] not in repr(db["members"].find_one())
    refused(me.post("/v1/me/totp", {"current_password": PASSWORD}), 409, "totp_on")
    refused(me.post("/v1/me/totp/on", {"code": "123456"}), 409, "totp_on")
    off = {"current_password": PASSWORD, "code": recovery[1]}
    refused(me.post("/v1/me/totp/off", {**off, "code": "000000"}), 403, "wrong_code")
    wrong = {**off, "current_password": "wrong password"}
    refused(me.post("/v1/me/totp/off", wrong), 403, "wrong_password")
    assert me.post("/v1/me/totp/off", off).status_code == 204
    assert log_in(nobody, email).status_code == 201


def test_guessed_codes_are_429(nobody: Caller, me: Caller) -> None:
    email = words(me.get("/v1/me"))["email"]
    switched_on(me)
    for _ in range(10):
        refused(with_code(nobody, email, "abcdef"), 401, "bad_code")
    refused(with_code(nobody, email, "abcdef"), 429, "too_many_failures")


def test_a_second_factor_needs_the_password_and_a_first_code(me: Caller, nobody: Caller) -> None:
    refused(me.post("/v1/me/totp", {"current_password": "x"}), 403, "wrong_password")
    refused(me.post("/v1/me/totp", {}), 422, "invalid_words")
    refused(me.post("/v1/me/totp/on", {"code": "123456"}), 409, "no_totp")
    me.post("/v1/me/totp", {"current_password": PASSWORD})
    refused(me.post("/v1/me/totp/on", {"code": "abcdef"}), 403, "wrong_code")
    assert words(me.get("/v1/me"))["second_factor"] is False
    refused(nobody.post("/v1/me/totp", {}), 401, "no_token")


def test_an_operator_resets_the_factor_of_who_has_lost_it(
    app: Flask, nobody: Caller, me: Caller, db: Db, operate: Operate
) -> None:
    email = words(me.get("/v1/me"))["email"]
    switched_on(me)
    refused(log_in(nobody, email), 401, "code_required")
    assert queries.sessions_of(db, me.id, now=clock.now())
    token = a_token(me, "read")["token"]

    ran = operate("reset-factor", email.upper(), "--reason", "showed a passport")
    assert ran.exit_code == 0, ran.output
    assert queries.sessions_of(db, me.id, now=clock.now()) == []
    refused(nobody.post("/v1/sessions/exchange", {"token": token}), 401, "bad_api_token")
    store = app.extensions["ukeoi_store"]
    said = {f["type"]: f["data"] for f in store.timeline(me.id, "members")}
    assert said["factor.reset"] == {"member_id": me.id, "reason": "showed a passport"}
    assert said["tokens.revoked"]["session_id"] is None
    assert log_in(nobody, email).status_code == 201


def test_a_factor_that_is_not_there_is_not_reset(me: Caller, db: Db, operate: Operate) -> None:
    email = words(me.get("/v1/me"))["email"]
    token = a_token(me, "read")
    before = db["members"].find_one({"_id": me.id})
    assert "no_totp" in operate("reset-factor", email, "--reason", "x").output
    assert operate("reset-factor", "no@b.jp", "--reason", "x").exit_code == 1
    assert operate("reset-factor", email).exit_code == 2
    assert db["members"].find_one({"_id": me.id}) == before
    assert [one["id"] for one in words(me.get("/v1/me/tokens"))["items"]] == [token["id"]]


# personal API tokens


def a_token(me: Caller, *scopes: str, **more: Any) -> dict[str, Any]:
    made = me.post("/v1/me/tokens", {"name": "script", "scopes": list(scopes), **more})
    assert made.status_code == 201
    return words(made)


def a_program(app: Flask, token: str) -> Caller:
    got = Caller(app).post("/v1/sessions/exchange", {"token": token})
    assert got.status_code == 201
    return Caller(app, words(got)["access_token"])


def test_a_program_acts_within_its_scopes(app: Flask, me: Caller, db: Db) -> None:
    made = a_token(me, "read")
    assert made["token"] not in repr(db["api_tokens"].find_one())
    reader = a_program(app, made["token"])
    assert words(reader.get("/v1/me"))["id"] == me.id
    patch = reader.send("PATCH", "/v1/me", {"bio": "x"}, If_Match="*")
    refused(patch, 403, "insufficient_scope")
    writer = a_program(app, a_token(me, "write")["token"])
    assert writer.send("PATCH", "/v1/me", {"bio": "x"}, If_Match="*").status_code == 200
    refused(writer.get("/v1/me"), 403, "insufficient_scope")
    both = a_program(app, a_token(me, "read", "write", "money")["token"])
    for path in ("/v1/sessions", "/v1/me/tokens"):
        refused(both.get(path), 403, "login_required")
    for path, said in (
        ("/v1/me/tokens", {"name": "x", "scopes": ["read"]}),
        ("/v1/me/totp", {"current_password": PASSWORD}),
        ("/v1/me/totp/on", {"code": "123456"}),
        ("/v1/me/totp/off", {"current_password": PASSWORD, "code": "123456"}),
    ):
        refused(both.post(path, said), 403, "login_required")
    refused(both.send("DELETE", f"/v1/me/tokens/{made['id']}"), 403, "login_required")
    refused(both.send("DELETE", "/v1/sessions/ses_" + "0" * 32), 403, "login_required")


def test_money_needs_its_own_scope(app: Flask, me: Caller, signer: Signer, mongo_url: str) -> None:
    from services.escrow.app import create_app as create_escrow

    escrow = create_escrow(signer.settings(mongo_url, app.extensions["ukeoi_store"].db.name))
    said = {"amount": {"amount": 1000, "currency": "JPY"}}
    for scopes, status, code in (
        (("write",), 403, "insufficient_scope"),
        (("write", "money"), 409, "insufficient_funds"),
    ):
        program = Caller(escrow, a_program(app, a_token(me, *scopes)["token"]).token)
        refused(program.post("/v1/payouts", said, key="k"), status, code)
    escrow.extensions["ukeoi_store"].db.client.close()


def test_a_program_is_never_an_operator(app: Flask, me: Caller, db: Db) -> None:
    token = a_token(me, "read")["token"]
    db["members"].update_one({"_id": me.id}, {"$set": {"roles": ["ops"]}})
    refused(a_program(app, token).get("/v1/members/appeals"), 403, "ops_only")


def test_a_token_is_shown_once_listed_and_taken_back(me: Caller, nobody: Caller, db: Db) -> None:
    said = {"name": "script", "scopes": ["read"]}
    first, second = (words(me.post("/v1/me/tokens", said, key="k")) for _ in range(2))
    assert first["id"] == second["id"]
    assert second["token"] is None
    [listed] = words(me.get("/v1/me/tokens"))["items"]
    assert listed == {n: v for n, v in first.items() if n != "token"}
    path = f"/v1/me/tokens/{first['id']}"
    assert me.send("DELETE", path).status_code == 204
    assert me.send("DELETE", path).status_code == 204
    assert words(me.get("/v1/me/tokens"))["items"] == []
    exchanged = nobody.post("/v1/sessions/exchange", {"token": first["token"]})
    refused(exchanged, 401, "bad_api_token")
    [fact] = db["api_tokens"].find_one()["outbox"]  # type: ignore[index]
    assert (fact["type"], fact["data"]["session_id"]) == ("tokens.revoked", first["id"])


def test_a_token_of_somebody_else_is_404(me: Caller, nobody: Caller, app: Flask) -> None:
    found = words(log_in(nobody, words(nobody.post("/v1/members", registration()))["email"]))
    theirs = a_token(Caller(app, found["access_token"]), "read")
    refused(me.send("DELETE", f"/v1/me/tokens/{theirs['id']}"), 404, "no_such_api_token")
    a_program(app, theirs["token"])


def test_a_token_ends_and_a_wrong_one_is_401(me: Caller, nobody: Caller, db: Db) -> None:
    token = a_token(me, "read", days=1)["token"]
    for wrong in ("x", token + "x", "pat_1.x", token.partition(".")[0]):
        refused(nobody.post("/v1/sessions/exchange", {"token": wrong}), 401, "bad_api_token")
    refused(nobody.post("/v1/sessions/exchange", {}), 422, "invalid_words")
    db["members"].update_one({}, {"$set": {"state": "suspended"}})
    refused(nobody.post("/v1/sessions/exchange", {"token": token}), 401, "bad_api_token")
    db["members"].update_one({}, {"$set": {"state": "active"}})
    db["api_tokens"].update_one({}, {"$set": {"expires_at": clock.now()}})
    refused(nobody.post("/v1/sessions/exchange", {"token": token}), 401, "bad_api_token")


@pytest.mark.parametrize(
    "change", [{"scopes": []}, {"scopes": ["ops"]}, {"days": 366}, {"days": 0}, {"name": ""}]
)
def test_a_wrong_token_is_422_and_the_twenty_first_409(
    me: Caller, db: Db, change: dict[str, Any]
) -> None:
    said = {"name": "x", "scopes": ["read"]}
    refused(me.post("/v1/me/tokens", {**said, **change}), 422, "invalid_words")
    assert db["api_tokens"].count_documents({}) == 0
    if "name" in change:
        for _ in range(20):
            a_token(me, "read")
        refused(me.post("/v1/me/tokens", said), 409, "too_many_tokens")


# keys


def test_keys_rotate_while_tokens_are_in_use(
    mongo_url: str, db: Db, tmp_path: Path, signer: Signer
) -> None:
    [old] = pairs.ensure(tmp_path)
    how = Settings(
        mongo_url=mongo_url,
        mongo_db=db.name,
        jwt_public_keys=tmp_path / "public",
        jwt_private_keys=tmp_path / "private",
    )
    accounts, jobs = create_app(how), create_jobs(how)
    nobody = Caller(accounts)
    email = words(nobody.post("/v1/members", registration()))["email"]
    before = words(log_in(nobody, email))["access_token"]
    path = f"/v1/jobs/{ids.new('job')}/proposals"
    assert Caller(jobs, before).get(path).status_code == 404

    _, new = sorted(pairs.ensure(tmp_path, rotate=True), key=lambda kid: kid != old)
    with pytest.raises(pairs.TooEarly):
        pairs.retire(tmp_path, now=pairs.made_at(new) + timedelta(minutes=15))
    # Half a minute later, which no test waits for.
    accounts.extensions["ukeoi_keys"]._read_at = float("-inf")
    accounts.extensions["accounts_signer"]._read_at = float("-inf")
    served = {key["kid"] for key in words(nobody.get("/.well-known/jwks.json"))["keys"]}
    assert served == {old, new}
    after = words(log_in(nobody, email))["access_token"]
    assert jwt.get_unverified_header(before)["kid"] == old
    if max(old, new) == new:
        assert jwt.get_unverified_header(after)["kid"] == new
    # Jobs has not been told: the unknown name lets it read the folder again.
    jobs.extensions["ukeoi_keys"]._read_at -= 2
    for token in (before, after):
        assert Caller(jobs, token).get(path).status_code == 404

    gone = pairs.retire(tmp_path, now=pairs.made_at(new) + timedelta(minutes=18))
    assert len(gone) == 1
    assert pairs.retire(tmp_path, now=clock.now()) == []
    jobs.extensions["ukeoi_keys"]._read_at = float("-inf")
    for token in (before, after):
        retired = jwt.get_unverified_header(token)["kid"] in gone
        assert Caller(jobs, token).get(path).status_code == (401 if retired else 404)
    for app in (accounts, jobs):
        app.extensions["ukeoi_store"].db.client.close()
    shutil.rmtree(tmp_path)
