"""The marketplace that this deployment runs, as data: `deploy/profiles/$PROFILE.toml`.

Here are its modes, timers and limits; escrow reads the rest of the file, the money. What a file
leaves out is as in `Timers` and `Limits`. A span of time is written `14 d`, `72 h` or `60 min`.
"""

import dataclasses
import functools
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from shared import settings
from shared.money import CURRENCIES
from shared.settings import Settings
from shared.timers import MODES, Limits, Profile, Timers

__all__ = ["MODES", "Profile", "here", "of"]

_SPAN = re.compile(r"([1-9][0-9]{0,4}) (d|h|min)")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}


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
        return read(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as wrong:
        raise SystemExit(f"The profile {path} cannot be used: {wrong!r}") from wrong


def read(words: Mapping[str, Any]) -> Profile:
    """Read the words of a profile.

    :raises ValueError, KeyError: it names an unknown mode, timer, limit or currency
    """
    modes = tuple(words.get("modes", MODES))
    if not modes or set(modes) - set(MODES):
        raise ValueError(f"the modes are some of {', '.join(MODES)}")
    if words["currency"] not in CURRENCIES:
        raise ValueError(f"no such currency: {words['currency']}")
    return Profile(
        id=words["id"],
        name=words["name"],
        currency=words["currency"],
        modes=modes,
        timers=Timers(**_known(Timers, words.get("timers", {}), _span)),
        limits=Limits(**_known(Limits, words.get("limits", {}), _number)),
        words=words,
    )


def _known(kind: type[Any], words: Mapping[str, Any], value: Any) -> dict[str, Any]:
    names = {one.name for one in dataclasses.fields(kind)}
    if unknown := sorted(set(words) - names):
        raise ValueError(f"no such {kind.__name__.lower()}: {', '.join(unknown)}")
    return {name: value(said) for name, said in words.items()}


def _span(said: Any) -> Any:
    if isinstance(said, list):
        return tuple(_span(one) for one in said)
    found = _SPAN.fullmatch(said)
    if found is None:
        raise ValueError(f"{said!r} is no span of time: 14 d, 72 h, 60 min")
    return int(found[1]) * _UNITS[found[2]]


def _number(said: Any) -> int | Fraction:
    if isinstance(said, str):
        return Fraction(said)
    if type(said) is not int or said < 0:
        raise ValueError(f"{said!r} is no limit")
    return said
