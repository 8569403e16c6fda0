"""Nobody is leaving for ever: with everybody silent, who leaves is erased, or stays a member."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.edge.world import Person, World, a_job, a_listing, an_offer, in_days, yen
from tests.silence.conftest import NewWalk
from tests.silence.walk import DAY

PASSWORD = "correct horse battery staple"


def _nothing(_world: World, _who: Person) -> None:
    """Somebody who has only registered."""


def _offered(world: World, who: Person) -> None:
    """An offer lies before them; they have made one, too."""
    world.client.did("/v1/offers", an_offer(who.id))
    who.did("/v1/offers", an_offer(world.worker.id))


def _unfunded(world: World, who: Person) -> None:
    """A contract that nobody will fund."""
    offer = who.did("/v1/offers", an_offer(world.worker.id))["id"]
    world.worker.did(f"/v1/offers/{offer}/accept")


def _funded(world: World, who: Person) -> None:
    """A contract with money in it, of which nobody will deliver anything."""
    offer = world.client.did("/v1/offers", an_offer(who.id))["id"]
    contract = who.did(f"/v1/offers/{offer}/accept")["id"]
    world.client.did(f"/v1/holds/{world.hold_of(contract)}/fund", {"method": "card"})


def _paid(world: World, who: Person) -> None:
    """A contract that is delivered: silence accepts it, and the wallet is not empty."""
    _funded(world, who)
    [contract] = who.sees("/v1/contracts")["items"]
    who.did(f"/v1/contracts/{contract['id']}/milestones/1/deliver", {"note": "完成です。"})


def _published(world: World, who: Person) -> None:
    """A job with a proposal, a listing, a draft; a proposal, a question and a slot of others'."""
    job = who.did("/v1/jobs", a_job())["id"]
    who.did(f"/v1/jobs/{job}/publish")
    words = {"message": "やります。", "amount": yen(60_000), "deliver_by": in_days(20)}
    world.worker.did(f"/v1/jobs/{job}/proposals", words)
    who.did("/v1/jobs", a_job())
    listing = who.did("/v1/listings", a_listing())["id"]
    who.did(f"/v1/listings/{listing}/publish")
    who.did(f"/v1/jobs/{world.job()}/proposals", words)
    who.did(f"/v1/jobs/{world.job()}/questions", {"text": "?"})
    who.did(f"/v1/jobs/{world.task()}/assignments")
    competition = world.competition()
    who.did(f"/v1/jobs/{competition}/entries", {"title": "案", "description": "手書き風です。"})


STORIES: dict[str, tuple[Callable[[World, Person], None], str]] = {
    "nothing": (_nothing, "erased"),
    "offers": (_offered, "erased"),
    "an unfunded contract": (_unfunded, "erased"),
    "a funded contract": (_funded, "erased"),
    "everything published": (_published, "erased"),
    # Their own money is theirs: it is not taken, and nobody waits for them for ever.
    "a wallet that is not empty": (_paid, "active"),
}


@pytest.fixture(scope="module")
def left(new_walk: NewWalk) -> Iterator[dict[str, Any]]:
    """Everybody has begun something, asked to leave, and then fallen silent."""
    with new_walk() as walk:
        world, people = walk.world, {}
        for name, (begins, _) in STORIES.items():
            people[name] = who = world.member(f"去る人 {name}")
            begins(world, who)
            world.renew()
            said = who.did("/v1/me/leave", {"current_password": PASSWORD})
            assert said["state"] == "leaving"
        walk.be_silent()
        yield {"world": world, "people": people, "walk": walk}


@pytest.mark.parametrize("name", STORIES)
def test_who_leaves_is_erased_or_stays_a_member(left: dict[str, Any], name: str) -> None:
    who = left["people"][name]
    [member] = left["world"].db("accounts")["members"].find({"_id": who.id})
    assert member["state"] == STORIES[name][1]
    assert (member["leaving"], member.get("wake_at")) == (None, None)


def test_it_takes_no_longer_than_its_time(left: dict[str, Any]) -> None:
    walk = left["walk"]
    assert walk.silent_until - walk.silent_from <= 91 * DAY


def test_nothing_of_them_is_open_any_more_and_their_names_are_gone(left: dict[str, Any]) -> None:
    world = left["world"]
    gone = [who.id for name, who in left["people"].items() if STORIES[name][1] == "erased"]
    sides = ("client_id", "worker_id")
    for service, collection, over in (
        ("jobs", "jobs", ["closed", "completed", "cancelled", "draft"]),
        ("jobs", "proposals", ["withdrawn", "lapsed", "declined", "selected"]),
        ("jobs", "listings", ["withdrawn", "draft"]),
        ("jobs", "assignments", ["returned", "expired", "free", "closed"]),
        ("contracts", "offers", ["accepted", "declined", "withdrawn", "expired"]),
        ("contracts", "contracts", ["completed", "cancelled"]),
        ("escrow", "holds", ["released", "refunded", "split", "cancelled"]),
    ):
        where = {"$or": [{side: {"$in": gone}} for side in sides], "state": {"$nin": over}}
        assert list(world.db(service)[collection].find(where)) == [], (service, collection)
    for service in world.services:
        for collection in world.db(service).list_collection_names():
            found = [str(doc) for doc in world.db(service)[collection].find()]
            for name, (_, end) in STORIES.items():
                if end == "erased":
                    assert not [one for one in found if f"去る人 {name}" in one], collection


def test_the_ledger_still_sums_to_zero(left: dict[str, Any]) -> None:
    assert left["walk"].proved()["currencies"]["JPY"]["total"] == 0
