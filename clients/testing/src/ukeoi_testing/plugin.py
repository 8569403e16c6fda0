"""The fixtures and options; pytest finds them by the entry point `ukeoi`."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ukeoi_client import Member, Ukeoi
from ukeoi_testing.market import Market

UP_TIMEOUT_S = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take where the marketplace is, or comes from."""
    group = parser.getgroup("ukeoi")
    group.addoption("--ukeoi-url", help="A marketplace that runs.")
    group.addoption("--ukeoi-checkout", help="A checkout to start one from.")


@pytest.fixture(scope="session")
def market(request: pytest.FixtureRequest) -> Iterator[Market]:
    """A running marketplace; without one the test is skipped."""
    url = request.config.getoption("--ukeoi-url") or os.environ.get("UKEOI_URL")
    checkout = request.config.getoption("--ukeoi-checkout") or os.environ.get("UKEOI_CHECKOUT")
    if url:
        clock = os.environ.get("UKEOI_CLOCK_FILE")
        with Ukeoi(url) as ukeoi:
            yield Market(ukeoi, Path(clock) if clock else None)
    elif checkout:
        with _brought_up(Path(checkout)) as (found, clock_file), Ukeoi(found) as ukeoi:
            yield Market(ukeoi, clock_file)
    else:
        pytest.skip("no marketplace: --ukeoi-url or --ukeoi-checkout")


@pytest.fixture(scope="session")
def a_member(market: Market) -> Callable[..., Member]:
    """Return what makes members: `a_member(name=..., locale=..., money=...)`."""
    return market.member


@pytest.fixture(scope="session")
def a_contract(market: Market) -> Callable[..., dict[str, Any]]:
    """Return what makes contracts: `a_contract(client=..., worker=..., amount=..., state=...)`."""
    return market.contract


@contextmanager
def _brought_up(checkout: Path) -> Iterator[tuple[str, Path]]:
    """Start a test deployment of a checkout, and stop it unless it was up before."""
    url_file = checkout / ".dev" / "url"
    was_up = url_file.exists()
    if not was_up:
        _dev(checkout, "up", "--test")
    try:
        yield url_file.read_text().strip(), checkout / ".dev" / "clock"
    finally:
        if not was_up:
            _dev(checkout, "down")


def _dev(checkout: Path, *words: str) -> None:
    argv = [str(checkout.resolve() / "dev"), *words]
    done = subprocess.run(  # noqa: S603
        argv, cwd=checkout, capture_output=True, text=True, timeout=UP_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}")
