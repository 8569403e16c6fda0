"""Measures against members: the rules, the routes, and that a token dies everywhere."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from services.accounts.domain import sanction as rules
from services.accounts.domain.member import Member, Sanction
from services.accounts.domain.sanction import Decision
from services.accounts.records import MEMBERS
from shared import ids, sweep
from shared.auth import Caller as Proved
from shared.auth import Unauthenticated
from shared.errors import Conflict, Invalid
from shared.revocations import Revocations
from shared.revoked import REVOKED
from shared.store import Db, Store
from tests.accounts.asking import refresh, refused, words
from tests.accounts.builders import NOW, PASSWORD, a_member, an_event, log_in, registration
from tests.callers import Caller, Signer, a_caller

DECISION = Decision(by="mem_ops", reason="we looked at it")
DAY = timedelta(days=1)


def sanctioned(level: str = "ban", state: str = "in_force", **change: Any) -> Member:
    until = NOW + 30 * DAY if level == "suspend" else None
    one = Sanction(id="snc_1", level=level, reason="spam", by="mem_ops", at=NOW, until=until)
    one = replace(one, state=state, **change)
    if state == "appealed":
        one = replace(one, appeal="no", appealed_at=NOW)
    out = level != "warn" and state in ("in_force", "appealed", "upheld")
    return a_member(sanctions=(one,), state="suspended" if out else "active")


def impose(member: Member, level: str, **more: Any) -> Any:
    return rules.impose(member, now=NOW, id="snc_2", level=level, reason="spam", by="x", **more)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("level", "until", "state"),
    [("warn", None, "active"), ("suspend", NOW + DAY, "suspended"), ("ban", None, "suspended")],
)
def test_the_state_of_a_member_follows_from_the_sanctions(
    level: str, until: Any, state: str
) -> None:
    after, facts = impose(a_member(), level, until=until)
    assert after.state == state
    said = [f.type for f in facts]
    if state == "active":
        assert said == ["sanction.imposed"]
    else:
        assert said == ["sanction.imposed", "member.changed", "tokens.revoked"]
        assert after.sessions_since == NOW


@pytest.mark.pure
@pytest.mark.parametrize(
    ("level", "until"),
    [("warn", NOW + DAY), ("ban", NOW + DAY), ("suspend", None), ("suspend", NOW)],
)
def test_a_suspension_alone_has_a_day_to_come(level: str, until: Any) -> None:
    with pytest.raises(Invalid):
        impose(a_member(), level, until=until)


@pytest.mark.pure
def test_who_has_left_and_who_has_fifty_gets_no_more() -> None:
    with pytest.raises(Conflict):
        impose(a_member(state="erased"), "ban")
    one = sanctioned("warn").sanctions[0]
    with pytest.raises(Conflict):
        impose(a_member(sanctions=(one,) * 50), "ban")


MOVED: dict[str, Any] = {
    "appeal": lambda m: rules.appeal(m, now=NOW, id="snc_1", text="no"),
    "uphold": lambda m: rules.uphold(m, now=NOW, id="snc_1", decision=DECISION),
    "lift": lambda m: rules.lift(m, now=NOW, id="snc_1", decision=DECISION),
}


@pytest.mark.pure
@pytest.mark.parametrize("move", MOVED)
@pytest.mark.parametrize("state", rules.STATES)
@pytest.mark.parametrize("level", rules.LEVELS)
def test_every_move_from_every_state(move: str, state: str, level: str) -> None:
    before = sanctioned(level, state)
    if (to := rules.MOVES[move].get(state)) is None:
        with pytest.raises(Conflict):
            MOVED[move](before)
        return
    after, facts = MOVED[move](before)
    assert after.sanctions[0].state == to
    assert facts[0].type.startswith("sanction.")
    out = level != "warn" and to in ("in_force", "appealed", "upheld")
    assert after.state == ("suspended" if out else "active")


@pytest.mark.pure
def test_of_two_bans_one_lifted_keeps_out() -> None:
    twice, _ = impose(sanctioned("ban"), "ban")
    once, _ = rules.lift(twice, now=NOW, id="snc_1", decision=DECISION)
    assert once.state == "suspended"
    assert rules.lift(once, now=NOW, id="snc_2", decision=DECISION)[0].state == "active"


@pytest.mark.pure
def test_a_suspension_ends_by_itself() -> None:
    before = sanctioned("suspend")
    assert rules.wake_at(before) == NOW + 30 * DAY
    assert rules.on_wake(before, now=NOW + 29 * DAY) == (before, [])
    after, facts = rules.on_wake(before, now=NOW + 30 * DAY)
    assert (after.state, after.sanctions[0].state) == ("active", "ended")
    assert [f.type for f in facts] == ["sanction.ended", "member.changed"]
    assert rules.wake_at(after) is None


@pytest.mark.pure
def test_an_appeal_that_nobody_answers_lifts_the_sanction() -> None:
    before = sanctioned("ban", "appealed")
    assert rules.wake_at(before) == NOW + 7 * DAY
    after, facts = rules.on_wake(before, now=NOW + 7 * DAY)
    assert (after.state, after.sanctions[0].state) == ("active", "lifted")
    assert [f.type for f in facts] == ["sanction.lifted", "member.changed"]


@pytest.mark.pure
def test_a_sanctioned_member_comes_back_the_same() -> None:
    member = sanctioned("suspend", "appealed")
    assert MEMBERS.from_doc(MEMBERS.to_doc(member)) == member


# the routes


@pytest.fixture
def ops(app: Flask, signer: Signer) -> Caller:
    return a_caller(app, signer, "ops")


def ban(ops: Caller, member_id: str, **change: Any) -> Any:
    said = {"level": "ban", "reason": "fraud", **change}
    return ops.post(f"/v1/members/{member_id}/sanctions", said, key=ids.new("key"))


def test_a_banned_member_is_out_until_the_ban_is_lifted(
    nobody: Caller, ops: Caller, db: Db
) -> None:
    made = words(nobody.post("/v1/members", registration()))
    token = words(log_in(nobody, made["email"]))["refresh_token"]
    answered = ban(ops, made["id"])
    assert answered.status_code == 201
    one = words(answered)
    assert (one["level"], one["state"], one["until"]) == ("ban", "in_force", None)
    refused(refresh(nobody, token), 401, "bad_refresh_token")
    assert "fraud" in refused(log_in(nobody, made["email"]), 403, "member_suspended")["detail"]
    path = f"/v1/members/{made['id']}/sanctions/{one['id']}/lift"
    assert words(ops.post(path, {"reason": "a mistake"}))["state"] == "lifted"
    refused(ops.post(path, {"reason": "again"}), 409, "wrong_state")
    fresh = words(log_in(nobody, made["email"]))
    assert [f["type"] for f in db["members"].find_one()["outbox"]][1:] == [  # type: ignore[index]
        "sanction.imposed",
        "member.changed",
        "tokens.revoked",
        "sanction.lifted",
        "member.changed",
    ]
    assert fresh["member"]["state"] == "active"


def test_an_appeal_without_a_token_is_answered_by_an_operator(nobody: Caller, ops: Caller) -> None:
    made = words(nobody.post("/v1/members", registration()))
    said = {"email": made["email"], "password": PASSWORD, "text": "it was my brother"}
    refused(nobody.post("/v1/sessions/appeals", said), 409, "not_suspended")
    one = words(ban(ops, made["id"]))
    wrong = {**said, "password": "wrong password"}
    refused(nobody.post("/v1/sessions/appeals", wrong), 401, "bad_credentials")
    refused(nobody.post("/v1/sessions/appeals", {}), 422, "invalid_words")
    appealed = words(nobody.post("/v1/sessions/appeals", said))
    assert (appealed["state"], appealed["appeal"]) == ("appealed", "it was my brother")
    assert appealed["answer_by"]
    refused(nobody.post("/v1/sessions/appeals", said), 409, "wrong_state")
    assert [a["id"] for a in words(ops.get("/v1/members/appeals"))["items"]] == [one["id"]]
    path = f"/v1/members/{made['id']}/sanctions/{one['id']}/uphold"
    upheld = words(ops.post(path, {"reason": "we looked"}))
    assert (upheld["state"], upheld["decision"]) == ("upheld", "we looked")
    assert words(ops.get("/v1/members/appeals"))["items"] == []
    refused(ops.post(path, {"reason": "again"}), 409, "wrong_state")


def test_guessing_at_the_appeals_is_429(nobody: Caller) -> None:
    said = {"email": "a@b.jp", "password": "wrong password", "text": "x"}
    for _ in range(10):
        refused(nobody.post("/v1/sessions/appeals", said), 401, "bad_credentials")
    refused(nobody.post("/v1/sessions/appeals", said), 429, "too_many_failures")


def test_a_warning_is_seen_and_appealed_by_its_member(me: Caller, ops: Caller) -> None:
    one = words(ban(ops, me.id, level="warn", reason="be kind"))
    [seen] = words(me.get("/v1/me/sanctions"))["items"]
    assert seen == one
    assert words(ops.get(f"/v1/members/{me.id}/sanctions"))["items"] == [one]
    path = f"/v1/me/sanctions/{one['id']}/appeal"
    refused(me.post(path, {}), 422, "invalid_words")
    assert words(me.post(path, {"text": "I was"}))["state"] == "appealed"
    refused(me.post(path, {"text": "I was"}), 409, "wrong_state")
    refused(me.post("/v1/me/sanctions/snc_1/appeal", {"text": "x"}), 404, "no_such_sanction")


def test_only_operators_and_nobody_in_their_own_case(
    app: Flask, me: Caller, signer: Signer, ops: Caller, db: Db
) -> None:
    before = db["members"].find_one()
    at = f"/v1/members/{me.id}/sanctions"
    own = a_caller(app, signer, "ops", id_=me.id)
    for path, said in (
        (at, {"level": "warn", "reason": "x"}),
        (f"{at}/snc_1/lift", {"reason": "x"}),
        (f"{at}/snc_1/uphold", {"reason": "x"}),
    ):
        refused(me.post(path, said), 403, "ops_only")
        refused(own.post(path, said), 403, "own_case")
    refused(me.get(at), 403, "ops_only")
    refused(me.get("/v1/members/appeals"), 403, "ops_only")
    refused(ops.post(f"{at}/snc_1/lift", {"reason": "x"}), 404, "no_such_sanction")
    refused(ops.post(f"{at}/snc_1/uphold", {"reason": "x"}), 404, "no_such_sanction")
    refused(ban(ops, ids.new("mem")), 404, "no_such_member")
    refused(ops.get(f"/v1/members/{ids.new('mem')}/sanctions"), 404, "no_such_member")
    refused(ops.get("/v1/me/sanctions"), 404, "no_such_member")
    assert db["members"].find_one() == before


@pytest.mark.parametrize(
    "change",
    [
        {"level": "kill"},
        {"reason": ""},
        {"until": "2030-01-01T00:00:00Z"},
        {"level": "suspend"},
        {"level": "suspend", "until": "2020-01-01T00:00:00Z"},
        {"state": "lifted"},
    ],
    ids=repr,
)
def test_a_wrong_sanction_is_422(me: Caller, ops: Caller, db: Db, change: dict[str, Any]) -> None:
    before = db["members"].find_one()
    assert ban(ops, me.id, **change).status_code == 422
    assert db["members"].find_one() == before


def test_the_same_request_sanctions_once(me: Caller, ops: Caller) -> None:
    said = {"level": "warn", "reason": "x"}
    path = f"/v1/members/{me.id}/sanctions"
    first, second = (words(ops.post(path, said, key="k")) for _ in range(2))
    assert first == second
    assert len(words(me.get("/v1/me/sanctions"))["items"]) == 1


def test_the_worker_ends_a_suspension(db: Db, app: Flask) -> None:
    store = Store(db, "accounts")
    member = sanctioned("suspend")
    store.create(MEMBERS, member, [], now=NOW)
    sweep.timers(store, [MEMBERS], NOW + 31 * DAY)
    assert store.get(MEMBERS, member.id).state == "active"


# revoked tokens


def test_a_token_from_before_is_refused_and_a_later_one_is_good(db: Db) -> None:
    member_id, session = ids.new("mem"), ids.new("ses")
    at = int(NOW.timestamp())
    store = Store(db, "jobs")
    for who in (None, session):
        said = {
            "member_id": ids.new("mem") if who else member_id,
            "session_id": who,
            "before": "2026-12-01T03:00:00.500Z",
        }
        event = an_event("tokens.revoked", who or member_id, said)
        store.project(REVOKED.collection, REVOKED.doc(event) or {})
    revoked = Revocations(db)
    for caller in (Proved(member_id, issued_at=at), Proved(ids.new("mem"), (), session, at - 5)):
        with pytest.raises(Unauthenticated):
            revoked.refuse(caller, now=NOW)
    revoked.refuse(Proved(member_id, issued_at=at + 1), now=NOW)
    revoked.refuse(Proved(ids.new("mem"), issued_at=at), now=NOW)


def test_a_login_right_after_a_revocation_gives_a_good_token(
    nobody: Caller, app: Flask, db: Db, me: Caller
) -> None:
    email = words(me.get("/v1/me"))["email"]
    said = {"current_password": PASSWORD, "password": "an entirely other password"}
    assert me.send("PUT", "/v1/me/password", said).status_code == 204
    fresh = words(log_in(nobody, email, "an entirely other password"))["access_token"]
    fact = db["members"].find_one()["outbox"][-1]  # type: ignore[index]
    event = an_event("tokens.revoked", me.id, fact["data"])
    Store(db, "accounts").project(REVOKED.collection, REVOKED.doc(event) or {})
    app.extensions["ukeoi_revocations"]._read_at = float("-inf")
    refused(me.get("/v1/me"), 401, "token_revoked")
    assert Caller(app, fresh).get("/v1/me").status_code == 200
