"""The marketplace that this deployment runs, as far as money is concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from services.escrow.domain import schedule
from services.escrow.domain.schedule import Schedule
from shared import profiles as marketplaces
from shared import settings
from shared.money import CURRENCIES
from shared.settings import Settings

JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoicing:
    """What invoices say of who issues them; `unregistered`: from a date on -> deductible share."""

    issuer: str
    number: str
    rate: Fraction
    unregistered: tuple[tuple[date, Fraction], ...]

    def deductible(self, on: date) -> Fraction:
        """Return which share of an unregistered worker's tax a client may deduct on a day."""
        shares = [share for since, share in self.unregistered if since <= on]
        return shares[-1] if shares else Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Fees and payouts of a marketplace; amounts in minor units by currency."""

    id: str
    currency: str
    modes: tuple[str, ...]
    schedules: tuple[Schedule, ...]
    payout_minimum: Mapping[str, int]
    withheld_between: tuple[str, str] | None
    invoicing: Invoicing

    def schedule_at(self, now: datetime) -> Schedule:
        """Return the schedule that applies at a time: the last that began, by the day in Japan."""
        today = now.astimezone(JAPAN).date().isoformat()
        begun = [one for one in self.schedules if one.effective_from <= today]
        return begun[-1] if begun else self.schedules[0]


def of(how: Settings) -> Profile:
    """Return the profile that these settings name.

    :raises SystemExit: there is no such profile, or it cannot be read
    """
    return _read(how.profiles_dir / f"{how.profile}.toml", how)


def here() -> Profile:
    """Return the profile of this process's environment."""
    return of(settings.read())


_known: dict[object, Profile] = {}


def _read(path: object, how: Settings) -> Profile:
    if path not in _known:
        words = marketplaces.of(how).words
        try:
            _known[path] = read(words)
        except (KeyError, TypeError, ValueError) as wrong:
            raise SystemExit(f"The profile {path} cannot be used: {wrong!r}") from wrong
    return _known[path]


def read(words: Mapping[str, Any]) -> Profile:
    """Read what a profile says of money.

    :raises ValueError, KeyError: something is missing or wrong
    """
    minimum = {currency: int(least) for currency, least in words["payouts"]["minimum"].items()}
    if unknown := set(minimum) - set(CURRENCIES):
        raise ValueError(f"no such currency: {', '.join(sorted(unknown))}")
    withholding = words.get("withholding")
    schedules = tuple(schedule.read(one, words["id"], withholding) for one in words["schedules"])
    order = [(one.effective_from, one.version) for one in schedules]
    if not order or order != sorted(order) or len({v for _, v in order}) != len(order):
        raise ValueError("schedules stand in the order of their dates and versions")
    return Profile(
        id=words["id"],
        currency=words["currency"],
        modes=tuple(words.get("modes", marketplaces.MODES)),
        schedules=schedules,
        payout_minimum=minimum,
        withheld_between=(
            (withholding["client"], withholding["worker"]) if withholding is not None else None
        ),
        invoicing=_invoicing(words.get("invoice", {})),
    )


def _invoicing(words: Mapping[str, Any]) -> Invoicing:
    shares = tuple((one["from"], Fraction(one["share"])) for one in words.get("unregistered", ()))
    if [since for since, _ in shares] != sorted(since for since, _ in shares):
        raise ValueError("the deductible shares stand in the order of their dates")
    return Invoicing(
        issuer=words.get("issuer", ""),
        number=words.get("number", ""),
        rate=Fraction(words.get("rate", "0.10")),
        unregistered=shares,
    )
