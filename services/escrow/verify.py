"""Check an exported journal without a database: `python -m services.escrow.verify FILE`.

The export is `GET /v1/ledger/proof?format=ndjson`, or `-` for standard input: each seal after the
entries it covers. What is checked:

* every line is canonical JSON, byte for byte; no entry comes twice
* every entry sums to zero, and so does everything, per currency
* no wallet is ever below zero, its lines are numbered without a gap and each says the balance that
  it leads to; no hold or payout has given more than it got
* the seals are numbered, chained, and their hashes are those of the entries; `--head` is the hash
  that the last of them must have, as the proof published it

Entries after the last seal are counted, and told apart: their bytes are nobody's word yet.
"""

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

NO_SEAL = "0" * 64
NEVER_BELOW = ("wallet:", "hold:", "payout:")


@dataclass(slots=True)
class Journal:
    """What was read so far; `wrong` says what is not right, as sentences."""

    wrong: list[str] = field(default_factory=list)
    entries: int = 0
    seals: int = 0
    head: str = NO_SEAL
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    wallets: dict[str, list[tuple[int, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    known: set[str] = field(default_factory=set)
    unsealed: list[dict[str, Any]] = field(default_factory=list)

    def totals(self) -> dict[str, int]:
        """Return the sum over all accounts, per currency."""
        sums: dict[str, int] = defaultdict(int)
        for account, amount in self.balances.items():
            sums[account.rpartition(":")[2]] += amount
        return dict(sums)


def verify(lines: Iterable[bytes], *, head: str = "") -> Journal:
    """Read an export and return what was found; `head`: the hash the last seal must have."""
    journal = Journal()
    for number, line in enumerate(lines, start=1):
        for what in _read(journal, line.rstrip(b"\n")):
            journal.wrong.append(f"line {number}: {what}")
    journal.wrong += _wallets(journal)
    for currency, total in journal.totals().items():
        if total:
            journal.wrong.append(f"all {currency} together come to {total}")
    if head and head != journal.head:
        journal.wrong.append(f"the last seal is {journal.head}, not {head}")
    return journal


def _read(journal: Journal, line: bytes) -> Iterator[str]:
    try:
        said = orjson.loads(line)
        kind, words = next(iter(said.items()))
        if orjson.dumps(said, option=orjson.OPT_SORT_KEYS) != line or len(said) != 1:
            yield "it is not canonical"
        if kind == "entry":
            yield from _entry(journal, words)
        elif kind == "seal":
            yield from _seal(journal, words)
        else:
            yield f"it is no entry and no seal: {kind}"
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as why:
        yield f"it cannot be read: {why!r}"


def _entry(journal: Journal, entry: dict[str, Any]) -> Iterator[str]:
    id_, currency = entry["_id"], entry["currency"]
    if id_ in journal.known:
        yield f"{id_} was there before"
    journal.known.add(id_)
    journal.unsealed.append(entry)
    journal.entries += 1
    if total := sum(line["amount"] for line in entry["lines"]):
        yield f"{id_} sums to {total}"
    for line in entry["lines"]:
        account = f"{line['account']}:{currency}"
        journal.balances[account] += line["amount"]
        if account.startswith("wallet:"):
            journal.wallets[account].append((line["n"], line["amount"], line["balance"]))


def _wallets(journal: Journal) -> Iterator[str]:
    """Follow each wallet by its own numbers: seals are in the order of time, roughly."""
    for account, lines in journal.wallets.items():
        balance = 0
        for n, (said, amount, after) in enumerate(sorted(lines), start=1):
            balance += amount
            if (said, after) != (n, balance) or balance < 0:
                yield f"{account}: its line {n} is numbered {said} and leads to {after}"
                break
    for account, amount in journal.balances.items():
        if amount < 0 and account.startswith(NEVER_BELOW):
            yield f"{account} is below zero: {amount}"


def _seal(journal: Journal, seal: dict[str, Any]) -> Iterator[str]:
    journal.seals += 1
    covered, journal.unsealed = journal.unsealed, []
    if seal["n"] != journal.seals:
        yield f"seal {seal['n']} stands where seal {journal.seals} should"
    if seal["prev"] != journal.head:
        yield f"seal {seal['n']} does not follow the one before"
    if seal["entries"] != [entry["_id"] for entry in covered]:
        yield f"seal {seal['n']} names other entries than stand before it"
    journal.head = _hash(seal["n"], seal["prev"], covered)
    if journal.head != seal["hash"]:
        yield f"seal {seal['n']} does not fit its entries"


def _hash(n: int, prev: str, entries: Iterable[dict[str, Any]]) -> str:
    digest = hashlib.sha256(_canonical({"n": n, "prev": prev}) + b"\n")
    for entry in entries:
        digest.update(_canonical(entry) + b"\n")
    return digest.hexdigest()


def _canonical(words: dict[str, Any]) -> bytes:
    return orjson.dumps(words, option=orjson.OPT_SORT_KEYS)


def main() -> int:
    """Verify a file and say what was found; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description="Check an exported journal.")
    parser.add_argument("file", help="the export, or - for standard input")
    parser.add_argument("--head", default="", help="the hash the last seal must have")
    asked = parser.parse_args()
    if asked.file == "-":
        found = verify(sys.stdin.buffer, head=asked.head)
    else:
        with open(asked.file, "rb") as lines:
            found = verify(lines, head=asked.head)
    for what in found.wrong:
        print(what)  # noqa: T201
    sums = ", ".join(f"{currency} {total}" for currency, total in sorted(found.totals().items()))
    print(  # noqa: T201
        f"{found.entries} entries, {found.seals} seals, {len(found.unsealed)} not sealed yet; "
        f"head {found.head}; totals {sums or 'none'}; "
        + (f"{len(found.wrong)} things are WRONG" if found.wrong else "all is right")
    )
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
