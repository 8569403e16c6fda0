"""All rules together: money, work and facts that go astray (see `machine`)."""

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.together.machine import machine
from tests.together.world import Ground

STORIES = int(os.environ.get("TOGETHER_STORIES", "8"))


def test_stories_end_well_whatever_becomes_of_their_facts(ground: Ground) -> None:
    how = settings(  # a story that fails is shortened by `python -m tests.together`
        max_examples=STORIES,
        stateful_step_count=15,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(ground), settings=how)


@pytest.mark.parametrize("bug", ["no_receipts", "no_timers"])
def test_a_planted_bug_is_found(bug: str, mongo_url: str) -> None:
    words = ["--bug", bug, "--examples", "20", "--steps", "15"]
    env = {**os.environ, "TEST_MONGO_URL": mongo_url}
    found = subprocess.run(
        [sys.executable, "-m", "tests.together", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
