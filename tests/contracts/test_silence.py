"""From any state that people can bring a contract to, silence leads to an end, and soon.

Two milestones, all acts of both sides and of an operator, breadth first; worlds that differ only
in times and amounts are walked once. From each of them everybody is silent for ever.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.contracts.domain import silence
from services.contracts.domain.contract import Contract
from services.contracts.domain.milestone import ENDED
from shared import futures
from shared.errors import Ignored
from tests.contracts.builders import DAY, NOON, a_contract
from tests.contracts.worlds import ACTS, World, a_world, in_silence, shape, steps, text

pytestmark = pytest.mark.pure

WORLDS_MAX = 20_000
LONGEST = timedelta(days=200)
"""Twice forty days to a deadline, the notice, and the review window are below this."""


def walked(first: World) -> list[World]:
    """Return a world of each shape that can be reached, nearest first."""
    seen, found = {shape(first)}, [first]
    for world in found:
        for _, after in steps(world):
            if shape(after) not in seen and len(found) < WORLDS_MAX:
                seen.add(shape(after))
                found.append(after)
    assert len(found) < WORLDS_MAX, "the walk is to be complete"
    return found


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return walked(a_world(40_000, 50_000))


def test_every_reachable_world_ends_in_silence_with_its_money_where_the_rules_say(
    worlds: list[World],
) -> None:
    for world in worlds:
        end = in_silence(world)
        _ended_well(end)
        assert end.now - max(world.now, NOON) <= LONGEST, text(world)


def test_what_escrow_has_not_heard_is_said_again_until_it_has() -> None:
    for world in walked(a_world(40_000, deaf=True)):
        end = in_silence(world)
        _ended_well(end)


def _ended_well(end: World) -> None:
    it = end.contract
    assert it.state in ("completed", "cancelled"), text(end)
    for m in it.milestones:
        hold = end.holds[m.hold_id]
        assert hold.state not in ("opened", "funded"), text(end)
        assert hold.paid + hold.back == (hold.amount if hold.state != "cancelled" else 0), text(end)
        if hold.state == "cancelled":
            assert m.state == "pending", text(end)
        else:
            assert m.state in ENDED, text(end)
            assert (m.released.amount if m.released else 0) == hold.paid, text(end)
    assert not [a for a in it.asks if a.state == "asked"], text(end)
    assert not (it.cancellation and it.cancellation.state == "asked"), text(end)
    types = [f.type for f in end.said]
    assert types.count(f"contract.{it.state}") >= 1, text(end)


def test_the_walk_reaches_every_state_there_is(worlds: list[World]) -> None:
    contracts = [w.contract for w in worlds]
    assert {c.state for c in contracts} == {
        "awaiting_funding",
        "active",
        "disputed",
        "completed",
        "cancelled",
    }
    assert {m.state for c in contracts for m in c.milestones} >= {
        "pending",
        "funded",
        "delivered",
        "changes_requested",
        "paid",
        "refunded",
        "split",
    }
    assert {a.kind for c in contracts for a in c.asks} == {"extension", "add", "change"}
    assert {a.state for c in contracts for a in c.asks} >= {"asked", "agreed"}
    disputes = {c.dispute.state for c in contracts if c.dispute}
    assert disputes == {"opened", "answered", "escalated", "settled", "decided"}
    asked = {c.cancellation.state for c in contracts if c.cancellation}
    assert asked >= {"asked", "agreed", "lapsed"}


def test_both_are_told_before_their_silence_has_a_consequence(worlds: list[World]) -> None:
    told_before = {
        "offer.sent": (),
        "cancellation.lapsed": ("cancellation.requested",),
        "extension.withdrawn": ("extension.requested",),
        "change.lapsed": ("change.proposed",),
        "dispute.escalated": ("dispute.opened",),
        "dispute.decided": ("dispute.opened",),
        "delivery.accepted": ("delivery.submitted",),
    }
    for world in worlds:
        types = [f.type for f in in_silence(world).said]
        for type_, before in told_before.items():
            if type_ in types:
                assert all(b in types[: types.index(type_)] for b in before), text(world)
        cancelled = next(
            (f for f in in_silence(world).said if f.type == "contract.cancelled"), None
        )
        if cancelled and cancelled.data["reason"] == "overdue":
            assert "milestone.overdue" in types[: types.index("contract.cancelled")], text(world)


def test_nothing_is_done_before_its_time(worlds: list[World]) -> None:
    for world in worlds:
        if at := silence.wake(world.contract):
            with pytest.raises(Ignored):
                silence.resolve(world.contract, now=min(at, world.now) - timedelta(seconds=1))


def test_an_overdue_milestone_waits_for_what_was_delivered_beside_it() -> None:
    world = a_world(40_000, 50_000)
    for name in ("fund 1", "fund 2", "8 days", "deliver 1", "8 days"):
        world = dict(steps(world))[name]

    end = in_silence(world)

    first, second = end.contract.milestones
    assert (first.state, second.state) == ("paid", "refunded")
    assert end.contract.cancel_reason == "overdue"


@pytest.mark.parametrize("state", ["awaiting_funding", "active", "delivered"])
def test_the_dry_run_is_what_happens(state: str) -> None:
    from services.contracts.domain import hearing, waiting

    it: Contract = a_contract(40_000, 50_000, state=state)
    future = futures.dry_run(
        it,
        wake=silence.wake,
        on_wake=silence.resolve,
        next_of=waiting.next_of,
        answered=hearing.answered,
    )
    assert future[-1]["what"] in ("contract.completed", "contract.cancelled", "review.revealed")
    assert future[0]["at"] > NOON.isoformat()
    assert DAY


def test_two_milestones_with_one_deadline_are_both_overdue_at_once() -> None:
    world = a_world(40_000, 50_000)
    for name in ("fund 1", "fund 2"):
        world = ACTS[name](world)
    same = world.contract.milestones[0].deliver_by
    parts = tuple(replace(m, deliver_by=same) for m in world.contract.milestones)
    it = replace(world.contract, milestones=parts)
    after, facts = silence.resolve(it, now=same)
    assert [f.type for f in facts] == ["milestone.overdue"] * 2
    assert all(m.told_overdue_at == same for m in after.milestones)
    _ended_well(in_silence(replace(world, contract=it)))


def test_no_moment_of_silence_comes_twice(worlds: list[World]) -> None:
    """A timer is known by its moment: what is left for the same moment would never be done."""
    for world in worlds:
        at = silence.wake(world.contract)
        if at is None:
            continue
        after, _ = silence.resolve(world.contract, now=max(at, world.now))
        assert silence.wake(after) != at, text(world)
