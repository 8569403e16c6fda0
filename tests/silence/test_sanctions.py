"""A sanction whose appeal no operator answers is lifted; a suspension ends on its day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.accounts.domain.sanction import ANSWER_DAYS
from shared import clock
from tests.silence.conftest import NewWalk
from tests.silence.walk import DAY, Doc, Walk

REASON = {"reason": "Two members say that you asked for payment outside."}


@pytest.fixture(scope="module")
def left(new_walk: NewWalk) -> Iterator[Walk]:
    """A warning with an appeal, a suspension until a day, and then nobody acts any more."""
    with new_walk() as walk:
        operator, warned, suspended = walk.world.operator, walk.world.worker, walk.world.stranger
        warning = operator.did(f"/v1/members/{warned.id}/sanctions", {"level": "warn", **REASON})
        appeal = {"text": "It was a misunderstanding: they asked me."}
        warned.did(f"/v1/me/sanctions/{warning['id']}/appeal", appeal)
        until = clock.text(clock.now() + timedelta(days=30))
        order = {"level": "suspend", "until": until, **REASON}
        operator.did(f"/v1/members/{suspended.id}/sanctions", order)
        walk.be_silent()
        yield walk


def sanction_of(walk: Walk, member_id: str) -> Doc:
    found = walk.db("accounts")["members"].find_one({"_id": member_id}) or {}
    (one,) = found["sanctions"]
    return {**one, "member": found["state"]}


def test_an_appeal_in_vain_lifts_and_a_suspension_ends(left: Walk) -> None:
    warned, suspended = left.world.worker.id, left.world.stranger.id
    assert sanction_of(left, warned)["state"] == "lifted"
    assert sanction_of(left, suspended)["state"] == "ended"
    assert sanction_of(left, suspended)["member"] == "active"


def test_it_happens_in_time_and_the_member_is_told(left: Walk) -> None:
    warned = left.world.worker.id
    (lifted,) = [f for f in left.facts(warned) if f["type"] == "sanction.lifted"]
    assert lifted["time"] - left.silent_from <= ANSWER_DAYS * DAY + DAY
    assert left.silent_until - left.silent_from <= 31 * DAY
    told = left.db("notify")["notices"].find({"member_id": warned}).distinct("type")
    assert {"sanction.imposed", "sanction.lifted"} <= set(told)
