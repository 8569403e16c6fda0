"""What becomes of a listing by nobody's command: long silence, and what operators decide."""

from dataclasses import replace
from datetime import datetime

from services.jobs.domain import listing as listings
from services.jobs.domain.job import Next, waits_for
from services.jobs.domain.listing import MOVES, TOLD_BEFORE, Listing, over_at, said
from shared import clock, moderation
from shared.errors import Ignored
from shared.events import Fact
from shared.moderation import Seen
from shared.moves import Outcome, next_state


def wake(listing: Listing) -> datetime | None:
    """Return when silence next has a consequence, or None: it is withdrawn and nothing runs."""
    times = [one.until for one in listing.orders]
    if (at := over_at(listing)) is not None:
        times.append(at)
    if (at := _told_at(listing)) is not None:
        times.append(at)
    return min(times, default=None)


def _told_at(listing: Listing) -> datetime | None:
    ends_at = over_at(listing)
    if ends_at is None or listing.state in ("draft", "held") or listing.told_of == ends_at:
        return None
    return None if listing.seen.state == "removed" else ends_at - TOLD_BEFORE


def on_wake(listing: Listing, *, now: datetime) -> Outcome[Listing]:
    """Let silence have its consequence.

    :raises Ignored: nothing is due
    """
    if (at := wake(listing)) is None or now < at:
        raise Ignored("not_due", "its time has not come")
    ends_at = over_at(listing)
    left = tuple(one for one in listing.orders if one.until > now)
    listing = replace(listing, orders=left)
    if ends_at is None:
        return listing, []
    if now < ends_at:
        told_at = _told_at(listing)
        return (listing, []) if told_at is None or now < told_at else _tell(listing, ends_at)
    if listing.state == "held":
        return _shown(listing, *moderation.by_silence(listing.said(), listing.seen, now=now), now)
    move = "rest" if listing.state == "published" else "forget"
    type_ = "listing.paused" if move == "rest" else "listing.withdrawn"
    listing = replace(listing, state=next_state(MOVES, listing.state, move), changed_at=now)
    return listing, [said(listing, type_, reason="silence")]


def _tell(listing: Listing, by: datetime) -> Outcome[Listing]:
    action, otherwise = _awaited(listing)
    words = {"action": action, "by": clock.text(by), "otherwise": otherwise}
    return replace(listing, told_of=by), [said(listing, "listing.idle", **words)]


def _awaited(listing: Listing) -> tuple[str, str]:
    return ("edit", "paused") if listing.state == "published" else ("publish", "withdrawn")


def next_step(listing: Listing) -> Next | None:
    """Return what a listing waits for: its seller, at long intervals, or an operator."""
    if (by := over_at(listing)) is None:
        return None
    if listing.state == "held":
        return waits_for("ops", "decide", by=by, otherwise="published")
    if listing.seen.state == "removed":
        return waits_for("worker", "withdraw", by=by, otherwise="withdrawn")
    action, otherwise = _awaited(listing)
    return waits_for("worker", action, by=by, otherwise=otherwise)


def decide(listing: Listing, *, now: datetime, outcome: str, reason: str) -> Outcome[Listing]:
    """Do what was decided, in any state.

    Removed, a held listing is a draft again and a published one is paused, neither of which can be
    published; orders go on. Restored, it is read again, and its seller may publish it.

    :raises Ignored: it is so already
    """
    seen, facts = moderation.decided(listing.said(), listing.seen, outcome, reason)
    if seen.state != "removed":
        return _shown(listing, seen, facts, now)
    listing = replace(listing, seen=seen)
    if listing.state == "held":
        return replace(listing, state=next_state(MOVES, "held", "return"), changed_at=now), facts
    if listing.state == "published":
        paused, more = listings.pause(listing, now=now, by=listing.worker_id)
        return paused, [*facts, *more]
    return listing, facts


def report(listing: Listing, *, now: datetime, case_id: str) -> Outcome[Listing]:
    """Tell accounts what was reported; nothing changes."""
    return listing, [moderation.reported(listing.said(), case_id)]


def _shown(listing: Listing, seen: Seen, facts: list[Fact], now: datetime) -> Outcome[Listing]:
    listing = replace(listing, seen=seen)
    if listing.state != "held":
        return listing, facts
    out, more = listings.go_out(listing, now=now)
    return out, [*facts, *more]
