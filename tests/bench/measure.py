"""What a row of the table is, how its contestants take turns, and what becomes of their figures."""

import statistics
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.load import Others, wait_for_calm
from tests.bench.rig import NotHere, Rig

CALM_PATIENCE_S = 30

Figures = Mapping[str, float]
"""Figure name -> value, in the unit of the row."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who takes a turn: `run(rig)` gives one figure, or several by name."""

    name: str
    run: Callable[[Rig], float | Figures]
    promises: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio between figures of the same turn, and what it should reach."""

    text: str
    ratio: Callable[[Figures], float]
    least: float | None = None
    most: float | None = None

    def is_reached(self, ratio: float) -> bool:
        """Say whether this ratio is good enough."""
        return (self.least is None or ratio >= self.least) and (
            self.most is None or ratio <= self.most
        )

    @property
    def bound(self) -> str:
        """Say what is to be reached."""
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the speed table."""

    id: str
    title: str
    unit: str
    contestants: Sequence[Contestant]
    goals: Sequence[Goal]
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and the least and greatest of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of at least one figure."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(slots=True)
class Measured:
    """What came out of a row: every figure of every turn."""

    row: Row
    turns: list[dict[str, float]] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    cpu_us: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def figures(self) -> dict[str, Spread]:
        """Return each figure's spread over the turns."""
        names = dict.fromkeys(name for turn in self.turns for name in turn)
        return {name: Spread.of([t[name] for t in self.turns if name in t]) for name in names}

    def ratios(self) -> Iterator[tuple[Goal, Spread | None]]:
        """Yield each goal with the spread of its ratio, taken turn by turn; None: no figures."""
        for goal in self.row.goals:
            found = [r for turn in self.turns if (r := _ratio(goal, turn)) is not None]
            yield goal, Spread.of(found) if found else None


def _ratio(goal: Goal, turn: Figures) -> float | None:
    try:
        return goal.ratio(turn)
    except (KeyError, ValueError):  # a contestant of this goal is not here
        return None


def measure(
    row: Row, rig: Rig, *, runs: int, calm: float | None, say: Callable[[str], None]
) -> Measured:
    """Let the contestants take turns, the first of one turn being the last of the next.

    `calm`: each waits until the rest of the machine uses less than so many cores.
    """
    measured = Measured(row)
    for turn in range(runs):
        figures: dict[str, float] = {}
        shift = turn % len(row.contestants)
        for contestant in (*row.contestants[shift:], *row.contestants[:shift]):
            if contestant.name in measured.missing:
                continue
            if calm is not None:
                wait_for_calm(calm, CALM_PATIENCE_S)
            try:
                rig.cpu_us_each = None
                others = Others()
                found = contestant.run(rig)
                measured.loads.append(others.cores())
            except NotHere as why:
                measured.missing[contestant.name] = f"not here: {why}"
                say(f"{row.id} {contestant.name}: not here: {why}")
                continue
            except Exception as why:  # noqa: BLE001  (the other rows are worth having)
                measured.broken[contestant.name] = f"broke: {why!r}"
                say("".join(traceback.format_exception(why)))
                continue
            named = found if isinstance(found, Mapping) else {contestant.name: found}
            figures.update(named)
            if rig.cpu_us_each is not None and len(named) == 1:
                measured.cpu_us.setdefault(contestant.name, []).append(rig.cpu_us_each)
            said = ", ".join(f"{name} {value:,.4g}" for name, value in named.items())
            say(f"{row.id} {turn + 1}/{runs}: {said} {row.unit} (others: {measured.loads[-1]:.2f})")
        measured.turns.append(figures)
    return measured


def best_of(*names: str) -> Callable[[Figures], float]:
    """Return what picks the greatest of these figures, of those that are there."""
    return lambda figures: max(figures[name] for name in names if name in figures)
