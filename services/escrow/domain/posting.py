"""A journal entry as a rule says it: lines that sum to zero, from one cause.

Accounts: `hold:*`, `wallet:{member}`, `payout:*`, `fees`, `tax:*`, `provider:*`, `suspense`,
`losses`, `receivable:{member}`. A positive line puts money into the account; what came in from
outside stands as a negative sum of `provider:*`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from services.escrow.domain.quote import Step
from shared.events import Fact

T = TypeVar("T")

FEES = "fees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account's part of an entry, signed minor units.

    `kind` and `steps` explain a wallet's line to its member where the entry's own kind does not.
    """

    account: str
    amount: int
    kind: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journal entry; `id` comes from the cause, so that the same cause is the same entry.

    `subject` is the hold or payout that moved, `ref` what a member knows it by: the contract, the
    job, or the payout.
    """

    id: str
    kind: str
    subject: str
    ref: str
    currency: str
    cause: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        accounts = [line.account for line in self.lines]
        assert sum(line.amount for line in self.lines) == 0, f"{self.id} does not sum to zero"  # noqa: S101
        assert all(line.amount for line in self.lines), f"{self.id} has an empty line"  # noqa: S101
        assert len(set(accounts)) == len(accounts) > 1, f"{self.id}: {accounts}"  # noqa: S101


Decision = tuple[T, list[Fact], Entry | None]
"""What a rule about money answers: the thing, what happened, and how it is booked."""


def wallet(member_id: str) -> str:
    """Return the account of a member's own money."""
    return f"wallet:{member_id}"


def lines(parts: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines that move something."""
    return tuple(part for part in parts if part.amount)
