"""A worker's level, 0 to 3: a published formula on published figures, and what the next one needs.

A level may fall. A rate of which there is no sample yet is not held against anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.accounts.domain.measures import Measures, Rate

TASKS_OF_ONE = 20
"""So many approved assignments count as one completed contract."""
# What each level asks: so many completed, and each of the rates at least so high.
LEVELS: Mapping[int, tuple[int, float]] = {1: (1, 0.0), 2: (5, 0.8), 3: (20, 0.9)}


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that the next level needs and the member has not."""

    what: str
    has: float
    needs: float


@dataclass(frozen=True, slots=True)
class Level:
    """A level, and what is missing for the next; nothing is at the highest."""

    level: int
    missing: tuple[Missing, ...] = ()


def level(measures: Measures, reviews: Rate) -> Level:
    """Return the highest level of which all is there, as of all below it."""
    reached = 0
    for number in sorted(LEVELS):
        missing = _missing(number, measures, reviews)
        if missing:
            return Level(reached, missing)
        reached = number
    return Level(reached)


def completed(measures: Measures) -> int:
    """Return how many contracts were completed, with the tasks that come to some."""
    worker = measures.as_worker
    return worker.completion.hits + worker.task_approval.hits // TASKS_OF_ONE


def _missing(number: int, measures: Measures, reviews: Rate) -> tuple[Missing, ...]:
    least, share = LEVELS[number]
    worker = measures.as_worker
    rates = {
        "on_time_rate": worker.on_time,
        "completion_rate": worker.completion,
        "task_approval_rate": worker.task_approval,
        "reviews_satisfied_rate": reviews,
    }
    done = completed(measures)
    short = [] if done >= least else [Missing("completed", done, least)]
    for what, rate in rates.items():
        if rate.sample and rate.hits < share * rate.sample:
            short.append(Missing(what, rate.share or 0.0, share))
    return tuple(short)
