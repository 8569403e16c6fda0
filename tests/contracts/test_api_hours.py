"""The routes of hourly work, of hiring again, and of saying that work goes on."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.contracts.domain import week
from shared import clock
from shared.documents import Doc
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts import saying
from tests.contracts.saying import completed, hear, in_days, nothing_changes, of_hold, yen
from tests.contracts.test_api_offers import refused
from tests.racers import at_once

HOURLY = {"rate": yen(3_001), "weekly_cap_hours": 20}


def offer_words(worker: Caller, **over: Any) -> Doc:
    words = saying.offer_words(worker)
    fixed = ("amount", "deliver_by")
    return {**{k: v for k, v in words.items() if k not in fixed}, "hourly": HOURLY, **over}


def running(store: Store, client: Caller, worker: Caller) -> str:
    """Return the path of an hourly contract whose first week is funded."""
    offer = client.post("/v1/offers", offer_words(worker))
    path = worker.post(f"{offer.headers['Location']}/accept").headers["Location"]
    assert hear(store, of_hold("escrow.funded", client.get(path).json)) == [None]
    return str(path)


def some_time(minutes: int = 90) -> Doc:
    return {"day": str(week.day_of(clock.now())), "minutes": minutes, "note": "設計"}


def off(worker: Caller, path: str) -> TestResponse:
    """Take a line off a sheet."""
    headers = {"Authorization": f"Bearer {worker.token}"}
    return worker.app.test_client().delete(path, headers=headers)


def test_an_hourly_offer_costs_what_a_week_may_cost_and_is_countered_by_the_rate(
    db: Db, client: Caller, worker: Caller
) -> None:
    answer = client.post("/v1/offers", offer_words(worker))
    assert answer.json["amount"] == yen(60_020)
    assert answer.json["hourly"] == {**HOURLY, "until": None}
    path = answer.headers["Location"]
    with nothing_changes(db):
        refused(worker.post(f"{path}/counter", {"amount": yen(1)}), 422, "hourly_offer")
        refused(worker.post(f"{path}/counter", {"hourly": {}}), 422, "nothing_changed")
    countered = worker.post(f"{path}/counter", {"hourly": {"rate": yen(4_000)}})
    assert countered.json["amount"] == yen(80_000)
    assert client.post(f"{path}/accept").json["hourly"]["rate"] == yen(4_000)


@pytest.mark.parametrize(
    "over",
    [
        {"hourly": {"rate": yen(1)}},
        {"hourly": {"weekly_cap_hours": 3}},
        {"hourly": {**HOURLY, "weekly_cap_hours": 169}},
        {"amount": yen(1)},
        {"deliver_by": "2099-01-01T00:00:00.000Z"},
        {"hourly": None},
        {"hourly": {"rate": yen(10**12), "weekly_cap_hours": 2}},
    ],
)
def test_hourly_terms_that_are_none_are_refused(
    db: Db, client: Caller, worker: Caller, over: Doc
) -> None:
    with nothing_changes(db):
        refused(client.post("/v1/offers", offer_words(worker, **over)), 422)


def test_time_is_noted_taken_off_and_handed_in(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = f"{running(store, client, worker)}/weeks/1"

    kept = worker.post(f"{path}/times", some_time(), key="k")
    again = worker.post(f"{path}/times", some_time(), key="k")
    gone = worker.post(f"{path}/times", some_time(30)).json["id"]

    assert (kept.status_code, again.json) == (201, kept.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(client.get(path).json["lines"]) == 2
    assert off(worker, f"{path}/times/{gone}").status_code == 200
    refused(off(worker, f"{path}/times/{gone}"), 404, "no_such_time")
    said = client.get(path).json
    assert [line["id"] for line in said["lines"]] == [kept.json["id"]]
    assert (said["week"]["minutes"], said["week"]["amount"]) == (90, yen(4_501))
    assert worker.post(f"{path}/submit").status_code == 200
    returned = client.post(f"{path}/return", {"note": "日付は?"})
    assert returned.json["milestones"][0]["state"] == "changes_requested"
    assert worker.post(f"{path}/submit").status_code == 200
    approved = client.post(f"{path}/approve").json["milestones"][0]
    assert (approved["state"], approved["pay_by"] is None) == ("accepted", False)


def test_the_cap_holds_against_racers(store: Store, client: Caller, worker: Caller) -> None:
    path = f"{running(store, client, worker)}/weeks/1"
    answers = at_once(8, lambda _: worker.post(f"{path}/times", some_time(170)))
    assert sorted(a.status_code for a in answers) == [201] * 7 + [409]
    said = client.get(path).json
    assert said["week"]["minutes"] == 7 * 170 == sum(one["minutes"] for one in said["lines"])


def test_a_line_that_was_not_written_is_made_by_its_fact(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = running(store, client, worker)
    line = worker.post(f"{path}/weeks/1/times", some_time()).json
    db["times"].delete_many({})  # as if the process had died in between
    fact = next(f for f in store.timeline(path[-36:], "contracts") if f["type"] == "time.noted")

    noted = saying.an_event("time.noted", **fact["data"])
    removed = saying.an_event("time.removed", **fact["data"])
    assert hear(store, noted, noted) == [None, None]
    assert [one["id"] for one in client.get(f"{path}/weeks/1").json["lines"]] == [line["id"]]
    hear(store, removed)
    assert client.get(f"{path}/weeks/1").json["lines"] == []


def test_what_one_may_not_do_with_a_week_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = running(store, client, worker)
    with nothing_changes(db):
        refused(worker.post(f"{path}/weeks/1/submit"), 409, "no_hours")
        refused(worker.post(f"{path}/weeks/2/times", some_time()), 409, "not_funded")
        refused(worker.post(f"{path}/weeks/1/times", some_time(1_201)), 409, "over_the_cap")
        refused(client.post(f"{path}/weeks/1/approve"), 409, "wrong_state")
        refused(client.post(f"{path}/cancellation", {"reason": "-"}), 409, "hourly_contract")
        refused(worker.post(f"{path}/milestones/1/deliver", {"note": "-"}), 409, "hourly_contract")
        refused(client.post(f"{path}/rate", {"reason": "-"}), 422, "nothing_changed")
    fixed = saying.funded(store, client, worker)
    refused(client.get(f"{fixed}/weeks"), 409, "not_hourly")
    refused(client.get(f"{fixed}/weeks/1"), 409, "not_hourly")


def test_a_rate_is_agreed_on_and_the_contract_ended(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = running(store, client, worker)
    asked = worker.post(f"{path}/rate", {"rate": yen(3_500), "reason": "範囲が広がりました。"})
    assert asked.json["rate"] == yen(3_500)
    agreed = client.post(f"{path}/changes/{asked.json['id']}/agree")
    assert agreed.json["state"] == "agreed"
    weeks = client.get(f"{path}/weeks").json["items"]
    assert [w["amount"] for w in weeks] == [yen(70_000), yen(60_020)]
    ended = client.post(f"{path}/end", {"reason": "開店準備が終わりました。"}).json
    assert ended["ending"]["by"] == "client"
    refused(worker.post(f"{path}/end", {"reason": "-"}), 409, "already_ending")


def test_the_written_terms_say_rate_cap_and_rounding(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = running(store, client, worker)
    assert client.get(f"{path}/terms").json["hourly"]["rate"] == yen(3_001)
    pages = [
        client.get(f"{path}/terms?format=html&locale={locale}").get_data(as_text=True)
        for locale in ("ja", "en")
    ]
    assert "1時間あたり3,001円、週20時間を上限" in pages[0]
    assert "rounded down to the smallest unit" in pages[1]


def test_who_has_worked_is_hired_again_on_the_terms_of_then_or_on_others(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = completed(store, client, worker)

    again = client.post(f"{path}/rehire", key="k")
    replay = client.post(f"{path}/rehire", key="k")

    assert again.status_code == 201, again.json
    assert replay.headers["Location"] == again.headers["Location"]
    said, then = again.json, client.get(path).json
    assert (said["worker_id"], said["amount"], said["title"]) == (
        worker.id,
        then["amount"],
        then["title"],
    )
    assert said["deliver_by"] > then["milestones"][0]["deliver_by"]
    other = client.post(f"{path}/rehire", {"amount": yen(9), "deliver_by": in_days(3)}).json
    assert (other["amount"], other["milestones"][0]["amount"]) == (yen(9), yen(9))
    with nothing_changes(db):
        refused(worker.post(f"{path}/rehire"), 403, "not_the_client")
    db["members"].update_one({"_id": worker.id}, {"$set": {"state": "suspended"}})
    refused(client.post(f"{path}/rehire"), 409, "member_suspended")


def test_nobody_is_hired_again_before_the_end_and_work_goes_on_when_one_says_so(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = saying.funded(store, client, worker)
    with nothing_changes(db):
        refused(client.post(f"{path}/rehire"), 409, "not_ended")
    assert worker.post(f"{path}/confirm").status_code == 200
    assert "contract.confirmed" in [f["type"] for f in store.timeline(path[-36:], "contracts")]
    gone = saying.formed(client, worker)
    with nothing_changes(db):
        refused(client.post(f"{gone}/confirm"), 409, "wrong_state")
