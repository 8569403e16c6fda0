"""What is printed and written: a table for each row, one of the goals, and everything as JSON."""

import json
import os
import statistics
from collections.abc import Iterable, Sequence

from tests.bench.measure import Measured, Spread


def row_table(measured: Measured) -> str:
    """Return a row's figures and ratios as a markdown table."""
    row = measured.row
    lines = [f"### {row.id}: {row.title}", ""]
    lines += [f"| {row.unit} | median | least to most | CPU each |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {_said(spread.median)} | {_said(spread.least)} to {_said(spread.most)} "
        f"| {_cpu(measured, name)} |"
        for name, spread in measured.figures().items()
    ]
    lines += ["", *(f"- {c.name}: {c.promises}." for c in row.contestants)]
    lines += [f"- {name} {why}" for name, why in (measured.missing | measured.broken).items()]
    if row.notes:
        lines.append(f"- {row.notes}")
    lines.append(f"- {_conditions(measured)}")
    return "\n".join([*lines, ""])


def goals_table(measured: Iterable[Measured]) -> str:
    """Return the goals of all rows, with what was reached."""
    lines = ["| row | against | goal | median | least to most | |", "|---|---|---:|---:|---:|---|"]
    for one in measured:
        for goal, spread in one.ratios():
            where = f"| {one.row.id} | {goal.text} | {goal.bound} "
            if spread is None:
                lines.append(f"{where}| | | not measured |")
                continue
            said = f"{spread.median:.2f} | {spread.least:.2f} to {spread.most:.2f}"
            verdict = "reached" if goal.is_reached(spread.median) else "missed"
            lines.append(f"{where}| {said} | {verdict} |")
    return "\n".join([*lines, ""])


def as_markdown(measured: Sequence[Measured]) -> str:
    """Return everything as one markdown text."""
    return "\n".join([goals_table(measured), *map(row_table, measured)])


def as_json(measured: Sequence[Measured], *, quick: bool) -> str:
    """Return everything, each turn's figures included."""
    words = {
        "cores": os.cpu_count(),
        "quick": quick,
        "rows": {one.row.id: _words(one) for one in measured},
    }
    return json.dumps(words, indent=2) + "\n"


def _words(one: Measured) -> dict[str, object]:
    return {
        "title": one.row.title,
        "unit": one.row.unit,
        "figures": {name: _spread(s) for name, s in one.figures().items()},
        "goals": [
            {
                "against": goal.text,
                "goal": goal.bound,
                "ratio": None if spread is None else _spread(spread),
                "reached": None if spread is None else goal.is_reached(spread.median),
            }
            for goal, spread in one.ratios()
        ],
        "turns": one.turns,
        "cpu_us_each": one.cpu_us,
        "cores_used_by_others": one.loads,
        "missing": one.missing,
        "broken": one.broken,
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "least": spread.least, "most": spread.most}


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cpu(measured: Measured, name: str) -> str:
    used = measured.cpu_us.get(name)
    return f"{statistics.median(used):,.0f} µs" if used else ""


def _conditions(measured: Measured) -> str:
    if not measured.loads:
        return "nothing was measured"
    busy = Spread.of(measured.loads)
    return (
        f"{len(measured.turns)} turns; other processes used {busy.median:.2f} cores meanwhile "
        f"({busy.least:.2f} to {busy.most:.2f})."
    )
