"""A listing that everybody forgets ends in silence; its seller is told before and after."""

from collections.abc import Iterator

import pytest

from services.jobs.domain.listing import DRAFT_KEPT, RENEWED_WITHIN, TOLD_BEFORE
from shared.timers import Timers
from tests.edge.world import World, a_listing
from tests.silence.conftest import NewWalk
from tests.silence.stories import OUTSIDE
from tests.silence.walk import DAY, Doc, Walk

REST = ["listing.idle", "listing.paused"]
GO = ["listing.idle", "listing.withdrawn"]
TOLD = {
    "draft": ["listing.withdrawn"],
    "published": [*REST, *GO],
    "paused": GO,
    "ordered": [*REST, *GO],
    "held": [*REST, *GO],
}
"""What a seller hears of a listing in each of its states; of a draft its answer says how long."""


def _begin(world: World, state: str) -> str:
    words = a_listing() | ({"description": OUTSIDE} if state == "held" else {})
    path = f"/v1/listings/{world.worker.did('/v1/listings', words)['id']}"
    if state != "draft":
        world.worker.did(f"{path}/publish")
    if state == "paused":
        world.worker.did(f"{path}/pause")
    if state == "ordered":
        world.client.did(f"{path}/orders", {"package": "フル", "requirements": "パン屋です。"})
    return path.rpartition("/")[2]


@pytest.fixture(scope="module")
def left(new_walk: NewWalk) -> Iterator[Walk]:
    """A listing in each state, and then nobody does anything any more."""
    with new_walk() as walk:
        walk.begun = {state: _begin(walk.world, state) for state in TOLD}
        walk.be_silent()
        yield walk


def of(walk: Walk, state: str) -> Doc:
    return walk.db("jobs")["listings"].find_one({"_id": walk.begun[state]}) or {}


@pytest.mark.parametrize("state", TOLD)
def test_a_forgotten_listing_is_withdrawn_and_no_order_runs(left: Walk, state: str) -> None:
    found = of(left, state)
    assert (found["state"], found["orders"], found.get("wake_at")) == ("withdrawn", [], None)


@pytest.mark.parametrize("state", TOLD)
def test_its_seller_is_told_two_weeks_before_and_after(left: Walk, state: str) -> None:
    where = {"about": left.begun[state], "type": {"$regex": "^listing[.]"}, "said": True}
    told = list(left.db("notify")["notices"].find(where).sort("made_at", 1))
    assert [one["type"] for one in told] == TOLD[state]
    assert {one["member_id"] for one in told} == {left.world.worker.id}
    for before, after in zip(told[:-1:2], told[1::2], strict=True):
        assert before["made_at"] < before["reminded_at"] < before["by"] <= after["made_at"]
        assert before["by"] - before["made_at"] > TOLD_BEFORE - DAY
        assert before["withdrawn_at"], "what is over is on no list"


def test_it_takes_no_longer_than_its_years(left: Walk) -> None:
    held = Timers().held_release
    assert left.silent_until - left.silent_from <= held + 2 * RENEWED_WITHIN + DAY
    drafts = left.facts(left.begun["draft"])
    assert drafts[-1]["time"] - left.silent_from <= DRAFT_KEPT + DAY
