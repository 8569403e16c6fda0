"""Whether what somebody wrote is shown, and what is said of it: the same for whoever keeps it.

What a rule of `shared.wording` holds is kept and seen by its author alone until an operator has
decided, or silence has released it. What is removed is seen by its author alone as well. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared import clock, wording
from shared.errors import Ignored
from shared.events import Event, Fact
from shared.moves import IGNORE, Moves, heard
from shared.wording import Finding

STATES = ("shown", "held", "removed")
WORDS_MAX = 500
OF_OPERATORS = frozenset(
    f"{topic}.{what}"
    for topic in ("message", "proposal", "question", "posting", "entry")
    for what in ("held", "released", "removed", "reported")
)
"""Facts that stand in no timeline of a proposal: of a report not even its author learns."""
HEARD: Moves = {
    "released": {"shown": IGNORE, "held": "shown", "removed": IGNORE},
    "removed": {"shown": "removed", "held": "removed", "removed": IGNORE},
    "restored": {"shown": IGNORE, "held": "shown", "removed": "shown"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a text is seen: `findings` are codes; `unseen`: nobody but its author ever saw it."""

    state: str = "shown"
    findings: tuple[str, ...] = ()
    release_at: datetime | None = None
    unseen: bool = False

    @property
    def is_shown(self) -> bool:
        """Say whether others than its author see it."""
        return self.state == "shown"


SHOWN = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text by the words in which accounts is told of it; `topic` begins its facts' types."""

    topic: str
    content_id: str
    content_kind: str
    where_id: str
    author_id: str
    other_id: str | None
    words: str


def first(found: Sequence[Finding], *, now: datetime, release_at: datetime) -> Seen:
    """Return how a new text is seen: held until `release_at` when any rule holds it."""
    codes = tuple(one.code for one in found)
    if not wording.codes(found, "hold"):
        return Seen(findings=codes)
    return Seen(state="held", findings=codes, release_at=release_at, unseen=True)


def held(text: Text, seen: Seen) -> Fact:
    """Return the fact that a text is held; operators read the beginning of it."""
    words = {
        **_names(text),
        "other_id": text.other_id,
        "words": text.words[:WORDS_MAX],
        "findings": list(seen.findings),
        "release_at": clock.text(seen.release_at) if seen.release_at else "",
    }
    return Fact(f"{text.topic}.held", words)


def decided(text: Text, seen: Seen, outcome: str, reason: str) -> tuple[Seen, list[Fact]]:
    """Do what operators, or a case that nobody decided, have decided of a text, in any state.

    :raises Ignored: it is so already
    """
    state = heard(HEARD, seen.state, outcome)
    after = replace(seen, state=state, release_at=None, unseen=seen.unseen and state != "shown")
    if state == "removed":
        words = {**_names(text), "other_id": text.other_id, "reason": reason}
        return after, [Fact(f"{text.topic}.removed", words)]
    return after, [_released(text, "ops")]


def by_silence(text: Text, seen: Seen, *, now: datetime) -> tuple[Seen, list[Fact]]:
    """Release a text that no operator decided about in time.

    :raises Ignored: it is not held, or its time has not come
    """
    if seen.state != "held" or seen.release_at is None or seen.release_at > now:
        raise Ignored("not_due", "its time has not come")
    after = replace(seen, state="shown", release_at=None, unseen=False)
    return after, [_released(text, "silence")]


def reported(text: Text, case_id: str) -> Fact:
    """Return the answer to a report: whose it is, and the beginning of what it says."""
    words = {
        **_names(text),
        "case_id": case_id,
        "words": text.words[:WORDS_MAX],
    }
    return Fact(f"{text.topic}.reported", words)


def _released(text: Text, by: str) -> Fact:
    words = {**_names(text), "other_id": text.other_id, "by": by}
    return Fact(f"{text.topic}.released", words)


def _names(text: Text) -> dict[str, Any]:
    return {
        "content_id": text.content_id,
        "content_kind": text.content_kind,
        "where_id": text.where_id,
        "author_id": text.author_id,
    }


def next_of(seen: Seen) -> dict[str, Any] | None:
    """Return who is waited for while a text is held."""
    if seen.state != "held" or seen.release_at is None:
        return None
    by = clock.text(seen.release_at)
    return {"actor": "ops", "action": "decide", "by": by, "otherwise": "released"}


# as a document, and as heard


def plain(seen: Seen) -> dict[str, Any]:
    """Return it as it is kept."""
    return {
        "state": seen.state,
        "findings": list(seen.findings),
        "release_at": seen.release_at,
        "unseen": seen.unseen,
    }


def of_plain(kept: Mapping[str, Any] | None) -> Seen:
    """Return it as it was kept; of older documents nothing is, and they are shown."""
    return SHOWN if kept is None else Seen(**{**kept, "findings": tuple(kept["findings"])})


def decision(event: Event) -> dict[str, str]:
    """Return the words of `case.decided` for the rule of a keeper."""
    return {"outcome": event.data["outcome"], "reason": event.data["reason"]}
