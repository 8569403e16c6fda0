"""What each service says is in the way of who leaves, and what it ends by itself."""

import importlib
from typing import Any

import pytest

from shared import clock, ids
from shared.store import Store, ensure_indexes
from tests.edge.world import (
    ANSWERS,
    Person,
    World,
    a_job,
    a_listing,
    a_proposal,
    an_offer,
    yen,
)
from tests.spying import scans, spied

PASSWORD = "correct horse battery staple"
ASKED = ("jobs", "contracts", "escrow")


@pytest.fixture
def who(world: World) -> Person:
    """Somebody who will leave."""
    world.renew()
    return world.member("去る人")


def unmet(who: Person) -> dict[str, list[str]]:
    """Let somebody ask to leave; return what keeps them, by service."""
    who.did("/v1/me/leave", {"current_password": PASSWORD})
    said = who.sees("/v1/me")["leaving"]
    assert set(said["cleared"]) | {one["service"] for one in said["unmet"]} == set(ASKED)
    return {one["service"]: one["reasons"] for one in said["unmet"]}


def contract_of(world: World, who: Person) -> str:
    """A funded contract in which they work."""
    offer = world.client.did("/v1/offers", an_offer(who.id))["id"]
    contract = str(who.did(f"/v1/offers/{offer}/accept")["id"])
    world.client.did(f"/v1/holds/{world.hold_of(contract)}/fund", {"method": "card"})
    return contract


def test_who_has_nothing_open_is_kept_by_nobody(who: Person) -> None:
    assert unmet(who) == {}


def test_work_and_money_are_named_until_they_have_ended(world: World, who: Person) -> None:
    contract = contract_of(world, who)
    assert unmet(who) == {"contracts": ["contracts_open"], "escrow": ["holds_open"]}

    who.did(f"/v1/contracts/{contract}/milestones/1/deliver", {"note": "完成です。"})
    world.client.did(f"/v1/contracts/{contract}/milestones/1/accept", {})
    assert unmet(who) == {"escrow": ["wallet_not_empty"]}

    whole = who.sees("/v1/wallet")["available"]["amount"]
    for amount in (whole - 1, 1):
        who.did("/v1/payouts", {"amount": yen(amount)})
    # Nobody asks the provider here: what was asked for is on its way.
    assert unmet(who) == {"escrow": ["payouts_open"]}


def test_a_payout_below_the_least_is_for_who_leaves(world: World, who: Person) -> None:
    contract = contract_of(world, who)
    who.did(f"/v1/contracts/{contract}/milestones/1/deliver", {"note": "完成です。"})
    world.client.did(f"/v1/contracts/{contract}/milestones/1/accept", {})
    small = {"amount": yen(1)}
    refused = who.send("POST", "/v1/payouts", small, Idempotency_Key=ids.new("key"))
    assert (refused.status_code, refused.json["code"]) == (422, "below_minimum")

    unmet(who)

    assert who.did("/v1/payouts", small)["amount"] == yen(1)


def test_handed_in_work_waits_for_its_client(world: World, who: Person) -> None:
    slot = who.did(f"/v1/jobs/{world.task()}/assignments")["id"]
    who.did(f"/v1/assignments/{slot}/submit", {"answers": ANSWERS})
    assert unmet(who) == {"jobs": ["assignments_open"]}

    world.client.did(f"/v1/assignments/{slot}/approve")

    assert unmet(who) == {"escrow": ["wallet_not_empty"]}


def test_what_one_may_end_alone_ends_at_once(world: World, who: Person) -> None:
    listing = who.did("/v1/listings", a_listing())["id"]
    who.did(f"/v1/listings/{listing}/publish")
    jobs = [who.did("/v1/jobs", a_job())["id"] for _ in range(2)]
    for job in jobs:
        who.did(f"/v1/jobs/{job}/publish")
    selected = world.worker.did(f"/v1/jobs/{jobs[1]}/proposals", a_proposal())["id"]
    offer = who.did(f"/v1/proposals/{selected}/select")["offer_id"]
    world.worker.did(f"/v1/offers/{offer}/accept")
    proposal = who.did(f"/v1/jobs/{world.job()}/proposals", a_proposal())["id"]
    words = {"title": "案", "description": "手書き風です。"}
    entry = who.did(f"/v1/jobs/{world.competition()}/entries", words)["id"]
    slot = who.did(f"/v1/jobs/{world.task()}/assignments")["id"]
    got = world.client.did("/v1/offers", an_offer(who.id))["id"]
    sent = who.did("/v1/offers", an_offer(world.worker.id))["id"]

    left = unmet(who)

    assert left["contracts"] == ["contracts_open"]
    assert left["jobs"] == ["jobs_open"]
    states = {
        path: who.sees(path)["state"]
        for path in (
            f"/v1/listings/{listing}",
            *(f"/v1/jobs/{job}" for job in jobs),
            f"/v1/proposals/{proposal}",
            f"/v1/entries/{entry}",
            f"/v1/assignments/{slot}",
            *(f"/v1/offers/{one}" for one in (got, sent)),
        )
    }
    assert list(states.values()) == [
        *("withdrawn", "cancelled", "closed", "withdrawn", "withdrawn", "returned"),
        *("withdrawn", "withdrawn"),
    ]


def test_who_is_leaving_begins_nothing_and_who_stays_does(world: World, who: Person) -> None:
    job = world.job()
    waiting = world.client.did("/v1/offers", an_offer(world.bidder.id))["id"]
    unmet(who)
    before = world.snapshot()
    for path, words in (
        (f"/v1/jobs/{job}/proposals", a_proposal()),
        (f"/v1/jobs/{job}/questions", {"text": "?"}),
        ("/v1/offers", an_offer(world.worker.id)),
    ):
        answer = who.send("POST", path, words)
        assert (answer.status_code, answer.json["code"]) == (403, "member_leaving")
    answer = world.client.send("POST", "/v1/offers", an_offer(who.id))
    assert (answer.status_code, answer.json["code"]) == (409, "member_leaving")
    assert world.snapshot() == before
    reasons = {a["name"]: a["reasons"] for a in who.sees(f"/v1/jobs/{job}")["actions"]}
    assert reasons == {"propose": ["member_leaving"], "ask": ["member_leaving"]}

    assert who.did("/v1/me/stay")["state"] == "active"

    who.did(f"/v1/jobs/{job}/proposals", a_proposal())
    assert world.client.sees(f"/v1/offers/{waiting}")["state"] == "sent"


def test_whoever_leaves_is_told_and_so_is_who_stays(world: World, who: Person) -> None:
    contract_of(world, who)
    unmet(who)
    unmet(who)
    who.did("/v1/me/stay")
    told = [one["type"] for one in world.db("notify")["notices"].find({"member_id": who.id})]
    for type_ in ("leaving", "kept_by_contracts", "kept_by_escrow", "stayed"):
        assert told.count(f"member.{type_}") == 1


@pytest.mark.parametrize("service", ASKED)
def test_what_is_open_is_looked_for_in_indexes_alone(
    world: World, who: Person, mongo_url: str, service: str
) -> None:
    departing: Any = importlib.import_module(f"services.{service}.departing")
    contract_of(world, who)
    ensure_indexes(world.db(service), world.services[service].kinds)
    with spied(mongo_url, world.database(service)) as (seen, spy):
        list(departing.open_of(seen, who.id))
        departing.wind_up(Store(seen, service), who.id, clock.now())
        assert spy.commands
        assert scans(seen, spy) == []
