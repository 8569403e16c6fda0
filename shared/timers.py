"""A marketplace's rules that are numbers: how long silence lasts, how much is allowed.

Plain data, for the domains; `shared.profiles` reads it from the profile's file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any

MODES = ("project", "competition", "task", "storefront")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """How long silence lasts before it has its consequence, by what is waited for."""

    # Offers and contracts: the worker answers an offer; the client funds a contract.
    offer_answer: timedelta = timedelta(days=14)
    fund: timedelta = timedelta(days=7)
    fund_reminders: tuple[timedelta, ...] = (
        timedelta(days=1),
        timedelta(days=3),
        timedelta(days=6),
    )
    next_milestone_fund: timedelta = timedelta(days=14)
    # The client inspects a delivery, else it is accepted; what the parties may agree on.
    review: timedelta = timedelta(days=14)
    review_least: timedelta = timedelta(days=3)
    review_most: timedelta = timedelta(days=30)
    review_storefront: timedelta = timedelta(hours=72)
    pay_within: timedelta = timedelta(days=60)
    extension_answer: timedelta = timedelta(days=4)
    cancellation_answer: timedelta = timedelta(days=7)
    # Past the deadline: the client may cancel alone so long after a notice; both silent.
    overdue_notice: timedelta = timedelta(days=7)
    overdue_silence: timedelta = timedelta(days=14)
    # Hourly work: a time sheet goes as it is so long after its week; one that was sent back too.
    sheet_submit: timedelta = timedelta(hours=6)
    sheet_answer: timedelta = timedelta(days=3)
    # Nobody did anything: both are told; then the contract ends.
    idle_notice: timedelta = timedelta(days=90)
    idle_end: timedelta = timedelta(days=30)
    dispute_answer: timedelta = timedelta(days=7)
    dispute_decide: timedelta = timedelta(days=7)
    reviews_window: timedelta = timedelta(days=14)
    # Jobs.
    job_fund: timedelta = timedelta(days=7)
    proposal_lapse: timedelta = timedelta(days=30)
    competition_select: timedelta = timedelta(days=14)
    competition_extend: timedelta = timedelta(days=7)
    task_reservation: timedelta = timedelta(minutes=60)
    task_review: timedelta = timedelta(days=14)
    appeal_answer: timedelta = timedelta(days=7)
    # What was written and is held: an operator decides, else it is released.
    held_release: timedelta = timedelta(days=3)
    # Payouts: no word from the provider, then an operator looks as well.
    payout_operator: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rules that are numbers.

    Of a task's submissions at most max(`rejections_least`, floor(`rejections_share` x submitted))
    may be rejected, and none at all in jobs of `rejections_none_up_to` slots or fewer.
    """

    revisions: int = 2
    rejections_least: int = 3
    rejections_share: Fraction = Fraction(30, 100)
    rejections_none_up_to: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A marketplace; `words` is its whole file, for who owns a part of it."""

    id: str = "default"
    name: Mapping[str, str] = field(default_factory=lambda: {"ja": "標準", "en": "Default"})
    currency: str = "JPY"
    modes: tuple[str, ...] = MODES
    timers: Timers = field(default_factory=Timers)
    limits: Limits = field(default_factory=Limits)
    words: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def has(self, mode: str) -> bool:
        """Say whether this marketplace offers a mode of work."""
        return mode in self.modes
