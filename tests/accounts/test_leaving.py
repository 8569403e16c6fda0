"""Leaving, as far as accounts is concerned: its table, its rounds, its routes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.accounts.domain import leaving, sanction, waking
from services.accounts.domain.leaving import ASKED, GRACE, HEARD, MOVES, WITHIN
from services.accounts.domain.member import ERASED_NAME, STATES, Member
from services.accounts.records import MEMBERS
from shared import clock
from shared.errors import Conflict, Ignored
from shared.events import Event, Fact
from shared.moves import missing_pairs
from shared.store import Db, Store
from tests.accounts.asking import hear, refused, words
from tests.accounts.builders import NOW, PASSWORD, a_member, an_event, log_in, registration
from tests.accounts.test_factors import present, switched_on
from tests.callers import Caller

DAY = timedelta(days=1)


def left(**over: Any) -> Member:
    """Return somebody who has asked to leave at NOW."""
    member, _ = leaving.leave(a_member(**over), now=NOW)
    return member


def said(facts: list[Fact]) -> list[str]:
    return [fact.type for fact in facts]


def answered(
    member: Member, what: str, service: str, *, now: Any = NOW, reasons: tuple[str, ...] = ()
) -> tuple[Member, list[Fact]]:
    """Let a service answer the present round."""
    assert member.leaving is not None
    return leaving.hear(
        member,
        now=now,
        what=what,
        service=service,
        asked_at=clock.text(member.leaving.asked_at),
        round_=member.leaving.round,
        reasons=reasons,
    )


def all_clear(member: Member, *, now: Any) -> tuple[Member, list[Fact]]:
    facts: list[Fact] = []
    for service in ASKED:
        member, facts = answered(member, "cleared", service, now=now)
    return member, facts


@pytest.mark.pure
def test_every_move_and_answer_has_its_row_for_every_state() -> None:
    assert missing_pairs(HEARD, STATES) == []
    for move in ("leave", "stay"):
        for state in STATES:
            member = left() if state == "leaving" else a_member(state=state)
            rule = getattr(leaving, move)
            if state in MOVES[move]:
                assert rule(member, now=NOW)[0].state == MOVES[move][state]
            else:
                with pytest.raises(Conflict):
                    rule(member, now=NOW)


@pytest.mark.pure
def test_who_asks_to_leave_is_asked_about_at_once_and_again() -> None:
    member, facts = leaving.leave(a_member(), now=NOW)
    assert said(facts) == ["member.changed", "member.leaving"]
    assert facts[1].data["until"] == clock.text(NOW + GRACE)
    again, facts = leaving.leave(member, now=NOW + DAY / 2)
    assert said(facts) == ["member.leaving"]
    assert [f.data["round"] for f in facts] == [2]
    assert again.leaving is not None
    assert again.leaving.asked_at == NOW


@pytest.mark.pure
def test_nobody_is_erased_within_the_week_and_everybody_after_it_when_all_have_cleared() -> None:
    member, facts = all_clear(left(), now=NOW)
    assert (member.state, facts) == ("leaving", [])
    for days in range(1, 8):
        at = waking.wake_at(member)
        assert at == NOW + days * DAY
        member, facts = waking.on_wake(member, now=at)
        assert said(facts) == ["member.leaving"]
        assert member.leaving is not None
        assert member.leaving.cleared == ()

    gone, facts = all_clear(member, now=NOW + GRACE)

    assert said(facts) == ["member.changed", "tokens.revoked", "member.erased"]
    assert facts[0].data["email"] == ""
    assert facts[0].data["display_name"] == ERASED_NAME
    assert (gone.state, gone.password_hash) == ("erased", "")
    assert gone.profile == type(gone.profile)()
    at = waking.wake_at(gone)
    assert at == NOW + GRACE + DAY
    last, facts = waking.on_wake(gone, now=at)
    assert (said(facts), waking.wake_at(last)) == (["member.erased"], None)


@pytest.mark.pure
@pytest.mark.parametrize("missing", ASKED)
def test_what_one_service_keeps_keeps_the_member(missing: str) -> None:
    late = NOW + GRACE
    member, _ = leaving.leave(left(), now=late)
    for service in ASKED:
        what = "kept" if service == missing else "cleared"
        reasons = ("x_open",) if what == "kept" else ()
        member, facts = answered(member, what, service, now=late, reasons=reasons)
        assert facts == []
    assert member.leaving is not None
    assert member.leaving.unmet == ((missing, ("x_open",)),)
    assert (leaving.next_step(member) or {})["actor"] == "member"
    assert answered(member, "cleared", missing, now=late)[0].state == "erased"


@pytest.mark.pure
def test_an_answer_to_an_earlier_question_counts_for_nothing() -> None:
    member = left()
    later, _ = leaving.leave(member, now=NOW + GRACE)
    assert member.leaving is not None
    for old in (
        {"asked_at": clock.text(member.leaving.asked_at), "round_": 1},
        {"asked_at": clock.text(NOW - DAY), "round_": 2},
    ):
        with pytest.raises(Ignored):
            leaving.hear(later, now=NOW, what="cleared", service="jobs", **old)
    stays, facts = leaving.stay(later, now=NOW)
    assert said(facts) == ["member.changed", "member.stayed"]
    with pytest.raises(Ignored):
        leaving.hear(
            stays, now=NOW, what="cleared", service="jobs", asked_at=clock.text(NOW), round_=2
        )


@pytest.mark.pure
def test_who_does_not_meet_the_conditions_stays_a_member_at_last() -> None:
    member = left()
    for _ in range(200):
        at = waking.wake_at(member)
        if at is None:
            break
        member, facts = waking.on_wake(member, now=at)
    assert (member.state, member.leaving) == ("active", None)
    assert said(facts) == ["member.changed", "member.stayed"]
    assert facts[1].data["reason"] == "unmet"
    assert at is None
    assert WITHIN > GRACE


@pytest.mark.pure
def test_leaving_rests_while_a_member_is_kept_out_and_goes_on_after_that() -> None:
    until = NOW + 3 * DAY
    words_ = {"id": "snc_1", "reason": "x", "by": "mem_ops"}
    out, _ = sanction.impose(left(), now=NOW, level="suspend", until=until, **words_)
    assert (out.state, waking.wake_at(out)) == ("suspended", until)
    back, facts = waking.on_wake(out, now=until)
    assert back.state == "leaving"
    assert "member.leaving" in said(facts)
    warned, _ = sanction.impose(left(), now=NOW, level="warn", **words_)
    assert warned.state == "leaving"


@pytest.mark.pure
def test_what_operators_wrote_of_somebody_goes_with_them() -> None:
    warned, _ = sanction.impose(
        left(), now=NOW, id="snc_1", level="warn", reason="外部での支払い", by="mem_ops"
    )
    member, _ = leaving.leave(warned, now=NOW + GRACE)
    gone, _ = all_clear(member, now=NOW + GRACE)
    assert [(one.level, one.reason) for one in gone.sanctions] == [("warn", "")]


@pytest.mark.pure
def test_a_member_who_leaves_comes_back_as_they_were_kept() -> None:
    member, _ = answered(left(), "kept", "escrow", reasons=("wallet_not_empty",))
    assert MEMBERS.from_doc({**MEMBERS.to_doc(member), "version": 1}) == member
    assert MEMBERS.to_doc(replace(member, leaving=None))["leaving"] is None


def answer(db: Db, member_id: str, what: str, service: str, **more: Any) -> Event:
    """Return what a service answers to the present round."""
    now = db["members"].find_one({"_id": member_id}, {"leaving": 1})
    assert now is not None
    asked = now["leaving"]
    data = {"member_id": member_id, "asked_at": clock.text(asked["asked_at"])}
    type_ = f"member.{what}_by_{service}"
    return an_event(type_, member_id, {**data, "round": asked["round"], **more})


def test_leaving_is_asked_for_with_the_password_shown_and_taken_back(
    db: Db, me: Caller, nobody: Caller
) -> None:
    refused(me.post("/v1/me/leave", {"current_password": "wrong one 123"}), 403, "wrong_password")
    refused(me.post("/v1/me/stay"), 409, "wrong_state")
    assert words(me.get("/v1/me"))["leaving"] is None

    begun = me.post("/v1/me/leave", {"current_password": PASSWORD})

    assert (begun.status_code, begun.headers["Location"]) == (202, "/v1/me")
    assert words(begun)["state"] == "leaving"
    hear(db, answer(db, me.id, "kept", "escrow", reasons=["wallet_not_empty"]))
    hear(db, answer(db, me.id, "cleared", "jobs"))
    shown = words(me.get("/v1/me"))["leaving"]
    assert shown["unmet"] == [{"service": "escrow", "reasons": ["wallet_not_empty"]}]
    assert shown["cleared"] == ["jobs"]
    assert shown["next"]["action"] == "meet_conditions"
    assert words(nobody.get("/v1/members"))["items"] == []
    assert nobody.get(f"/v1/members/{me.id}").status_code == 200
    stays = me.post("/v1/me/stay")
    assert (stays.status_code, words(stays)["state"]) == (200, "active")
    assert words(stays)["leaving"] is None


def test_who_is_leaving_logs_in_as_before_and_who_is_erased_does_not(
    db: Db, nobody: Caller
) -> None:
    made = registration()
    nobody.post("/v1/members", made)
    session = words(log_in(nobody, made["email"]))
    me = Caller(nobody.app, session["access_token"], session["member"]["id"])
    assert me.post("/v1/me/leave", {"current_password": PASSWORD}).status_code == 202
    assert log_in(nobody, made["email"]).status_code == 201
    store = Store(db, "accounts")
    late = clock.now() + GRACE
    store.change(MEMBERS, me.id, leaving.leave, now=late)
    for service in ASKED:
        event = answer(db, me.id, "cleared", service)
        store.change(
            MEMBERS,
            me.id,
            leaving.hear,
            now=late,
            what="cleared",
            service=service,
            asked_at=event.data["asked_at"],
            round_=event.data["round"],
        )

    refused(log_in(nobody, made["email"]), 401, "bad_credentials")
    assert nobody.get(f"/v1/members/{me.id}").status_code == 404
    assert nobody.post("/v1/members", made).status_code == 201


def test_who_has_a_second_factor_shows_both(me: Caller) -> None:
    secret, _ = switched_on(me)
    only_one = {"current_password": PASSWORD}
    refused(me.post("/v1/me/leave", only_one), 403, "code_required")
    refused(me.post("/v1/me/leave", {**only_one, "code": "000000"}), 403, "wrong_code")
    both = {**only_one, "code": present(secret, 1)}
    assert me.post("/v1/me/leave", both).status_code == 202
