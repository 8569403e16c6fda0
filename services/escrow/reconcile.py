"""Compare our books with a provider's statement: `./dev ops reconcile STATEMENT`.

A statement is CSV with a header and the columns `id,type,amount,currency`: `id` is the id that we
gave (`chg_...`, `pay_...`) or, of a transfer, the reference it was paid to; `type` is charge,
deposit, payout (`payout_returned`: the bank gave it back) or chargeback (`chargeback_reversed`);
`amount` in minor units, always positive.
`--ours` prints what our books say in the same form. The exit code is 1 when something differs.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click

from services.escrow.journal import ENTRIES
from shared import ops
from shared.documents import Doc
from shared.store import Db

COLUMNS = ("id", "type", "amount", "currency")
Movement = tuple[str, str, int, str]
"""Id, type, minor units, currency."""

_TYPES = {
    "fund": "charge",
    "tip": "charge",
    "deposit": "deposit",
    "payout_paid": "payout",
    "payout_returned": "payout_returned",
    "chargeback_received": "chargeback",
    "chargeback_reversed": "chargeback_reversed",
}


def ours(db: Db, provider: str) -> Iterator[Movement]:
    """Return every movement that our journal has with a provider."""
    account = f"provider:{provider}"
    for entry in db[ENTRIES].find({"lines.account": account}).sort([("at", 1), ("_id", 1)]):
        amount = sum(line["amount"] for line in entry["lines"] if line["account"] == account)
        type_ = _TYPES.get(entry["kind"], str(entry["kind"]))
        if type_ == "deposit" and entry["_id"].startswith("chg_"):
            type_ = "charge"  # taken for a hold that did not want it any more
        yield _id(entry, type_), type_, abs(int(amount)), entry["currency"]


def _id(entry: Doc, type_: str) -> str:
    if type_.startswith("payout"):
        return str(entry["subject"])
    if type_ == "charge" and entry["kind"] == "deposit":
        return str(entry["_id"]).partition(":")[0]
    return str(entry["cause"])


def read(lines: Iterable[str]) -> list[Movement]:
    """Read a statement.

    :raises ValueError: a line cannot be read
    """
    rows = csv.DictReader(lines)
    if rows.fieldnames is None or set(COLUMNS) - set(rows.fieldnames):
        raise ValueError(f"the columns are {', '.join(COLUMNS)}")
    return [(r["id"], r["type"], int(r["amount"]), r["currency"]) for r in rows]


def differences(books: Iterable[Movement], statement: Iterable[Movement]) -> list[str]:
    """Return what one side has and the other has not, and amounts that differ, as sentences."""
    here, there = Counter(books), Counter(statement)
    only_here, only_there = list((here - there).elements()), list((there - here).elements())
    found = []
    for mine in list(only_here):
        other = next((o for o in only_there if o[:2] == mine[:2]), None)
        if other is not None:
            only_here.remove(mine)
            only_there.remove(other)
            found.append(f"{mine[1]} {mine[0]}: {_sum(mine)} in our books, {_sum(other)} in theirs")
    found += [f"{one[1]} {one[0]}: {_sum(one)} only in our books" for one in only_here]
    found += [f"{one[1]} {one[0]}: {_sum(one)} only in their statement" for one in only_there]
    return sorted(found)


def _sum(movement: Movement) -> str:
    return f"{movement[2]} {movement[3]}"


def write(movements: Iterable[Movement], out: TextIO) -> None:
    """Write movements as a statement is written."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(movements)


@click.command()
@click.argument("statement", type=click.Path(exists=True, dir_okay=False), required=False)
@click.option("--provider", default="sandbox", show_default=True)
@click.option("--ours", "print_ours", is_flag=True, help="Print our books in the same form.")
def reconcile(statement: str | None, provider: str, print_ours: bool) -> None:
    """Compare our books with a provider's STATEMENT (CSV: id, type, amount, currency)."""
    books = list(ours(ops.database("escrow"), provider))
    if print_ours:
        write(books, sys.stdout)
        return
    if statement is None:
        raise click.UsageError("name the provider's statement, or ask for --ours")
    try:
        theirs = read(Path(statement).read_text(encoding="utf-8").splitlines())
    except ValueError as wrong:
        raise click.ClickException(f"the statement cannot be read: {wrong}") from wrong
    found = differences(books, theirs)
    for what in found:
        click.echo(what)
    click.echo(f"{len(books)} in our books, {len(theirs)} in theirs, {len(found)} differ")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    reconcile()
