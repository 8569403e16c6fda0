"""Made-up requests get documented answers, and never a 5xx; for more of them: tests.edge.fuzz."""

import json
from typing import Any

import pytest

from services.contracts.api import seeing
from tests.edge import fuzz
from tests.edge.world import World

TIME_S = 35


@pytest.mark.timeout(240)
def test_made_up_requests_find_nothing_wrong(world: World) -> None:
    fuzz.furnish(world)
    with fuzz.short_streams():
        report = fuzz.run(world, examples=3, seed=1, max_time_s=TIME_S)
    assert not report.findings, "\n".join(report.lines())
    assert not report.errors, "\n".join(report.lines())
    assert report.requests > 200, "\n".join(report.lines())


@pytest.mark.parametrize("fault", ["a 500", "a word that is not documented", "a missing word"])
def test_a_fault_is_found(world: World, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: what a service does wrong comes out."""
    world.offer()
    good = seeing.say_offer

    def faulty(*args: Any, **how: Any) -> dict[str, Any]:
        said = good(*args, **how)
        if fault == "a 500":
            raise KeyError("a bug")
        if fault == "a missing word":
            del said["state"]
            return said
        return {**said, "secret": "x"}

    monkeypatch.setattr(seeing, "say_offer", faulty)
    report = fuzz.run(world, examples=10, seed=1, only="get_offer")
    assert report.findings, json.dumps(report.statuses)
