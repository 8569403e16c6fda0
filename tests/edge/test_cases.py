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


def read(who: Person, offer: str) -> list[str]:
    """Return the texts that somebody reads about an offer."""
    return [one["text"] for one in who.sees(f"/v1/offers/{offer}/messages")["items"]]


def test_what_operators_decide_of_a_message_is_what_the_other_side_reads(world: World) -> None:
    offer = world.offer()
    case_id = world.case("removed", offer)
    [text] = read(world.worker, offer)
    assert text not in read(world.client, offer)

    world.worker.did(f"/v1/cases/{case_id}/appeal", {"reason": "誤解です。"})
    answer = {"outcome": "restored", "reason": "誤解でした。"}
    an_operator(world).did(f"/v1/cases/{case_id}/decide-appeal", answer)

    assert read(world.client, offer) == [text]


def test_what_is_reported_is_known_by_its_keeper_s_answer_and_removed_by_a_decision(
    world: World,
) -> None:
    offer = world.offer()
    path = f"/v1/offers/{offer}/messages"
    message = world.worker.did(path, {"text": "あなたは馬鹿ですか。"})["id"]
    words = {"about": message, "reason": "harassment", "words": "失礼です。"}
    world.client.did("/v1/reports", words)
    case = world.db("accounts")["cases"].find_one({"about_id": message})
    assert case is not None
    assert (case["author_id"], case["words"]) == (world.worker.id, "あなたは馬鹿ですか。")
    assert world.worker.send("GET", f"/v1/cases/{case['_id']}").status_code == 404

    decision = {"outcome": "remove", "reason": "侮辱です。"}
    world.operator.did(f"/v1/cases/{case['_id']}/decide", decision)

    assert "あなたは馬鹿ですか。" not in read(world.client, offer)
    assert to_do(world.worker, case["_id"]) == ["appeal"]
    [mine] = [one for one in world.client.sees("/v1/reports")["items"] if one["about"] == message]
    assert mine["outcome"] == "acted"


def test_a_report_of_one_s_own_message_comes_to_nothing(world: World) -> None:
    path = f"/v1/offers/{world.offer()}/messages"
    message = world.worker.did(path, {"text": "よろしくお願いします。"})["id"]
    world.worker.did("/v1/reports", {"about": message, "reason": "spam"})
    [mine] = [one for one in world.worker.sees("/v1/reports")["items"] if one["about"] == message]
    assert (mine["state"], mine["outcome"]) == ("answered", "not_acted")
