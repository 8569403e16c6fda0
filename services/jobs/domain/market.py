"""The marketplace that this process runs, as far as jobs goes by it: modes, timers, limits.

Set once, when the process starts; until then it is the default one.
"""

from shared.timers import Limits, Profile, Timers

MODES_BUILT = frozenset({"project", "competition", "task"})

_here = [Profile()]


def run_as(profile: Profile) -> None:
    """Go by this profile from now on."""
    _here[0] = profile


def has(mode: str) -> bool:
    """Say whether jobs of this mode are posted in this marketplace."""
    return mode in MODES_BUILT and _here[0].has(mode)


def timers() -> Timers:
    """Return how long silence lasts here, by what is waited for."""
    return _here[0].timers


def limits() -> Limits:
    """Return the rules of this marketplace that are numbers."""
    return _here[0].limits
