"""What happened: a `Fact` as a rule says it, an `Event` as it travels and is heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """A rule's word for what it decided: a type in the past participle, and plain JSON words.

    Times in `data` are `clock.text(...)`, money is `Money.words()`. The words of each type are
    in `shared/catalog/<publisher>.py`; the store refuses to keep a fact that breaks them.
    """

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact on its way: CloudEvents attributes and the words.

    `subject` is the aggregate that said it, `version` that aggregate's version when it did, so
    (subject, version) orders the facts of one aggregate; `actor` is the member who caused it, or
    `system`; `tries` counts how often this service has tried to hear it before.
    """

    id: str
    type: str
    source: str
    subject: str
    time: str
    version: int
    data: Mapping[str, Any]
    actor: str = "system"
    traceparent: str = ""
    correlation: str = ""
    tries: int = field(default=0, compare=False)
