"""The interpreter, set for what our processes do: many short-lived objects, threads that wait."""

import gc
import sys

YOUNG_MAX = 20_000
"""A batch of 500 events makes about as many objects; most are gone before it ends."""
SWITCH_S = 0.0005
"""A thread that the database has answered gets its turn within this time, not within 5 ms."""


def tune() -> None:
    """Call once, when everything is imported: what is there by now is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 10, 10)
    sys.setswitchinterval(SWITCH_S)
