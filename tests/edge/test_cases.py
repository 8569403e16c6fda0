"""A case from report to appeal, across the services: who has what to do, and who is told what."""

from typing import Any

from services.accounts.domain.member import OPERATOR, make_operator
from services.accounts.records import MEMBERS
from shared import clock
from tests.edge.world import Person, World


def an_operator(world: World) -> Person:
    """Return a member who was made an operator."""
    who = world.member("運営")
    world.services["accounts"].store.change(MEMBERS, who.id, make_operator, now=clock.now())
    return Person(world, who.id, world.signer.token(who.id, OPERATOR))


def to_do(who: Person, case_id: str) -> list[str]:
    """Return what somebody is to do about a case."""
    items = who.sees("/v1/todo")["items"]
    return [one["action"] for one in items if one["href"] == f"/v1/cases/{case_id}"]


def told(who: Person, case_id: str) -> set[str]:
    """Return the titles of what somebody was told of a case."""
    items = who.sees("/v1/notifications")["items"]
    return {one["title"] for one in items if one["href"] == f"/v1/cases/{case_id}"}


def test_operators_have_a_case_to_do_until_one_of_them_has_decided(world: World) -> None:
    first, second = an_operator(world), an_operator(world)
    case_id = world.case()
    assert (to_do(first, case_id), to_do(second, case_id)) == (["decide"], ["decide"])

    decision: dict[str, Any] = {"outcome": "remove", "reason": "外部での支払いを求めました。"}
    first.did(f"/v1/cases/{case_id}/decide", decision)

    assert (to_do(first, case_id), to_do(second, case_id)) == ([], [])
    assert to_do(world.worker, case_id) == ["appeal"]
    seen = world.worker.sees(f"/v1/cases/{case_id}")
    assert (seen["reason"], seen["decided_by"]) == (decision["reason"], None)

    world.worker.did(f"/v1/cases/{case_id}/appeal", {"reason": "誤解です。"})

    assert to_do(world.worker, case_id) == []
    assert (to_do(first, case_id), to_do(second, case_id)) == ([], ["decide_appeal"])
    answer = {"outcome": "restored", "reason": "誤解でした。"}
    second.did(f"/v1/cases/{case_id}/decide-appeal", answer)
    assert to_do(second, case_id) == []
    assert "削除された内容が元に戻りました" in told(world.worker, case_id)


def test_who_is_reported_as_an_operator_is_not_asked_about_themselves(world: World) -> None:
    colleague, about = an_operator(world), an_operator(world)
    words = {"about": about.id, "reason": "harassment"}
    world.stranger.did("/v1/reports", words)
    case = world.db("accounts")["cases"].find_one({"about_id": about.id})
    assert case is not None
    assert to_do(colleague, case["_id"]) == ["decide"]
    assert to_do(about, case["_id"]) == []
    assert about.send("GET", f"/v1/cases/{case['_id']}").status_code == 404
