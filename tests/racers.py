"""Many at once: the same act from several threads that start together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act(0)` to `act(count - 1)` together; return what each returned or raised."""
    gate = threading.Barrier(count)

    def one(n: int) -> Any:
        gate.wait(timeout=10)
        try:
            return act(n)
        except Exception as why:  # noqa: BLE001  (the caller looks at what went wrong)
            return why

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
