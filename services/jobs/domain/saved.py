"""A saved search: what a member looks for again and again, and how they hear of what is new.

It is found by one of its own conditions, its `key`: the one that fewest jobs meet, as far as that
is known beforehand. A job that fits has the key; whether it fits, `wanted.fits` says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.jobs.domain import text
from services.jobs.domain.wanted import EVERY, Wanted, sought
from shared.errors import Conflict, Unknown
from shared.events import Fact
from shared.moves import Outcome

ALERTS = ("none", "instant", "daily")
SEARCHES_MAX = 20
"""So many searches a member may have at one time."""
NAME_MAX = 100

_RARELY = ("client", "skill", "gram", "category", "client_is", "mode", "experience")
"""Kinds of conditions, from those that few jobs meet to those that many do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One of a member's; `query` has the words of the filters, `seat` is its number among theirs.

    Without a `seat` it was deleted, and its words are gone.
    """

    id: str
    member_id: str
    name: str
    query: Mapping[str, Any]
    alert: str
    seat: int | None
    created_at: datetime

    @property
    def wanted(self) -> Wanted:
        """Return what it looks for: open jobs, the newest first."""
        return sought(self.query, states=("open",))

    @property
    def key(self) -> str | None:
        """Return the key that every job which fits has; None: nobody is to hear of anything."""
        if self.seat is None or self.alert == "none":
            return None
        keys = [*self.wanted.facets, *_grams(self.wanted.phrases)]
        return min(keys, key=_rarity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A job that fitted a search when it opened: told once. The id comes from the two."""

    id: str
    search_id: str
    member_id: str
    job_id: str
    at: datetime


def save(
    *,
    id: str,
    by: str,
    now: datetime,
    seat: int,
    name: str,
    query: Mapping[str, Any],
    alert: str = "none",
) -> Outcome[Search]:
    """Return a new search of this member."""
    made = Search(
        id=id, member_id=by, name=name, query=query, alert=alert, seat=seat, created_at=now
    )
    return made, []


def edit(search: Search, *, now: datetime, by: str, words: Mapping[str, Any]) -> Outcome[Search]:
    """Change its name, what it looks for as a whole, or how one hears of it.

    :raises Unknown: `no_such_search`: another's, or deleted
    """
    return replace(owned(search, by), **words), []


def remove(search: Search, *, now: datetime, by: str) -> Outcome[Search]:
    """Delete it; its words go.

    :raises Unknown: `no_such_search`
    """
    return replace(owned(search, by), name="", query={}, alert="none", seat=None), []


def owned(search: Search, by: str) -> Search:
    """Return it when it is this member's and there.

    :raises Unknown: `no_such_search`
    """
    if search.member_id != by or search.seat is None:
        raise Unknown("no_such_search", "there is no such search")
    return search


def free_seat(taken: Iterable[int]) -> int:
    """Return the first number that no search of a member has.

    :raises Conflict: `too_many_searches`
    """
    there = set(taken)
    if seat := next((n for n in range(1, SEARCHES_MAX + 1) if n not in there), 0):
        return seat
    raise Conflict("too_many_searches", f"at most {SEARCHES_MAX}", limit=SEARCHES_MAX)


def matched(search: Search, match: Match, job: Mapping[str, Any]) -> Fact:
    """Return what is said when a job fits: the words of its document, and whose search it is."""
    words = {
        "search_id": search.id,
        "member_id": search.member_id,
        "name": search.name,
        "alert": search.alert,
        "job_id": match.job_id,
        "mode": job["mode"],
        "title": job["title"],
    }
    return Fact("search.matched", words)


def keys_of(job: Mapping[str, Any]) -> list[str]:
    """Return the keys of all searches that a job's document may fit."""
    return [*job["facets"], *(_gram(gram) for gram in job["grams"])]


def _grams(phrases: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        yield from (_gram(gram) for gram in text.grams_of_query(phrase))


def _gram(gram: str) -> str:
    return f"gram:{gram}"


def _rarity(key: str) -> tuple[int, int]:
    kind = key.partition(":")[0]
    place = _RARELY.index(kind) if key != EVERY else len(_RARELY)
    return place, -len(key)
