"""Statements as a file: rows for a spreadsheet, a page to print."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from shared import clock
from shared.money import Money

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


def statement_page(month: Mapping[str, Any]) -> str:
    """Return a month's statement as a page that needs nothing else and prints on paper."""
    invoice = month["invoice"]
    kind = "適格請求書 / Qualified invoice" if invoice["qualified"] else "Not a qualified invoice"
    facts = (
        ("Opening / 繰越", _said(month["opening"])),
        ("Received / 入金", _said(month["received"])),
        ("Spent / 出金", _said(month["spent"])),
        ("Closing / 残高", _said(month["closing"])),
        ("Fees with tax / 手数料(税込)", _said(invoice["fees"])),
        (f"Consumption tax / 消費税 ({invoice['rate']})", _said(invoice["tax"])),
        ("Withheld / 源泉徴収", _said(month["withheld"])),
        ("Issuer / 発行者", f"{invoice['issuer']} {invoice['number']}"),
    )
    rows = (
        (
            clock.text(line["at"])[:10],
            line["kind"],
            line["ref"],
            _said(line["amount"]),
            _said(line["balance"]),
            "; ".join(f"{s['base']} x {s['rate']} = {s['amount']}" for s in line["steps"]),
        )
        for line in month["lines"]
    )
    head = "".join(f"<tr><th>{escape(name)}<td>{escape(said)}" for name, said in facts)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}" for c in row) for row in rows)
    return _PAGE.format(month=escape(month["month"]), kind=escape(kind), head=head, body=body)


def _said(money: Money) -> str:
    return f"{money.amount:,} {money.currency}"


_PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>{month}</title>
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse;margin:1em 0}}
td,th{{border-bottom:1px solid #999;padding:.3em .8em;text-align:left}}</style>
<h1>{month}</h1><p>{kind}</p><table>{head}</table>
<table><tr><th>Date<th>Kind<th>For<th>Amount<th>Balance<th>Steps{body}</table></html>
"""
