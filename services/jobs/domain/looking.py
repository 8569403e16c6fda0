"""What is looked for in what is posted, jobs and listings: before others see it, and afterwards.

Words that were once held and let go, and that did not change, are not held again.
"""

from datetime import datetime
from typing import Protocol

from services.jobs.domain import market
from shared import moderation, wording
from shared.errors import Conflict
from shared.moderation import SHOWN, Seen


class Posted(Protocol):
    """Something that is posted, with all that was written in it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the texts."""

    @property
    def seen(self) -> Seen:
        """Return how they are seen."""


def refuse_removed(seen: Seen) -> None:
    """Pass when operators have not removed it.

    :raises Conflict: `removed`
    """
    if seen.state == "removed":
        raise Conflict("removed", "operators have removed it; you may appeal against that")


def on_publish(it: Posted, *, now: datetime) -> Seen:
    """Return how it is seen once it is published: held when a rule says so."""
    return it.seen if it.seen.findings else _look(it, now)


def after_edit(old: Posted, new: Posted) -> Seen:
    """Return how a draft is seen: in other words nothing was found yet."""
    return old.seen if old.texts == new.texts else SHOWN


def while_public(old: Posted, new: Posted, *, now: datetime) -> Seen:
    """Return how it is seen after an edit that everybody can read at once.

    :raises Conflict: `would_be_held`, with the codes of what was not found in it before
    """
    if old.texts == new.texts:
        return old.seen
    seen = _look(new, now)
    before = {one.code for one in wording.find(*old.texts, situation="posting")}
    if seen.state == "held" and (codes := sorted(set(seen.findings) - before)):
        detail = "of a new one this would be held: post it as a new one"
        raise Conflict("would_be_held", detail, findings=codes)
    return Seen(findings=seen.findings)


def _look(it: Posted, now: datetime) -> Seen:
    found = wording.find(*it.texts, situation="posting")
    return moderation.first(found, now=now, release_at=now + market.timers().held_release)
