"""The pytest plugin: an outside project plays on a marketplace that the plugin brings up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import home, processes
from deploy.dev.home import Home

ROOT = home.here().root
NOT_COPIED = shutil.ignore_patterns(".dev", ".git", ".bench", ".*_cache", "__pycache__")

OUTSIDE = """
def test_the_silent_client_accepts_after_fifteen_days(market, a_member, a_contract):
    worker = a_member(money=75_000)
    assert worker.get_wallet().body["available"] == {"amount": 75_000, "currency": "JPY"}
    contract = a_contract(worker=worker, amount=100_000)
    assert contract["state"] == "active"
    worker.deliver(contract["id"], 1, {"note": "done"})
    market.move_clock(days=15)
    market.wait_for(worker, f"/v1/contracts/{contract['id']}", state="completed")
    gets = worker.get_quote(amount=100_000).body["worker"]["gets"]["amount"]
    market.wait_for(
        worker, "/v1/wallet", available={"amount": 75_000 + gets, "currency": "JPY"}
    )


def test_an_offer_waits_for_its_answer(a_contract, a_member):
    worker = a_member("Taro", locale="en")
    offer = a_contract(worker=worker, state="offered")
    assert offer["state"] == "sent"
    assert [o["id"] for o in worker.list_offers(role="worker")] == [offer["id"]]
"""


def run(tests: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an outside project's tests with the plugin, as its entry point would load it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("UKEOI_", "PYTEST_"))}
    env["PYTHONPATH"] = f"{ROOT}/clients/python/src:{ROOT}/clients/testing/src"
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "ukeoi_testing.plugin", *words, str(tests)]
    return subprocess.run(
        argv, cwd=tests.parent, env=env, capture_output=True, text=True, timeout=280, check=False
    )


@pytest.mark.pure
def test_without_a_marketplace_the_tests_are_skipped(tmp_path: Path) -> None:
    tests = tmp_path / "test_outside.py"
    tests.write_text(OUTSIDE)
    done = run(tests)
    assert "2 skipped" in done.stdout, done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_a_checkout_is_brought_up_played_on_and_taken_down(tmp_path: Path) -> None:
    checkout = Home(tmp_path / "checkout")
    shutil.copytree(ROOT, checkout.root, ignore=NOT_COPIED)
    checkout.dev.mkdir()
    (checkout.dev / "venv").symlink_to(ROOT / ".dev" / "venv")
    tests = tmp_path / "outside" / "test_outside.py"
    tests.parent.mkdir()
    tests.write_text(OUTSIDE)
    try:
        done = run(tests, "--ukeoi-checkout", str(checkout.root))
        assert "2 passed" in done.stdout, done.stdout + done.stderr
        assert processes.marked(checkout) == []
    finally:
        processes.end_marked(checkout)


@pytest.mark.pure
@pytest.mark.parametrize("name", ["python", "testing"])
def test_the_package_builds_with_what_it_needs(name: str, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    argv = [str(uv), "build", "--offline", "--wheel", "--out-dir", str(tmp_path)]
    done = subprocess.run(
        [*argv, str(ROOT / "clients" / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "py.typed" in listed.stdout
