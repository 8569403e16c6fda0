"""Selecting a proposal over HTTP: once, within the openings, or not at all."""

from typing import Any

import pytest

from services.jobs.domain import opening
from services.jobs.records import JOBS, PROPOSALS
from shared import clock
from shared.store import Db
from tests.callers import Caller
from tests.jobs.builders import DAY, a_proposal, a_selection, keep, yen
from tests.jobs.test_api import everything, kept, published
from tests.jobs.test_api_proposals import proposed


def test_selecting_names_the_offer_that_will_be_made(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    chosen = proposed(worker, path)

    selected = client.post(f"{chosen}/select", {})

    assert selected.status_code == 202
    offer_id = selected.json["offer_id"]
    assert selected.headers["Location"] == f"/v1/offers/{offer_id}"
    assert selected.json["state"] == "selected"
    assert selected.json["next"]["actor"] == "worker"
    assert worker.get(chosen).json["offer_id"] == offer_id
    kept_proposal = db[PROPOSALS.collection].find_one({"_id": selected.json["id"]})
    assert kept_proposal is not None
    said = kept_proposal["outbox"][-1]
    assert (said["type"], said["actor"]) == ("proposal.selected", client.id)
    assert said["data"]["offer_id"] == offer_id
    assert said["data"]["scope"] == client.get(path).json["description"]


def test_the_offer_may_differ_from_the_proposal(db: Db, client: Caller, worker: Caller) -> None:
    chosen = proposed(worker, published(client))
    words = {"amount": yen(45_000).words(), "scope": "ロゴを2案"}

    assert client.post(f"{chosen}/select", words).status_code == 202

    said = db[PROPOSALS.collection].find_one({})["outbox"][-1]["data"]  # type: ignore[index]
    assert (said["amount"]["amount"], said["scope"]) == (45_000, "ロゴを2案")
    assert said["milestones"][0]["amount"]["amount"] == 45_000


def test_the_same_request_selects_once(db: Db, client: Caller, worker: Caller) -> None:
    chosen = proposed(worker, published(client))
    first = client.post(f"{chosen}/select", {}, key="k")
    again = client.post(f"{chosen}/select", {}, key="k")
    other = client.post(f"{chosen}/select", {"scope": "別"}, key="k")
    twice = client.post(f"{chosen}/select", {})

    assert (again.status_code, again.json) == (202, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert (twice.status_code, twice.json["code"]) == (409, "wrong_state")
    assert len(db[JOBS.collection].find_one({})["project"]["selections"]) == 1  # type: ignore[index]


def test_nobody_is_selected_when_no_opening_is_left(
    db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = published(client)
    first, second = proposed(worker, path), proposed(stranger, path)
    client.post(f"{first}/select", {})
    before = everything(db)

    refused = client.post(f"{second}/select", {})

    assert (refused.status_code, refused.json["code"]) == (409, "no_opening_left")
    assert everything(db) == before


def test_the_number_of_selections_is_bounded(db: Db, client: Caller, worker: Caller) -> None:
    chosen = proposed(worker, published(client))
    tried = [
        {name: getattr(a_selection(state="freed"), name) for name in a_selection().__slots__}
        for _ in range(opening.SELECTIONS_MAX)
    ]
    db[JOBS.collection].update_one({}, {"$set": {"project.selections": tried}})

    refused = client.post(f"{chosen}/select", {})

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_selections")


@pytest.mark.parametrize(
    "words",
    [
        {"amount": {"amount": 0, "currency": "JPY"}},
        {"amount": {"amount": 5, "currency": "USD"}},
        {"deliver_by": "2020-01-01T00:00:00Z"},
        {"scope": ""},
        {"offer_id": "off_1"},
    ],
)
def test_an_offer_that_cannot_be_made_changes_nothing(
    db: Db, client: Caller, worker: Caller, words: dict[str, Any]
) -> None:
    chosen = proposed(worker, published(client))
    before = everything(db)

    assert client.post(f"{chosen}/select", words).status_code == 422
    assert everything(db) == before


def test_after_closing_nobody_is_selected(client: Caller, worker: Caller) -> None:
    path = published(client)
    chosen = proposed(worker, path)
    client.post(f"{path}/close")

    assert worker.get(chosen).json["state"] == "lapsed"
    assert client.post(f"{chosen}/select", {}).json["code"] == "wrong_state"


def test_when_proposals_have_closed_the_client_still_selects(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = kept(db, client, "closed", select_by=clock.now() + DAY)
    job_id = path.rpartition("/")[2]
    now = clock.now()
    waiting = a_proposal(
        job_id=job_id,
        client_id=client.id,
        worker_id=worker.id,
        deliver_by=now + DAY,
        changed_at=now,
    )
    keep(db, PROPOSALS, waiting)

    assert client.get(path).json["next"]["action"] == "select"
    assert client.post(f"/v1/proposals/{waiting.id}/select", {}).status_code == 202


def test_the_timeline_of_a_proposal(client: Caller, worker: Caller, nobody: Caller) -> None:
    path = published(client)
    chosen = proposed(worker, path)
    client.post(f"{chosen}/select", {})

    told = worker.get(f"{chosen}/timeline").json
    of_job = client.get(f"{path}/timeline").json
    public = nobody.get(f"{path}/timeline").json

    assert [(past["what"], past["by"]) for past in told["past"]] == [
        ("proposal.submitted", "worker"),
        ("proposal.selected", "client"),
    ]
    assert [future["what"] for future in told["future"]] == ["proposal.lapsed"]
    assert [past["what"] for past in of_job["past"]] == ["job.opened", "opening.reserved"]
    assert [past["what"] for past in public["past"]] == ["job.opened"]
