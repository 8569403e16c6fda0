"""What somebody looks for, and what fits it: one rule for a list that is asked for and for an alert
about something new.

What is looked for comes down to a few conditions. `services.jobs.queries.search` asks MongoDB for
what meets them all; `fits` says the same of one document in hand. A document is found by `state`,
`facets`, `text`, `least`, `sort`, and of a job `client_known`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from services.jobs.domain import text

EVERY = "all"
"""The facet that everything has which was ever published."""
ORDER = "new"

_FACETS = ("mode", "category", "experience", "client_id", "worker_id")
_FLAGS = {"client_verified": "verified", "client_paid": "paid"}


def facet(name: str, value: str) -> str:
    """Return the word for a filter, the same in documents and in queries."""
    return f"{name}:{text.normalised(value)}"


def of_client(is_what: str) -> str:
    """Return the facet of jobs whose client is known to be `verified`, or to have `paid`."""
    return facet("client_is", is_what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `facets` are all to be there, `phrases` all to stand in the text.

    `at_least` is asked of what one may earn at most, `at_most` of what one earns at least, in minor
    units; the deadline is from `after` on and before `before`; of the client's judged assignments
    at most `rejects` percent were rejected.
    """

    states: tuple[str, ...] = ("open",)
    facets: tuple[str, ...] = (EVERY,)
    phrases: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    after: datetime | None = None
    before: datetime | None = None
    rejects: int | None = None
    order: str = ORDER


def sought(
    words: Mapping[str, Any], *, states: tuple[str, ...], owner: str | None = None
) -> Wanted:
    """Return what a caller's filters look for; with an `owner` only among what is theirs."""
    facets = [
        facet(name.removesuffix("_id"), value) for name in _FACETS if (value := words.get(name))
    ]
    facets += dict.fromkeys(facet("skill", skill) for skill in words.get("skill", ()))
    facets += [of_client(what) for name, what in _FLAGS.items() if words.get(name)]
    if owner is not None:
        facets.append(facet("owner", owner))
    return Wanted(
        states=states,
        facets=tuple(facets) or (EVERY,),
        phrases=tuple(text.phrases(words.get("q", ""))),
        at_least=words.get("min_amount"),
        at_most=words.get("max_amount"),
        after=words.get("deadline_after"),
        before=words.get("deadline_before"),
        rejects=words.get("client_rejection_max"),
        order=words.get("sort", ORDER),
    )


# conditions


@dataclass(frozen=True, slots=True)
class Has:
    """All of these facets."""

    facets: tuple[str, ...]

    def holds(self, doc: Mapping[str, Any]) -> bool:
        """Say whether a document meets it."""
        return set(self.facets) <= set(doc["facets"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A value from `least` on, up to `most`, before `end`; what has no value is not within."""

    path: str
    least: Any = None
    most: Any = None
    end: Any = None

    def holds(self, doc: Mapping[str, Any]) -> bool:
        """Say whether a document meets it."""
        value: Any = doc
        for name in self.path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return False
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.end is None or value < self.end)
        )


@dataclass(frozen=True, slots=True)
class Says:
    """This phrase, at the beginning of a word."""

    phrase: str

    def holds(self, doc: Mapping[str, Any]) -> bool:
        """Say whether a document meets it."""
        return _pattern(self.phrase).search(doc["text"]) is not None


Condition = Has | Within | Says


def conditions(wanted: Wanted) -> Iterator[Condition]:
    """Yield what must hold of what is found, beside its state."""
    yield Has(wanted.facets)
    if wanted.at_least is not None:
        yield Within(path="sort.amount", least=wanted.at_least)
    if wanted.at_most is not None:
        yield Within(path="least", most=wanted.at_most)
    if wanted.after is not None or wanted.before is not None:
        yield Within(path="sort.deadline", least=wanted.after, end=wanted.before)
    if wanted.rejects is not None:
        yield Within(path="client_known.rejects_percent", most=wanted.rejects)
    for phrase in wanted.phrases:
        yield Says(phrase)


def fits(doc: Mapping[str, Any], wanted: Wanted) -> bool:
    """Say whether a document is found by these filters."""
    return doc["state"] in wanted.states and all(c.holds(doc) for c in conditions(wanted))


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(text.pattern(phrase))
