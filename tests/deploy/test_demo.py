"""`./dev demo --profile NAME` plays a marketplace; what runs is restarted as it.

Two of the seven; all of them, one after the other, with `DEMO_PROFILES=all`.
"""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.acts import ACTS
from deploy.dev import processes
from deploy.dev.home import Home
from shared import profiles
from tests.deploy.test_up import NOT_COPIED, ROOT

EVERY = sorted(path.stem for path in (ROOT / "deploy" / "profiles").glob("*.toml"))
CHOSEN = EVERY if os.environ.get("DEMO_PROFILES") == "all" else ["skima", "lancers"]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Home]:
    """A second checkout beside this one, with nothing running."""
    copy = Home(tmp_path / "checkout")
    shutil.copytree(ROOT, copy.root, ignore=NOT_COPIED)
    copy.dev.mkdir()
    (copy.dev / "venv").symlink_to(ROOT / ".dev" / "venv")
    yield copy
    processes.end_marked(copy)


def test_every_mode_of_a_profile_ends_with_the_wallets_that_its_quotes_foretold(
    checkout: Home,
) -> None:
    before = ""
    for name in CHOSEN:
        said = _demo(checkout, name)
        assert said.returncode == 0, said.stdout + said.stderr
        assert ("until now as" in said.stdout) == bool(before)
        if before:
            assert f"runs as {name} (restarted, until now as {before})" in said.stdout
        for mode in _modes(name):
            assert f"{ACTS[mode][0]} (" in said.stdout
        assert "the ledger sums to zero" in said.stdout
        before = name


@pytest.mark.pure
def test_there_is_an_act_for_every_mode() -> None:
    assert set(ACTS) == set(profiles.MODES)


def test_an_unknown_profile_is_refused_before_anything_is_started(checkout: Home) -> None:
    said = _demo(checkout, "nowhere")
    assert said.returncode == 2
    assert "lancers" in said.stderr
    assert processes.marked(checkout) == []


def _modes(name: str) -> tuple[str, ...]:
    path = ROOT / "deploy" / "profiles" / f"{name}.toml"
    return profiles.read(tomllib.loads(path.read_text())).modes


def _demo(checkout: Home, profile: str) -> subprocess.CompletedProcess[str]:
    argv = [str(checkout.root / "dev"), "demo", "--profile", profile]
    env = {name: value for name, value in os.environ.items() if name != "PROFILE"}
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, env=env, check=False)
