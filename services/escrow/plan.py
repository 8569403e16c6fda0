"""What a transaction of the ledger is to write: worked out in memory before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.escrow import journal
from services.escrow.domain.posting import Entry
from shared.documents import Doc, Done, Kind, Once
from shared.errors import Conflict, Refused


class Raced(Exception):
    """Somebody changed the thing, or posted this entry, first: read anew and decide anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One thing as its rules left it, and the entries that book it. `old` None: it is new."""

    kind: Kind[Any]
    thing: Any
    outbox: Sequence[Doc]
    entries: Sequence[Entry] = ()
    old: Doc | None = None
    once: Once | None = None

    @property
    def version(self) -> int:
        """Return the version that the thing will have."""
        return 1 if self.old is None else int(self.old["version"]) + 1

    @property
    def done(self) -> Done[Any]:
        """Return what its caller is told."""
        answer = self.once.answer if self.once else {}
        return Done(self.thing, self.version, False, answer)


Verdict = Done[Any] | Refused | Raced


@dataclass(slots=True)
class Plan:
    """What one transaction writes, and what each posting is told."""

    verdicts: list[Verdict] = field(default_factory=list)
    granted: list[Posting] = field(default_factory=list)
    entries: list[Doc] = field(default_factory=list)
    balances: dict[str, Doc] = field(default_factory=dict)


def of(postings: Sequence[Posting], there: Mapping[str, Doc], now: datetime) -> Plan:
    """Return what is to be written of these, given the balances that are there."""
    plan = Plan()
    for posting in postings:
        balances = {**there, **plan.balances}
        entries = []
        for entry in posting.entries:
            counted: dict[str, Doc] = {}
            moved = _move(entry, balances, counted)
            if moved is None:
                break
            balances |= moved
            entries.append(journal.entry_doc(entry, at=now, counted=counted))
        if len(entries) < len(posting.entries):
            detail = "the wallet does not hold that much"
            plan.verdicts.append(Conflict("insufficient_funds", detail))
            continue
        plan.balances |= {id_: doc for id_, doc in balances.items() if there.get(id_) is not doc}
        plan.entries += entries
        plan.granted.append(posting)
        plan.verdicts.append(posting.done)
    return plan


def _move(
    entry: Entry, balances: Mapping[str, Doc], counted: dict[str, Doc]
) -> dict[str, Doc] | None:
    """Return the balances after an entry, or None when one would fall below zero."""
    moved: dict[str, Doc] = {}
    for line in entry.lines:
        if not journal.is_guarded(line.account):
            continue
        id_ = journal.balance_id(line.account, entry.currency)
        old = balances.get(id_, {"amount": 0, "n": 0})
        amount, n = old["amount"] + line.amount, old["n"] + 1
        if amount < 0:
            return None
        moved[id_] = {"_id": id_, "amount": amount, "n": n}
        counted[line.account] = {"n": n, "balance": amount}
    return moved
