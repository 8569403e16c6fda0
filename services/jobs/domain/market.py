"""The marketplace that this process runs, as far as jobs goes by it: modes, timers, limits.

Set once, when the process starts; until then it is the default one.
"""

from shared.errors import Invalid
from shared.timers import Limits, Profile, Timers

_here = [Profile()]


def run_as(profile: Profile) -> None:
    """Go by this profile from now on."""
    _here[0] = profile


def has(mode: str) -> bool:
    """Say whether jobs of this mode are posted in this marketplace."""
    return _here[0].has(mode)


def refuse_mode(mode: str) -> None:
    """Pass when work of this mode can be posted here.

    :raises Invalid: `mode_not_enabled`
    """
    if not has(mode):
        where = {"mode": ["Not enabled here."]}
        raise Invalid("mode_not_enabled", f"{mode} is not enabled here", fields=where)


def timers() -> Timers:
    """Return how long silence lasts here, by what is waited for."""
    return _here[0].timers


def limits() -> Limits:
    """Return the rules of this marketplace that are numbers."""
    return _here[0].limits
