"""Silence always resolves, also when escrow answers late and in any order."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from services.contracts.domain import hearing, silence, waiting
from services.contracts.domain.contract import Contract
from shared import clock, futures
from shared.errors import Ignored
from tests.contracts.builders import a_contract
from tests.contracts.crossings import FINAL, World, everywhere, hear, stay_silent

pytestmark = pytest.mark.pure

AMOUNTS = [(75_000,), (40_000, 35_000), (10_000, 20_000, 30_000)]


@cache
def worlds(amounts: tuple[int, ...]) -> list[World]:
    return everywhere(a_contract(*amounts, revisions=1), most=2500)


def dry_run(it: Contract) -> list[dict[str, str]]:
    return futures.dry_run(
        it,
        wake=silence.wake,
        on_wake=silence.resolve,
        next_of=waiting.next_of,
        answered=hearing.answered,
    )


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_the_walk_reaches_every_state_there_is(amounts: tuple[int, ...]) -> None:
    states = Counter(w.it.state for w in worlds(amounts))
    assert set(states) == {"awaiting_funding", "active", "completed", "cancelled"}
    parts = {m.state for w in worlds(amounts) for m in w.it.milestones}
    assert parts >= {"pending", "funded", "delivered", "changes_requested", "accepted", "paid"}


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_every_state_that_waits_says_for_whom_and_has_a_timer(amounts: tuple[int, ...]) -> None:
    for world in worlds(amounts):
        it, waits = world.it, waiting.next_of(world.it)
        if it.state in FINAL:
            continue
        at = silence.wake(it)
        assert at is not None, world.path
        assert waits is not None, world.path
        assert at <= clock.parse(waits["by"]), world.path


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_silence_from_every_state_ends_and_leaves_no_money_behind(
    amounts: tuple[int, ...],
) -> None:
    for world in worlds(amounts):
        end = stay_silent(world)
        assert end.it.state in FINAL, world.path
        assert waiting.next_of(end.it) is None, world.path
        assert "funded" not in end.escrow.holds, (world.path, end.path)
        assert "opened" not in end.escrow.holds, (world.path, end.path)


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_what_was_delivered_and_stays_unanswered_is_paid(amounts: tuple[int, ...]) -> None:
    for world in worlds(amounts):
        delivered = [m.n for m in world.it.milestones if m.state in ("delivered", "accepted")]
        if world.it.state != "active":
            continue
        end = stay_silent(world)
        for n in delivered:
            assert end.it.milestones[n - 1].state == "paid", (n, world.path, end.path)
            assert end.escrow.holds[n - 1] == "released", (n, world.path, end.path)


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_the_contract_agrees_with_escrow_in_the_end(amounts: tuple[int, ...]) -> None:
    agree = {"released": {"paid"}, "refunded": {"refunded"}, "cancelled": {"pending"}}
    # Funded in the moment it completed without it: escrow sends the money back, and that is all.
    late = {"completed": {"refunded": {"refunded", "pending"}}}
    for world in worlds(amounts):
        end = stay_silent(world)
        for m, hold in zip(end.it.milestones, end.escrow.holds, strict=True):
            may = late.get(end.it.state, agree).get(hold, agree[hold])
            assert m.state in may, (m.n, world.path, end.path)


@pytest.mark.parametrize("amounts", AMOUNTS)
def test_the_dry_run_is_what_really_happens_step_by_step(amounts: tuple[int, ...]) -> None:
    """Where escrow owes no answer and nothing is late: then both begin with the same silence."""
    compared = 0
    for world in worlds(amounts):
        at = silence.wake(world.it)
        if world.escrow.answers or at is None or at < world.now:
            continue
        assert dry_run(world.it) == list(_really(world)), world.path
        compared += 1
    assert compared > 20


def _really(world: World) -> Iterator[dict[str, str]]:
    """Let time pass, and say what happened as a dry run says it."""
    while (at := silence.wake(world.it)) is not None:
        waits = waiting.next_of(world.it)
        condition = f"the {waits['actor']} does not {waits['action']}" if waits else ""
        outcome = silence.resolve(world.it, now=at)
        said = [f.type for f in outcome[1]]
        world = world.after("silence", outcome, at)
        while world.escrow.answers:
            type_, n = world.escrow.answers[0]
            amount = world.it.milestones[n - 1].released or world.it.milestones[n - 1].amount
            words: dict[str, Any] = {"type_": type_, "n": n, "amount": amount}
            with contextlib.suppress(Ignored):
                said += [f.type for f in hearing.hear_escrow(world.it, now=at, **words)[1]]
            world = hear(world)
        yield from (
            {"at": clock.text(at), "what": type_, "if": condition} for type_ in dict.fromkeys(said)
        )
