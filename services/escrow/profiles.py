"""The marketplace that this deployment runs, as far as money is concerned."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.escrow.domain import schedule
from services.escrow.domain.schedule import Schedule
from shared import settings
from shared.money import CURRENCIES
from shared.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Fees and payouts of a marketplace; amounts in minor units by currency."""

    id: str
    currency: str
    schedule: Schedule
    payout_minimum: Mapping[str, int]


def of(how: Settings) -> Profile:
    """Return the profile that these settings name.

    :raises SystemExit: there is no such profile, or it cannot be read
    """
    return _read(how.profiles_dir / f"{how.profile}.toml")


def here() -> Profile:
    """Return the profile of this process's environment."""
    return of(settings.read())


@functools.cache
def _read(path: Path) -> Profile:
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
        minimum = {currency: int(least) for currency, least in words["payouts"]["minimum"].items()}
        if unknown := {words["currency"], *minimum} - set(CURRENCIES):
            raise ValueError(f"no such currency: {', '.join(sorted(unknown))}")
        return Profile(
            id=words["id"],
            currency=words["currency"],
            schedule=schedule.read(words["fees"], words["id"]),
            payout_minimum=minimum,
        )
    except (OSError, KeyError, ValueError) as wrong:
        raise SystemExit(f"The profile {path} cannot be used: {wrong!r}") from wrong
