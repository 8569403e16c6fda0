"""The routes of contracts and milestones: every status each of them names, and who may what."""

from typing import Any

import pytest
from flask import Flask

from shared import clock, ids
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts.saying import (
    completed,
    delivered,
    formed,
    funded,
    hear,
    in_days,
    nothing_changes,
    of_hold,
    yen,
)
from tests.racers import at_once


def refused(answer: Any, status: int, code: str | None = None) -> None:
    assert answer.status_code == status, answer.json
    assert answer.content_type == "application/problem+json"
    if code:
        assert answer.json["code"] == code


def milestone(caller: Caller, path: str, n: int = 1) -> Any:
    return caller.get(path).json["milestones"][n - 1]


def test_every_route_that_is_not_public_needs_a_token(app: Flask) -> None:
    nobody, public = Caller(app), {"/v1/contracts/disputes/statistics"}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/") and rule.rule not in public:
            path = rule.rule.replace("<int:n>", "1").replace("<id_>", "x").replace("<ask_id>", "x")
            for method in rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}:
                assert nobody.send(method, path).status_code == 401, (method, path)


# reading


def test_a_contract_is_seen_by_its_two_parties_alone(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = formed(client, worker, 40_000, 35_000)

    for caller in (client, worker):
        answer = caller.get(path)
        assert answer.status_code == 200
        assert answer.headers["ETag"] == '"1"'
        said = answer.json
        assert (said["state"], said["amount"]) == ("awaiting_funding", yen(75_000))
        assert [m["amount"]["amount"] for m in said["milestones"]] == [40_000, 35_000]
        assert said["next"]["actor"] == "client"
        assert said["next"]["otherwise"] == "cancelled"
    refused(stranger.get(path), 404, "no_such_contract")
    refused(client.get(f"/v1/contracts/{ids.new('con')}"), 404, "no_such_contract")
    refused(client.get("/v1/contracts/x"), 404)


def test_the_actions_of_a_contract_tell_each_side_what_it_may(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = delivered(store, client, worker)

    def allowed(caller: Caller) -> set[str]:
        return {a["name"] for a in milestone(caller, path)["actions"] if a["allowed"]}

    assert allowed(worker) == {"recall"}
    assert allowed(client) == {"accept", "request_changes"}
    by_name = {a["name"]: a for a in milestone(client, path)["actions"]}
    assert by_name["deliver"]["reasons"] == ["not_the_worker"]


@pytest.mark.parametrize("state", ["formed", "funded", "delivered", "completed"])
def test_what_an_action_says_is_what_doing_it_answers(
    store: Store, client: Caller, worker: Caller, state: str
) -> None:
    make: dict[str, Any] = {
        "formed": lambda: formed(client, worker),
        "funded": lambda: funded(store, client, worker),
        "delivered": lambda: delivered(store, client, worker),
        "completed": lambda: completed(store, client, worker),
    }
    words = {"deliver": {"note": "x"}, "request_changes": {"note": "x"}}
    for caller in (client, worker):
        for n in range(len(milestone(caller, make[state]())["actions"])):
            action = milestone(caller, make[state]())["actions"][n]
            answer = caller.post(action["href"], words.get(action["name"]))
            assert (answer.status_code < 300) == action["allowed"], (state, action)
            assert action["allowed"] or answer.json["code"] in action["reasons"]


def test_lists_hold_ones_own_contracts_by_role_and_state(
    store: Store, client: Caller, worker: Caller, stranger: Caller
) -> None:
    first = formed(client, worker)
    second = funded(store, client, worker)
    mine = formed(worker, client)

    def listed(caller: Caller, query: str = "") -> list[str]:
        items = caller.get(f"/v1/contracts{query}").json["items"]
        return [f"/v1/contracts/{it['id']}" for it in items]

    assert listed(client) == [mine, second, first]
    assert listed(client, "?role=client") == [second, first]
    assert listed(client, "?role=worker") == [mine]
    assert listed(worker, "?role=worker&state=active") == [second]
    assert listed(stranger) == []


@pytest.mark.parametrize(
    "query",
    ["?role=boss", "?state=x", "?limit=0", "?limit=101", "?cursor=x", "?x=1", "?role[$gt]="],
)
def test_filters_that_are_none_are_refused(client: Caller, query: str) -> None:
    refused(client.get(f"/v1/contracts{query}"), 422)


def test_pages_of_a_list_together_are_the_whole(client: Caller, worker: Caller) -> None:
    paths = [formed(client, worker) for _ in range(5)]
    found, query = [], "?limit=2"
    while query:
        page = worker.get(f"/v1/contracts{query}").json
        found += [f"/v1/contracts/{it['id']}" for it in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert found == paths[::-1]


# delivering


def test_work_is_delivered_and_waits_for_the_client(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = funded(store, client, worker, review_days=5)
    words = {"note": "完成しました。", "links": ["https://example.com/a"]}

    answer = worker.post(f"{path}/milestones/1/deliver", words)

    assert answer.status_code == 200
    assert answer.json["state"] == "active"
    it = milestone(client, path)
    assert (it["state"], it["delivery"]["links"]) == ("delivered", words["links"])
    assert (it["next"]["actor"], it["next"]["otherwise"]) == ("client", "accepted")
    assert in_days(4.99) < it["next"]["by"] < in_days(5.01)
    fact = store.timeline(answer.json["id"], "contracts")[-1]
    assert (fact["type"], fact["actor"]) == ("delivery.submitted", worker.id)


def test_a_delivery_that_is_refused_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    unfunded, path = formed(client, worker), funded(store, client, worker, 1_000, 2_000)
    words = {"note": "x"}
    with nothing_changes(db):
        refused(worker.post(f"{unfunded}/milestones/1/deliver", words), 409, "not_funded")
        refused(worker.post(f"{path}/milestones/2/deliver", words), 409, "not_funded")
        refused(client.post(f"{path}/milestones/1/deliver", words), 403, "not_the_worker")
        refused(stranger.post(f"{path}/milestones/1/deliver", words), 404)
        for n in ("0", "3", "-1", "x", "99999999999999999999"):
            refused(worker.post(f"{path}/milestones/{n}/deliver", words), 404)
        for bad in (
            {},
            {"note": ""},
            {"note": "x" * 5001},
            {"note": "a\x00b"},
            {"note": {"$gt": ""}},
            {"note": "x", "state": "paid"},
            {"note": "x", "links": ["javascript:alert(1)"]},
            {"note": "x", "links": ["https://example.com"] * 11},
        ):
            refused(worker.post(f"{path}/milestones/1/deliver", bad), 422)


def test_the_same_delivery_eight_times_at_once_is_one(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = funded(store, client, worker)

    answers = at_once(
        8, lambda _: worker.post(f"{path}/milestones/1/deliver", {"note": "x"}, key="k")
    )

    assert [a.status_code for a in answers] == [200] * 8
    replayed = [a.headers.get("Idempotency-Replayed") for a in answers]
    assert sorted(replayed, key=str) == [None] + ["true"] * 7
    said = [f["type"] for f in store.timeline(client.get(path).json["id"], "contracts")]
    assert said.count("delivery.submitted") == 1


def test_a_key_with_other_words_is_refused_and_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = funded(store, client, worker)
    worker.post(f"{path}/milestones/1/deliver", {"note": "x"}, key="k")
    with nothing_changes(db):
        answer = worker.post(f"{path}/milestones/1/deliver", {"note": "y"}, key="k")
        refused(answer, 422, "idempotency_key_reused")


def test_a_delivery_may_be_taken_back_before_it_is_answered(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = delivered(store, client, worker)
    with nothing_changes(db):
        refused(client.post(f"{path}/milestones/1/recall"), 403, "not_the_worker")
        refused(stranger.post(f"{path}/milestones/1/recall"), 404)
        refused(worker.post(f"{path}/milestones/1/recall", {"x": 1}), 422)
    assert worker.post(f"{path}/milestones/1/recall").status_code == 200
    assert (milestone(client, path)["state"], milestone(client, path)["delivery"]) == (
        *("funded", None),
    )
    with nothing_changes(db):
        refused(worker.post(f"{path}/milestones/1/recall"), 409, "wrong_state")


def test_changes_are_asked_for_within_the_rounds_that_were_agreed(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = delivered(store, client, worker, revisions=1)
    words = {"note": "色を変えてください。"}
    with nothing_changes(db):
        refused(worker.post(f"{path}/milestones/1/request-changes", words), 403, "not_the_client")
        refused(stranger.post(f"{path}/milestones/1/request-changes", words), 404)
        refused(client.post(f"{path}/milestones/1/request-changes", {}), 422)

    assert client.post(f"{path}/milestones/1/request-changes", words).status_code == 200
    it = milestone(worker, path)
    assert (it["state"], it["rounds"], it["changes_note"]) == (
        *("changes_requested", 1, words["note"]),
    )
    with nothing_changes(db):
        answer = client.post(f"{path}/milestones/1/request-changes", words)
        refused(answer, 409, "wrong_state")
    worker.post(f"{path}/milestones/1/deliver", {"note": "x"})
    with nothing_changes(db):
        answer = client.post(f"{path}/milestones/1/request-changes", words)
        refused(answer, 409, "no_rounds_left")


def test_an_accepted_delivery_waits_for_escrow_and_then_is_paid(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = delivered(store, client, worker)

    assert client.post(f"{path}/milestones/1/accept").status_code == 200

    it = milestone(worker, path)
    assert (it["state"], it["next"]["actor"]) == ("accepted", "system")
    hear(store, of_hold("escrow.released", client.get(path).json))
    said = worker.get(path).json
    assert (said["state"], said["next"]) == ("completed", None)
    assert said["milestones"][0]["released"] == yen(75_000)


def test_a_part_is_accepted_only_with_its_reason(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = delivered(store, client, worker)
    part = {"amount": yen(50_000), "reason": "二案だけでした。"}
    with nothing_changes(db):
        refused(worker.post(f"{path}/milestones/1/accept", part), 403, "not_the_client")
        refused(stranger.post(f"{path}/milestones/1/accept", part), 404)
        for words, code in (
            ({"amount": yen(50_000)}, "reason_required"),
            ({"amount": yen(75_001), "reason": "x"}, "above_amount"),
            ({"amount": yen(50_000, "USD"), "reason": "x"}, "currency_mismatch"),
            ({"amount": yen(0), "reason": "x"}, "invalid_words"),
            ({"amount": yen(-1), "reason": "x"}, "invalid_words"),
            ({"amount": {"amount": 1.5, "currency": "JPY"}, "reason": "x"}, "invalid_words"),
            ({"amount": 50_000, "reason": "x"}, "invalid_words"),
        ):
            refused(client.post(f"{path}/milestones/1/accept", words), 422, code)

    assert client.post(f"{path}/milestones/1/accept", part).status_code == 200

    fact = store.timeline(client.get(path).json["id"], "contracts")[-1]
    assert (fact["data"]["amount"], fact["data"]["reason"]) == (part["amount"], part["reason"])
    with nothing_changes(db):
        refused(client.post(f"{path}/milestones/1/accept"), 409, "wrong_state")


def test_of_accepting_and_recalling_at_once_one_wins(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = delivered(store, client, worker)
    acts = [(client, "accept"), (worker, "recall")] * 4
    answers = at_once(8, lambda n: acts[n][0].post(f"{path}/milestones/1/{acts[n][1]}"))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 7


def test_the_largest_amount_goes_all_the_way(store: Store, client: Caller, worker: Caller) -> None:
    """Amounts above 2^31 come back from MongoDB as another kind of number."""
    path = funded(store, client, worker, 10**12)
    worker.post(f"{path}/milestones/1/deliver", {"note": "x"})
    client.post(f"{path}/milestones/1/accept")
    hear(store, of_hold("escrow.released", client.get(path).json))
    said = client.get(path).json
    assert (said["state"], said["amount"]) == ("completed", yen(10**12))


# the timeline


def test_a_timeline_shows_what_was_and_what_silence_will_do(
    store: Store, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = delivered(store, client, worker)

    said = worker.get(f"{path}/timeline").json

    past = [(step["what"], step["by"]) for step in said["past"]]
    assert past[0] == ("contract.formed", "worker")
    assert past[-1] == ("delivery.submitted", "worker")
    assert ("milestone.funded", "system") in past
    assert [step["what"] for step in said["future"]][:1] == ["delivery.accepted"]
    assert said["future"][0]["if"] == "the client does not inspect"
    assert [s["at"] for s in said["past"]] == sorted(s["at"] for s in said["past"])
    assert [s["at"] for s in said["future"]] == sorted(s["at"] for s in said["future"])
    refused(stranger.get(f"{path}/timeline"), 404)


# reviews


REVIEW = {"satisfied": True, "comment": "ありがとうございました。"}


def test_reviews_are_seen_when_both_are_written(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = completed(store, client, worker)

    answer = client.post(f"{path}/reviews", REVIEW)

    assert answer.status_code == 201
    assert [r["role"] for r in client.get(path).json["reviews"]] == ["client"]
    assert worker.get(path).json["reviews"] == [], "not before one has written oneself"
    assert worker.post(f"{path}/reviews", {**REVIEW, "satisfied": False}).status_code == 201
    for caller in (client, worker):
        assert [r["role"] for r in caller.get(path).json["reviews"]] == ["client", "worker"]
    said = [f["type"] for f in store.timeline(client.get(path).json["id"], "contracts")]
    assert said[-4:] == ["review.written", "review.written", "review.revealed", "review.revealed"]


def test_nothing_tells_a_party_what_the_other_has_written_before(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = completed(store, client, worker)
    client.post(f"{path}/reviews", {"satisfied": False, "comment": "ひみつのことば"})
    for place in (path, f"{path}/timeline", "/v1/contracts"):
        assert "ひみつのことば" not in worker.get(place).get_data(as_text=True)
    facts = store.timeline(client.get(path).json["id"], "contracts")
    assert "ひみつのことば" not in str(facts)


def test_a_review_that_is_refused_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    running, path = funded(store, client, worker), completed(store, client, worker)
    with nothing_changes(db):
        refused(client.post(f"{running}/reviews", REVIEW), 409, "not_completed")
        refused(stranger.post(f"{path}/reviews", REVIEW), 404)
        for bad in ({}, {"satisfied": 1, "comment": "x"}, {"satisfied": True, "comment": ""}):
            refused(client.post(f"{path}/reviews", bad), 422)
    client.post(f"{path}/reviews", REVIEW)
    with nothing_changes(db):
        refused(client.post(f"{path}/reviews", REVIEW), 409, "already_reviewed")
    long_ago = clock.parse(in_days(-15))
    db["contracts"].update_one({"_id": path.rpartition("/")[2]}, {"$set": {"ended_at": long_ago}})
    with nothing_changes(db):
        refused(worker.post(f"{path}/reviews", REVIEW), 409, "review_closed")


# messages


def test_the_parties_of_a_contract_write_to_each_other(
    store: Store, db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = formed(client, worker)
    for n, caller in enumerate((client, worker, client)):
        answer = caller.post(f"{path}/messages", {"text": f"{n}"}, key="k" + str(n))
        assert answer.status_code == 201
    assert client.post(f"{path}/messages", {"text": "0"}, key="k0").status_code == 201

    said = worker.get(f"{path}/messages").json["items"]

    assert [(m["text"], m["sender_id"]) for m in said] == [
        *(("0", client.id), ("1", worker.id), ("2", client.id)),
    ]
    page = worker.get(f"{path}/messages?limit=2").json
    rest = worker.get(f"{path}/messages?limit=2&cursor={page['next_cursor']}").json
    assert [m["text"] for m in page["items"] + rest["items"]] == ["0", "1", "2"]
    with nothing_changes(db):
        refused(stranger.get(f"{path}/messages"), 404)
        refused(stranger.post(f"{path}/messages", {"text": "x"}), 404)
        refused(client.post(f"/v1/contracts/{ids.new('con')}/messages", {"text": "x"}), 404)
        for bad in ({}, {"text": ""}, {"text": " "}, {"text": "x" * 5001}, {"text": "\u202e"}):
            refused(client.post(f"{path}/messages", bad), 422)
