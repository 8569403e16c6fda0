"""Points where a test may kill a process: refused elsewhere, and all of them real."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared import faults

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("wish", ["after_write", "after_write:3"])
def test_nothing_is_armed_outside_a_test_deployment(
    monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    monkeypatch.delenv("UKEOI_TEST_DEPLOYMENT", raising=False)
    with pytest.raises(SystemExit):
        faults.arm(wish)
    assert faults._armed == {}


def test_a_point_that_is_not_there_cannot_be_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UKEOI_TEST_DEPLOYMENT", "1")
    with pytest.raises(SystemExit, match="no crash point"):
        faults.arm("after_lunch")


def test_an_armed_process_dies_at_the_pass_that_was_named() -> None:
    code = (
        "from shared import faults; faults.arm('after_write:3')\n"
        "for n in range(9): faults.point('before_write'); faults.point('after_write'); print(n)"
    )
    env = {"UKEOI_TEST_DEPLOYMENT": "1", "PYTHONUNBUFFERED": "1"}
    died = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert died.stdout.split() == [b"0", b"1"]


def test_every_point_is_passed_somewhere_and_every_pass_is_a_point() -> None:
    code = "".join(p.read_text() for f in ("shared", "services") for p in (ROOT / f).rglob("*.py"))
    passed = set(re.findall(r'faults\.point\("(\w+)"\)', code))
    assert passed == set(faults.POINTS)
