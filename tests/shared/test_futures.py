"""The dry run of silence, by the very rules that will do it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared import clock, futures
from shared.events import Fact
from shared.moves import Outcome
from tests.shared.toys import NOW

pytestmark = pytest.mark.pure

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Candle:
    """It burns down, an hour a step; `lit` is when it last burnt."""

    left: int
    lit: datetime = NOW


def wake(it: Candle) -> datetime | None:
    return it.lit + HOUR if it.left else None


def burn(it: Candle, *, now: datetime) -> Outcome[Candle]:
    facts = [Fact("candle.burnt", {}), Fact("candle.burnt", {})]
    return Candle(it.left - 1, now), facts if it.left > 1 else [Fact("candle.ended", {})]


def next_of(it: Candle) -> dict[str, Any] | None:
    return {"actor": "client", "action": "blow"} if it.left > 1 else None


def run(it: Candle, **how: Any) -> list[dict[str, str]]:
    return futures.dry_run(it, **{"wake": wake, "on_wake": burn, "next_of": next_of, **how})


def test_each_step_is_told_with_its_time_and_its_condition() -> None:
    assert run(Candle(2)) == [
        {"at": clock.text(NOW + HOUR), "what": "candle.burnt", "if": "the client does not blow"},
        {"at": clock.text(NOW + 2 * HOUR), "what": "candle.ended", "if": ""},
    ]


def test_what_is_over_has_no_future() -> None:
    assert run(Candle(0)) == []


def test_a_fact_that_is_said_twice_at_once_is_told_once() -> None:
    assert [step["what"] for step in run(Candle(2))].count("candle.burnt") == 1


def test_what_goes_on_for_ever_is_told_as_far_as_anybody_reads() -> None:
    assert len(run(Candle(10**6))) == futures.STEPS_MAX


def test_a_rule_that_changes_nothing_ends_the_story() -> None:
    def wait(it: Candle, *, now: datetime) -> Outcome[Candle]:
        return it, [Fact("candle.waited", {})]

    assert [step["what"] for step in run(Candle(3), on_wake=wait)] == ["candle.waited"]


def test_what_another_service_answers_is_part_of_the_story() -> None:
    def answered(it: Candle, at: datetime) -> Outcome[Candle]:
        return replace(it, left=0), [Fact("candle.blown", {})]

    assert [s["what"] for s in run(Candle(9), answered=answered)] == [
        *("candle.burnt", "candle.blown"),
    ]
