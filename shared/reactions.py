"""What a service does about each event it hears: which rule of which aggregate, as data.

A reaction must bear to be heard twice and out of order. `Change` and `Make` are deduplicated by the
state of the thing itself, `Project` and `Keep` by ids; a `Handle` sees to it by what it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.documents import Doc, Kind
from shared.events import Event, Fact
from shared.moves import IGNORE, LATER
from shared.store import Store


def _no_words(_event: Event) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Change:
    """Apply `rule(thing, *, now, **words)` to the aggregate that the event names.

    `absent` says what its absence means: it will come (`LATER`), or does not concern us (`IGNORE`).
    `id` may answer None: this event concerns nothing here.
    """

    kind: Kind[Any]
    id: Callable[[Event], str | None]
    rule: Callable[..., tuple[Any, list[Fact]]]
    words: Callable[[Event], Mapping[str, Any]] = _no_words
    absent: str = LATER


@dataclass(frozen=True, slots=True)
class Make:
    """Make an aggregate whose id comes in the event; `make` may answer None: nothing to make."""

    kind: Kind[Any]
    make: Callable[[Event, datetime], tuple[Any, list[Fact]] | None]


@dataclass(frozen=True, slots=True)
class Project:
    """Keep what another service said of itself; the document has `_id` and `version`."""

    collection: str
    doc: Callable[[Event], Doc | None]


@dataclass(frozen=True, slots=True)
class Keep:
    """Insert documents that never change, one per fact, with ids that come from the event."""

    collection: str
    docs: Callable[[Event], Sequence[Doc]]


@dataclass(frozen=True, slots=True)
class Handle:
    """Anything else, one event at a time: `fn(store, event, now)`."""

    fn: Callable[[Store, Event, datetime], None]


@dataclass(frozen=True, slots=True)
class HandleMany:
    """Anything else, many at once: `fn(store, events, now)` does all or raises.

    When it raises, each event is handed to it alone.
    """

    fn: Callable[[Store, Sequence[Event], datetime], None]


Step = Change | Make | Project | Keep | Handle | HandleMany
Reactions = Mapping[str, tuple[Step, ...]]

__all__ = ["IGNORE", "LATER", "Change", "Handle", "HandleMany", "Keep", "Make", "Project"]
