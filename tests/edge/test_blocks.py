"""A block: between two members nothing new begins, what they have goes on, and nobody is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared import ids
from tests.edge.world import World, a_proposal, an_offer, in_days, yen

Doc = dict[str, Any]
CODE = "not_available_to_you"
BEGINNINGS: dict[str, tuple[str, Callable[[World], tuple[str, Any]]]] = {
    "propose": ("worker", lambda w: (f"/v1/jobs/{w.job()}/proposals", a_proposal())),
    "ask": ("worker", lambda w: (f"/v1/jobs/{w.job()}/questions", {"text": "?"})),
    "enter": (
        "worker",
        lambda w: (f"/v1/jobs/{w.competition()}/entries", {"title": "t", "description": "d"}),
    ),
    "start": ("worker", lambda w: (f"/v1/jobs/{w.task()}/assignments", None)),
    "order": (
        "client",
        lambda w: (
            f"/v1/listings/{w.listing()}/orders",
            {"package": "フル", "requirements": "パン屋です。"},
        ),
    ),
    "select": ("client", lambda w: (f"/v1/proposals/{w.proposal()}/select", {})),
    "offer": ("client", lambda w: ("/v1/offers", an_offer(w.worker.id))),
    "rehire": ("client", lambda w: (f"/v1/contracts/{w.contract('completed')}/rehire", {})),
    "write": ("worker", lambda w: (f"/v1/offers/{w.offer()}/messages", {"text": "?"})),
    "counter": ("worker", lambda w: (f"/v1/offers/{w.offer()}/counter", {"amount": yen(80_000)})),
}
"""What begins something: who does it, and where with which words."""


@pytest.fixture(params=["the one who acts", "the other"])
def blocker(request: pytest.FixtureRequest) -> str:
    """Who of the two has blocked."""
    return str(request.param)


@pytest.fixture
def blocked(world: World) -> Iterator[Callable[[str, str], None]]:
    """Block somebody, until the end of the test."""
    done = []

    def block(who: str, whom: str) -> None:
        path = f"/v1/me/blocks/{getattr(world, whom).id}"
        getattr(world, who).did(path, method="PUT")
        done.append((who, path))

    yield block
    for who, path in done:
        getattr(world, who).did(path, method="DELETE")


@pytest.mark.parametrize("what", BEGINNINGS)
def test_between_the_two_nothing_new_begins_whoever_of_them_blocked(
    world: World, blocked: Callable[[str, str], None], what: str, blocker: str
) -> None:
    who, where = BEGINNINGS[what]
    path, words = where(world)
    other = "client" if who == "worker" else "worker"
    acts = getattr(world, who)
    blocked(*((who, other) if blocker == "the one who acts" else (other, who)))
    before = world.snapshot()

    answer = acts.send("POST", path, words, Idempotency_Key=ids.new("key"))

    assert (answer.status_code, answer.json["code"]) == (403, CODE)
    assert world.snapshot() == before
    if what != "offer":
        about = path.rpartition("/")[0]
        said = {a["name"]: a["reasons"] for a in acts.sees(about)["actions"]}
        assert said[what] == [CODE]


@pytest.mark.parametrize("what", BEGINNINGS)
def test_with_everybody_else_and_after_the_block_all_is_as_before(world: World, what: str) -> None:
    who, where = BEGINNINGS[what]
    path, words = where(world)
    other = "client" if who == "worker" else "worker"
    at = f"/v1/me/blocks/{getattr(world, other).id}"
    getattr(world, who).did(f"/v1/me/blocks/{world.bidder.id}", method="PUT")
    getattr(world, who).did(at, method="PUT")
    getattr(world, who).did(at, method="DELETE")

    getattr(world, who).did(path, words)
    getattr(world, who).did(f"/v1/me/blocks/{world.bidder.id}", method="DELETE")


def test_what_the_two_have_goes_on_to_its_end(
    world: World, blocked: Callable[[str, str], None]
) -> None:
    offer, proposal = world.offer(), world.proposal()
    contract = world.contract("funded")
    blocked("worker", "client")

    world.worker.did(f"/v1/contracts/{contract}/messages", {"text": "送りました。"})
    world.worker.did(f"/v1/contracts/{contract}/milestones/1/deliver", {"note": "完成です。"})
    words = {"milestone": 1, "deliver_by": in_days(30), "reason": "体調不良のため。"}
    assert world.worker.send("POST", f"/v1/contracts/{contract}/extensions", words).json
    world.client.did(f"/v1/contracts/{contract}/messages", {"text": "見ました。"})
    world.client.did(f"/v1/contracts/{contract}/milestones/1/accept", {})
    assert world.client.sees(f"/v1/contracts/{contract}")["state"] == "completed"
    world.client.did(f"/v1/contracts/{contract}/reviews", {"satisfied": True, "comment": "良い"})

    assert world.worker.did(f"/v1/offers/{offer}/decline")["state"] == "declined"
    assert world.worker.did(f"/v1/proposals/{proposal}/withdraw")["state"] == "withdrawn"


def test_who_is_blocked_is_not_told_and_finds_no_trace(
    world: World, blocked: Callable[[str, str], None]
) -> None:
    def heard() -> list[Any]:
        feed = world.client.sees("/v1/events?limit=100")["items"]
        told = [e for e in feed if "block" in e["type"]]
        return [e for e in told if e["data"]["member_id"] == world.worker.id]

    notices = world.client.sees("/v1/notifications")
    blocked("worker", "client")

    assert world.client.sees("/v1/notifications") == notices
    assert heard() == []
    mine = world.client.sees("/v1/me/blocks")["items"]
    assert world.worker.id not in [one["member"]["id"] for one in mine]
    profile = world.client.sees(f"/v1/members/{world.worker.id}")
    assert "block" not in str(profile)


def test_a_request_that_was_done_before_the_block_is_answered_again_as_it_was(
    world: World, blocked: Callable[[str, str], None]
) -> None:
    path, words = f"/v1/jobs/{world.job()}/proposals", a_proposal()
    first = world.worker.send("POST", path, words, Idempotency_Key="before")
    world.pump()
    blocked("client", "worker")

    again = world.worker.send("POST", path, words, Idempotency_Key="before")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["id"] == first.json["id"]
