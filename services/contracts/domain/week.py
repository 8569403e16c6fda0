"""Hourly work: its terms, a week of it, and what the hours of a week come to.

A week is a milestone of the contract: what it may cost at most is held before it begins. Weeks end
with Sunday in Japan, whose days the law and the written terms count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared import clock
from shared.money import Money

ZONE = ZoneInfo("Asia/Tokyo")
WEEKS_MAX = 156
"""Three years; after that a new contract is made, and its terms are written anew."""
ENTRIES_MAX = 70
SHORTEST = timedelta(days=3)
"""A week that would be shorter, because it is funded late, takes the next one with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hourly:
    """What was agreed on: the rate of an hour, how many hours of a week at most.

    `until` is the last day; without one it goes on until somebody ends it.
    """

    rate: Money
    cap_hours: int
    until: datetime | None = None

    @property
    def week_costs(self) -> Money:
        """Return what a week costs at most: that much is held for it."""
        return Money(self.rate.amount * self.cap_hours, self.rate.currency)

    def words(self) -> dict[str, Any]:
        """Return it as facts say it."""
        return {
            "rate": self.rate.words(),
            "weekly_cap_hours": self.cap_hours,
            "until": clock.text(self.until) if self.until else None,
        }

    @classmethod
    def of(cls, words: Mapping[str, Any] | None) -> "Hourly | None":
        """Return what `words()` said, None for work at a fixed price."""
        if not words:
            return None
        return cls(
            rate=Money.of(words["rate"]),
            cap_hours=words["weekly_cap_hours"],
            until=clock.parse(words["until"]) if words.get("until") else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The contract is to end: no work after `at`. `by`: client, worker, or `system` by a rule."""

    by: str
    reason: str
    asked_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Time on one day as the contract keeps it; its note is in the time sheet."""

    id: str
    day: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week at the rate and cap that it was funded with.

    `times` are kept until it is settled, `minutes` for good. `followed`: the week after it is
    planned, or there will be none.
    """

    starts_at: datetime
    ends_at: datetime
    rate: Money
    cap_minutes: int
    minutes: int = 0
    times: tuple[Time, ...] = ()
    followed: bool = False

    @property
    def pay(self) -> Money:
        """Return what the hours come to: minutes x rate / 60, rounded down once for the week."""
        return Money(self.rate.amount * self.minutes // 60, self.rate.currency)


def of(terms: Hourly, starts_at: datetime) -> Week:
    """Return the week that begins then."""
    return Week(
        starts_at=starts_at,
        ends_at=end_of(starts_at),
        rate=terms.rate,
        cap_minutes=terms.cap_hours * 60,
    )


def end_of(starts_at: datetime) -> datetime:
    """Return the end of the Sunday with which a week that begins then is over."""
    earliest = (starts_at + SHORTEST).astimezone(ZONE)
    midnight = earliest.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight < earliest:
        midnight += timedelta(days=1)
    monday = midnight + timedelta(days=-midnight.weekday() % 7)
    return monday.astimezone(UTC)


def held_for(week: Week, held: Money) -> Week:
    """Return the week whose hours can never come to more than is held for it.

    Its money may have come in the moment in which a higher rate was agreed on.
    """
    return replace(week, cap_minutes=min(week.cap_minutes, held.amount * 60 // week.rate.amount))


def title_of(week: Week) -> str:
    """Return the first and the last day, which both languages can read."""
    last = week.ends_at - timedelta(seconds=1)
    return f"{day_of(week.starts_at)} – {day_of(last)}"


def day_of(at: datetime) -> date:
    """Return the day in Japan."""
    return at.astimezone(ZONE).date()
