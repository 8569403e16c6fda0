"""Statements as a file: rows for a spreadsheet (`services.escrow.pages` has the page to print)."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from shared import clock

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("at", "id", "kind", "ref", "in", "out", "balance", "currency", "steps")


def statement_csv(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return a statement as CSV, a row at a time; no cell is ever a formula."""
    yield _row(COLUMNS)
    for line in lines:
        amount = line["amount"].amount
        steps = "; ".join(
            f"{s['name']} {s['base']} x {s['rate']} = {s['amount']}" for s in line["steps"]
        )
        yield _row(
            (
                clock.text(line["at"]),
                line["id"],
                line["kind"],
                line["ref"],
                max(amount, 0) or "",
                max(-amount, 0) or "",
                line["balance"].amount,
                line["amount"].currency,
                steps,
            )
        )


def _row(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_safe(str(cell)) for cell in cells])
    return out.getvalue()


def _safe(cell: str) -> str:
    """A spreadsheet computes a cell that begins like a formula; a quote makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
