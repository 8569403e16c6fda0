"""The short run of every test run; the long one is `./dev chaos --stories 2000 --kills 60`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
def test_stories_under_fire_lose_nothing_and_do_nothing_twice() -> None:
    argv = [sys.executable, "-m", "tests.chaos", "--stories", "80", "--kills", "8", "--seed", "11"]
    run = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-3000:]
