"""The routes of offers: sent, answered, listed, talked about."""

import contextlib
from typing import Any

import pytest

from services.contracts import queries
from shared import ids
from shared.errors import Unknown
from shared.paging import Cursor, Page
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts.saying import formed, in_days, nothing_changes, offer_words, sent, yen
from tests.racers import at_once
from tests.spying import scans, spied


def refused(answer: Any, status: int, code: str | None = None) -> None:
    assert answer.status_code == status, answer.json
    if code:
        assert answer.json["code"] == code


def test_an_offer_is_sent_to_one_person(
    store: Store, client: Caller, worker: Caller, stranger: Caller
) -> None:
    words = offer_words(worker, 40_000, 35_000)

    answer = client.post("/v1/offers", words)

    assert answer.status_code == 201
    said = answer.json
    assert answer.headers["Location"] == f"/v1/offers/{said['id']}"
    assert (said["state"], said["client_id"], said["worker_id"]) == ("sent", client.id, worker.id)
    assert said["milestones"] == words["milestones"]
    assert (said["review_days"], said["revisions"]) == (14, 2)
    assert said["next"] == {
        "actor": "worker",
        "action": "answer",
        "by": said["answer_by"],
        "otherwise": "expired",
    }
    for caller in (client, worker):
        assert caller.get(answer.headers["Location"]).json["id"] == said["id"]
    refused(stranger.get(answer.headers["Location"]), 404, "no_such_offer")
    assert [f["type"] for f in store.timeline(said["id"], "offers")] == ["offer.sent"]


def test_the_same_offer_eight_times_at_once_is_one(client: Caller, worker: Caller) -> None:
    words = offer_words(worker)

    answers = at_once(8, lambda _: client.post("/v1/offers", words, key="k"))

    assert [a.status_code for a in answers] == [201] * 8
    assert len({a.headers["Location"] for a in answers}) == 1
    assert len(worker.get("/v1/offers").json["items"]) == 1
    refused(client.post("/v1/offers", {**words, "title": "x"}, key="k"), 422)


def test_an_offer_to_somebody_who_cannot_take_it_is_refused(
    db: Db, client: Caller, worker: Caller
) -> None:
    with nothing_changes(db):
        nobody = offer_words(worker, worker_id=ids.new("mem"))
        refused(client.post("/v1/offers", nobody), 404, "no_such_member")
        refused(client.post("/v1/offers", offer_words(client)), 422, "own_offer")
    for state, status, code in (
        ("suspended", 409, "member_suspended"),
        ("erased", 404, "no_such_member"),
    ):
        db["members"].update_one({"_id": worker.id}, {"$set": {"state": state}})
        with nothing_changes(db):
            refused(client.post("/v1/offers", offer_words(worker)), status, code)


def test_the_amounts_of_the_milestones_sum_to_the_amount(
    db: Db, client: Caller, worker: Caller
) -> None:
    words = offer_words(worker, 40_000, 35_000)
    with nothing_changes(db):
        refused(client.post("/v1/offers", {**words, "amount": yen(75_001)}), 422, "milestones_sum")
        dollars = [{**m, "amount": yen(1, "USD")} for m in words["milestones"]]
        refused(client.post("/v1/offers", {**words, "milestones": dollars}), 422)


WRONG: dict[str, list[Any]] = {
    "amount": [
        *(yen(n) for n in (0, -1, 10**12 + 1)),
        *({"amount": a, "currency": "JPY"} for a in (1.0, "1", True, None)),
        *(yen(1, "XXX"), {"amount": 1}, {**yen(1), "x": 1}, 1, "1", None, [], {}),
    ],
    "deliver_by": [
        *("2020-01-01T00:00:00Z", "2026-12-07T00:00:00", "9999-01-01T00:00:00Z", "x", 5, None)
    ],
    "title": ["", " ", "x" * 201, "a\nb", "a\x00b", "\ud800", "\u202ea", 5, None, {"$gt": ""}],
    "scope": ["", "x" * 20_001, [], None],
    "worker_id": ["", "mem_1", "off_" + "a" * 32, {"$gt": ""}, None, 5],
    "review_days": [0, 2, 31, "5", 5.0, None],
    "revisions": [-1, 21, "2"],
    "milestones": [[{"title": "x"}], {}],
    **{name: ["x"] for name in ("state", "id", "version", "client_id", "$where", "a.b")},
}
BAD = [{name: value} for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: str(bad)[:60])
def test_wrong_words_are_refused_and_keep_nothing(
    db: Db, client: Caller, worker: Caller, bad: dict[str, Any]
) -> None:
    with nothing_changes(db):
        refused(client.post("/v1/offers", {**offer_words(worker), **bad}), 422)


def test_51_milestones_are_too_many(db: Db, client: Caller, worker: Caller) -> None:
    with nothing_changes(db):
        refused(client.post("/v1/offers", offer_words(worker, *[1] * 51)), 422)


# accepting


def test_an_accepted_offer_answers_the_contract(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker, 40_000, 35_000)

    answer = worker.post(f"{path}/accept", key="k")

    assert answer.status_code == 201
    said = answer.json
    assert said["id"].startswith("con_")
    assert answer.headers["Location"] == f"/v1/contracts/{said['id']}"
    assert client.get(answer.headers["Location"]).json["id"] == said["id"]
    it = client.get(path).json
    assert (it["state"], it["contract_id"], it["next"]) == ("accepted", said["id"], None)
    assert len({m["hold_id"] for m in said["milestones"]}) == 2
    again = worker.post(f"{path}/accept", key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.headers["Location"] == answer.headers["Location"]
    assert [f["type"] for f in store.timeline(said["id"], "contracts")] == ["contract.formed"]


def test_accepted_eight_times_at_once_with_one_key_there_is_one_contract(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    answers = at_once(8, lambda _: worker.post(f"{path}/accept", key="k"))
    assert [a.status_code for a in answers] == [201] * 8
    assert len({a.headers["Location"] for a in answers}) == 1
    assert db["contracts"].count_documents({}) == 1


def test_accepted_eight_times_at_once_without_a_key_one_wins(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    answers = at_once(8, lambda _: worker.post(f"{path}/accept"))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert db["contracts"].count_documents({}) == 1


def test_of_accepting_declining_and_withdrawing_at_once_one_wins(
    db: Db, client: Caller, worker: Caller
) -> None:
    acts = [(worker, "accept"), (worker, "decline"), (client, "withdraw")]
    for _ in range(3):
        path = sent(client, worker)
        answers = at_once(6, lambda n, at=path: acts[n % 3][0].post(f"{at}/{acts[n % 3][1]}"))
        assert sum(a.status_code < 300 for a in answers) == 1
        assert {a.status_code for a in answers} <= {200, 201, 409}
    accepted = db["offers"].count_documents({"state": "accepted"})
    assert db["contracts"].count_documents({}) == accepted


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
def test_an_answer_that_is_refused_changes_nothing(
    db: Db, client: Caller, worker: Caller, stranger: Caller, act: str
) -> None:
    right, wrong = (client, worker) if act == "withdraw" else (worker, client)
    path, ended = sent(client, worker), sent(client, worker)
    worker.post(f"{ended}/decline")
    with nothing_changes(db):
        code = "not_the_client" if act == "withdraw" else "not_the_worker"
        refused(wrong.post(f"{path}/{act}"), 403, code)
        refused(stranger.post(f"{path}/{act}"), 404, "no_such_offer")
        refused(right.post(f"/v1/offers/{ids.new('off')}/{act}"), 404, "no_such_offer")
        refused(right.post(f"{path}/{act}", {"x": 1}), 422)
        refused(right.post(f"{ended}/{act}"), 409, "wrong_state")


@pytest.mark.parametrize(("act", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
def test_an_offer_that_is_declined_or_withdrawn_has_ended(
    client: Caller, worker: Caller, act: str, state: str
) -> None:
    path = sent(client, worker)
    who = client if act == "withdraw" else worker
    for _ in range(2):
        answer = who.post(f"{path}/{act}", key="k")
        assert (answer.status_code, answer.json["state"], answer.json["next"]) == (
            *(200, state, None),
        )


# reading


def test_lists_of_offers_hold_ones_own_by_role_and_state(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    first, second, mine = (
        sent(client, worker),
        sent(client, worker),
        sent(worker, client),
    )
    worker.post(f"{first}/decline")

    def listed(caller: Caller, query: str = "") -> list[str]:
        items = caller.get(f"/v1/offers{query}").json["items"]
        return [f"/v1/offers/{it['id']}" for it in items]

    assert listed(client) == [mine, second, first]
    assert listed(client, "?role=worker") == [mine]
    assert listed(worker, "?role=worker&state=sent") == [second]
    assert listed(worker, "?state=declined") == [first]
    assert listed(stranger) == []
    for query in ("?state=paid", "?role=x", "?limit=-1", "?limit=1000000000", "?cursor=e30"):
        refused(client.get(f"/v1/offers{query}"), 422)


def test_a_cursor_of_another_list_is_refused(client: Caller, worker: Caller) -> None:
    path = sent(client, worker)
    for n in range(3):
        client.post(f"{path}/messages", {"text": str(n)})
    cursor = client.get(f"{path}/messages?limit=1").json["next_cursor"]
    refused(client.get(f"/v1/offers?cursor={cursor}"), 422, "bad_cursor")


def test_the_parties_of_an_offer_ask_and_answer(
    db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = sent(client, worker)
    assert worker.post(f"{path}/messages", {"text": "いつからですか。"}).status_code == 201
    assert client.post(f"{path}/messages", {"text": "来週です。"}).status_code == 201
    said = worker.get(f"{path}/messages").json["items"]
    assert [m["text"] for m in said] == ["いつからですか。", "来週です。"]
    with nothing_changes(db):
        refused(stranger.get(f"{path}/messages"), 404)
        refused(stranger.post(f"{path}/messages", {"text": "x"}), 404)
        refused(client.post(f"/v1/offers/{ids.new('off')}/messages", {"text": "x"}), 404)
        refused(client.post(f"{path}/messages", {"text": ""}), 422)


def test_no_list_of_contracts_reads_a_whole_collection(
    mongo_url: str, db: Db, client: Caller, worker: Caller
) -> None:
    """The very queries, run once more by a client that keeps what it asks."""
    for _ in range(3):
        formed(client, worker)
    path = sent(client, worker)
    client.post(f"{path}/messages", {"text": "x"})
    with spied(mongo_url, db.name) as (seen, spy):
        beyond = Cursor("-_id", "z", "z")
        for page in (Page(2), Page(2, beyond)):
            for name in ("offers", "contracts"):
                for role in (None, "client", "worker"):
                    for state in (None, "sent"):
                        queries.of_party(seen, name, client.id, role=role, state=state, page=page)
        queries.messages(seen, path.rpartition("/")[2], Page(2), by=client.id)
        queries.open_offers_of_job(seen, ids.new("job"))
        queries.require_available(seen, worker.id, by=client.id)
        queries.is_cancelled(seen, ids.new("job"))
        queries.open_disputes(seen, Page(2))
        queries.dispute_statistics(seen)
        with contextlib.suppress(Unknown):
            queries.contract_of_ask(seen, ids.new("ext"))
        assert len(spy.commands) == 32
        assert scans(seen, spy) == []


def test_dates_are_said_in_utc_with_milliseconds(client: Caller, worker: Caller) -> None:
    tokyo = in_days(10).replace("Z", "+00:00")
    path = sent(client, worker, deliver_by=tokyo)
    said = client.get(path).json
    for name in ("deliver_by", "sent_at", "answer_by"):
        assert said[name].endswith("Z")
        assert len(said[name]) == len("2026-12-07T00:00:00.000Z")


def test_the_database_knows_no_fields_that_a_caller_made_up(
    store: Store, client: Caller, worker: Caller
) -> None:
    sent(client, worker)
    [doc] = store.db["offers"].find()
    assert not {name for name in doc if name.startswith("$") or "." in name}
