"""`./dev up` brings up a whole deployment that heals itself, and `./dev down` leaves nothing."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.dev import home, processes
from deploy.dev.home import Home
from tests.deploy.load import Load

ROOT = home.here().root
NOT_COPIED = shutil.ignore_patterns(".dev", ".git", ".bench", ".*_cache", "__pycache__")
HEAL_TIMEOUT_S = 40
KILLED = ("mongod", "rabbitmq", "epmd", "gateway", "accounts-web", "accounts-worker")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Home]:
    """A second checkout beside this one, with nothing running."""
    copy = Home(tmp_path / "checkout")
    shutil.copytree(ROOT, copy.root, ignore=NOT_COPIED)
    copy.dev.mkdir()
    (copy.dev / "venv").symlink_to(ROOT / ".dev" / "venv")
    yield copy
    processes.end_marked(copy)


def test_whatever_is_killed_comes_back_and_down_leaves_nothing(checkout: Home) -> None:
    _dev(checkout, "up")
    assert all(program["ready"] for program in _status(checkout).values())
    for name in KILLED:
        before = _status(checkout)[name]
        os.kill(before["pid"], signal.SIGKILL)
        _wait_until_back(checkout, name, before)
    _dev(checkout, "down")
    assert processes.marked(checkout) == []
    assert not checkout.url_file.exists()


def test_what_lost_its_supervisor_is_found_and_ended(checkout: Home) -> None:
    _dev(checkout, "up")
    supervisor = int((checkout.run / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    assert len(processes.marked(checkout)) > len(KILLED)
    _dev(checkout, "down", "--wipe")
    assert processes.marked(checkout) == []
    assert not checkout.data.exists()


def test_every_service_is_restarted_under_load_and_no_request_fails(checkout: Home) -> None:
    _dev(checkout, "up")
    load = Load(checkout.url_file.read_text().strip(), tellers=3, patience_s=120)
    with load.flowing():
        load.wait_for_more(1)
        before = _at_work(checkout)
        _dev(checkout, "restart")
        _wait_until_replaced(checkout, before)
        load.wait_for_more(6)
    load.nothing_is_lost()
    assert load.failed_requests == []


def _at_work(checkout: Home) -> dict[str, set[int]]:
    """Return the processes of each service that do its work: workers, and what gunicorn started."""
    found = {}
    for name, program in _status(checkout).items():
        pid = program["pid"] or 0
        if name.endswith("-worker"):
            found[name] = {pid}
        elif name.endswith("-web"):
            below = Path(f"/proc/{pid}/task/{pid}/children")
            found[name] = {int(child) for child in below.read_text().split()}
    return found


def _wait_until_replaced(checkout: Home, before: dict[str, set[int]]) -> None:
    deadline = time.monotonic() + 90
    while True:
        now = _at_work(checkout)
        old = {name for name, pids in now.items() if not pids or pids & before[name]}
        if not old and all(program["ready"] for program in _status(checkout).values()):
            return
        assert time.monotonic() < deadline, f"still the old ones: {old}"
        time.sleep(0.5)


def _wait_until_back(checkout: Home, name: str, before: dict[str, Any]) -> None:
    """Wait until the program runs anew and is counted, and all others are ready as well."""
    deadline = time.monotonic() + HEAL_TIMEOUT_S
    while True:
        now = _status(checkout)
        anew = now[name]["pid"] not in (None, before["pid"])
        if anew and all(program["ready"] for program in now.values()):
            assert now[name]["restarts"] == before["restarts"] + 1
            return
        assert time.monotonic() < deadline, now
        time.sleep(0.2)


def _status(checkout: Home) -> dict[str, dict[str, Any]]:
    said = json.loads(_dev(checkout, "status", "--json", check=False))
    return {program["name"]: program for program in said["programs"]}


def _dev(checkout: Home, *words: str, check: bool = True) -> str:
    done = subprocess.run(
        [str(checkout.root / "dev"), *words], capture_output=True, text=True, timeout=150
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout
