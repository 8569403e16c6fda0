"""The rows can be measured, and what comes out is said: medians, ratios turn by turn, verdicts."""

import importlib
import json

import pytest

from tests.bench import report
from tests.bench.__main__ import ROWS
from tests.bench.measure import Contestant, Goal, Measured, Row

pytestmark = pytest.mark.pure

ROW = Row(
    id="B0",
    title="toys",
    unit="toys/s",
    contestants=[
        Contestant("floor", lambda _: 1.0, "nothing"),
        Contestant("ours", lambda _: 1.0, "all"),
    ],
    goals=[
        Goal("the floor", lambda f: f["ours"] / f["floor"], least=0.5),
        Goal("the floor's wait", lambda f: f["ours"] / f["floor"], most=0.5),
        Goal("who is not here", lambda f: f["ours"] / f["nobody"], least=1),
    ],
)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_contestants_that_say_what_they_promise_and_a_goal(name: str) -> None:
    row: Row = importlib.import_module(f"tests.bench.rows.{name.lower()}").ROW
    assert row.id == name
    assert row.goals
    assert all(contestant.promises for contestant in row.contestants)


def test_a_ratio_is_taken_turn_by_turn_and_its_median_decides() -> None:
    turns = [{"floor": 10.0, "ours": 6.0}, {"floor": 1.0, "ours": 0.9}, {"floor": 100.0, "ours": 1}]
    measured = Measured(ROW, turns=turns)
    said = {goal.text: spread for goal, spread in measured.ratios()}
    floor = said["the floor"]
    assert floor is not None
    assert (floor.median, floor.least, floor.most) == (0.6, 0.01, 0.9)
    assert said["who is not here"] is None
    table = report.goals_table([measured])
    assert "| B0 | the floor | >= 0.5 | 0.60 | 0.01 to 0.90 | reached |" in table
    assert "| B0 | the floor's wait | <= 0.5 | 0.60 | 0.01 to 0.90 | missed |" in table
    assert "not measured" in table


def test_the_json_holds_every_turn() -> None:
    measured = Measured(ROW, turns=[{"floor": 2.0, "ours": 1.0}], loads=[0.1])
    words = json.loads(report.as_json([measured], quick=True))["rows"]["B0"]
    assert words["turns"] == [{"floor": 2.0, "ours": 1.0}]
    assert [goal["reached"] for goal in words["goals"]] == [True, True, None]
