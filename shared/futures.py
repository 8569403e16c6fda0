"""The dry run of silence: what will happen by itself, by the very rules that will do it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from shared import clock
from shared.moves import Outcome

T = TypeVar("T")
STEPS_MAX = 50


def dry_run(
    thing: T,
    *,
    wake: Callable[[T], datetime | None],
    on_wake: Callable[..., Outcome[T]],
    next_of: Callable[[T], dict[str, Any] | None],
    answered: Callable[[T, datetime], Outcome[T]] = lambda thing, _: (thing, []),
) -> list[dict[str, str]]:
    """Return `[{at, what, if}]`: each fact that silence would cause, with its time and condition.

    `answered` gives the outcome after another service has done its part (released, refunded), so
    that the dry run does not stop where only the system is waited for.
    """
    future: list[dict[str, str]] = []
    for _ in range(STEPS_MAX):
        at = wake(thing)
        if at is None:
            break
        waits = next_of(thing)
        condition = f"the {waits['actor']} does not {waits['action']}" if waits else ""
        after, facts = on_wake(thing, now=at)
        after, more = answered(after, at)
        what = dict.fromkeys(fact.type for fact in (*facts, *more))
        future += [{"at": clock.text(at), "what": type_, "if": condition} for type_ in what]
        if after == thing:
            break
        thing = after
    return future
