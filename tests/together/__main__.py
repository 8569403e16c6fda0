"""Run the machine for longer: `python -m tests.together --examples 200 [--bug no_dedupe]`.

With a bug of `tests/chaos/bugs.py` it is expected to fail: the exit code is 1 when it found nothing
wrong where something was, or something where nothing should be.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from pymongo import MongoClient

from tests import backends
from tests.chaos import bugs


def main() -> int:
    """Run it; say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="do not shorten a story that fails")
    parser.add_argument("--bug", choices=sorted(bugs.BUGS), help="plant this, and expect to fail")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if asked.bug:
        bugs.plant(asked.bug)
    found, began = "", time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(Path(folder), asked.examples, asked.steps, quick=asked.quick or bool(asked.bug))
        except BaseException as wrong:
            if isinstance(wrong, KeyboardInterrupt | SystemExit):
                raise
            found = f"{type(wrong).__name__}: {wrong}"
            if not asked.bug:
                raise
    from tests.together.machine import REACHED as reached  # noqa: N811

    took = time.monotonic() - began
    print(  # noqa: T201
        f"{asked.examples} stories of up to {asked.steps} steps, {took:.0f} s: {found or 'well'}"
    )
    for state, times in sorted(reached.items()):
        print(f"{times:6} {state}")  # noqa: T201
    return int(bool(found) != bool(asked.bug))


def run(folder: Path, examples: int, steps: int, *, quick: bool) -> None:
    """Build the ground and play; `quick`: the first failure is enough, however long its story."""
    from tests.callers import Signer
    from tests.together.machine import machine
    from tests.together.world import Ground

    url, signer = backends.mongo_url(), Signer(folder / "keys")
    environment(url, signer)
    with MongoClient(url, tz_aware=True, timeoutMS=5000) as mongo:
        ground = Ground.made(mongo, url, signer, folder / "clock")
        phases = [Phase.generate] if quick else [Phase.generate, Phase.shrink]
        how = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=phases,
            database=None,
            derandomize=quick,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(machine(ground), settings=how)
        finally:
            ground.close()


def environment(url: str, signer: object) -> None:
    """Let reactions find their profile, and the clock be moved."""
    os.environ |= {
        "MONGO_URL": url,
        "MONGO_DB": "none",
        "AMQP_URL": "amqp://127.0.0.1:9/",
        "JWT_PUBLIC_KEYS": str(getattr(signer, "public", "")),
        "UKEOI_TEST_DEPLOYMENT": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
