"""Reviews are double-blind: nobody sees one before both are written or the window ends."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.contracts.domain.times import timers
from shared.errors import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one side says of the other."""

    id: str
    satisfied: bool
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Both sides' reviews; `revealed_at` is when they could first be seen."""

    client: Review | None = None
    worker: Review | None = None
    revealed_at: datetime | None = None

    @property
    def both(self) -> bool:
        """Say whether both have written."""
        return self.client is not None and self.worker is not None

    def written(self) -> list[tuple[str, Review]]:
        """Return what there is, by role."""
        sides = (("client", self.client), ("worker", self.worker))
        return [(role, r) for role, r in sides if r is not None]

    def seen_by(self, role: str) -> list[tuple[str, Review]]:
        """Return what this side may see: its own, and after the reveal both."""
        return [(r, w) for r, w in self.written() if self.revealed_at or r == role]


def write(
    reviews: Reviews, role: str, written: Review, *, ended_at: datetime, now: datetime
) -> Reviews:
    """Return the reviews with this one.

    :raises Conflict: `review_closed` after the window, `already_reviewed`
    """
    if reviews.revealed_at or now >= closes(ended_at):
        raise Conflict("review_closed", "the time for reviews is over")
    if (reviews.client if role == "client" else reviews.worker) is not None:
        raise Conflict("already_reviewed", "you have written your review")
    if role == "client":
        return replace(reviews, client=written)
    return replace(reviews, worker=written)


def closes(ended_at: datetime) -> datetime:
    """Return when the window of a contract that ended then is over."""
    return ended_at + timers().reviews_window


def closes_at(reviews: Reviews, ended_at: datetime | None) -> datetime | None:
    """Return when the window ends by itself; None when the reviews are out."""
    return None if reviews.revealed_at or ended_at is None else closes(ended_at)
