"""What a member wants to hear of, by type of event and channel; everything is on unless said.

The inbox cannot be switched off for what asks a person to act: silence would cost them something.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.notify.domain.told import TOLD
from shared.errors import Invalid
from shared.moves import Outcome

CHANNELS = ("inbox", "mail")
TYPES = tuple(sorted(type_ for type_, row in TOLD.items() if row.tells))
ALWAYS = frozenset(t for t in TYPES if any(tell.action for tell in TOLD[t].tells))
"""The types that ask somebody to act: always in the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """One member's; `id` is the member's, `off` the types switched off on each channel."""

    id: str
    off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def wants(self, type_: str, channel: str) -> bool:
        """Say whether the member wants to hear of this type on this channel."""
        return type_ not in self.off.get(channel, ())


def prefer(
    preferences: Preferences, *, now: datetime, off: Mapping[str, Iterable[str]]
) -> Outcome[Preferences]:
    """Replace what is switched off: channel -> types.

    :raises Invalid: `cannot_be_switched_off`: the inbox for what asks to act
    """
    if refused := sorted(ALWAYS.intersection(off.get("inbox", ()))):
        detail = "what asks you to act is always in the inbox"
        raise Invalid(
            "cannot_be_switched_off", detail, fields={type_: [detail] for type_ in refused}
        )
    kept = {channel: tuple(sorted(set(off.get(channel, ())))) for channel in CHANNELS}
    return replace(preferences, off=kept), []
