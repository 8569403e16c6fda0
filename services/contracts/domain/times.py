"""How long silence lasts in this marketplace: its profile's timers, set once at the start."""

from shared.timers import Timers

_here = [Timers()]


def use(timers: Timers) -> None:
    """Let this process run on these timers from now on."""
    _here[0] = timers


def timers() -> Timers:
    """Return how long each kind of silence lasts here."""
    return _here[0]
