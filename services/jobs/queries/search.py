"""The list of jobs: filtered, found by words, in three orders, as fast with a million as with few.

What is to be found is said by `services.jobs.domain.wanted`; here is how.

No filter is answered by looking at everything. Each filter has an index to start from; the rarest
one drives, the others are checked in what it gives. How rare a filter is, is asked of the index:
how far one must go in the order of the list until it has come up so many times. Processes remember
that for a minute; a wrong choice costs time, never a job.

A page looks at so many jobs at most. Where it finds too few among these, it ends early, with a
cursor that goes on behind them: a page may be shorter than asked for, or empty, and not the last.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymongo import DESCENDING

from services.jobs.domain import text
from services.jobs.domain import wanted as rules
from services.jobs.domain.wanted import Condition, Has, Says, Wanted, Within
from services.jobs.finding import Searched
from services.jobs.records import NOT_LISTED, SEARCHED_JOBS
from shared.documents import Doc
from shared.paging import Cursor, Page, bad_cursor
from shared.store import Db

PROBE = 100
"""How often a filter must come up for us to know how rare it is."""
POOL_MAX = 500
"""So many jobs may be put into order in memory."""
WALK_MAX = 500
"""So many jobs may be looked at for one page."""
RARITY_KEPT_S = 60
RARITIES_MAX = 10_000
GRAMS_MAX = 12
"""So many grams of a query are weighed against each other."""

Where = dict[str, Any]

_rarities: dict[tuple[str, ...], tuple[float, Any]] = {}
"""What was found out about filters: until when it counts, and how far one must go for them."""


@dataclass(frozen=True, slots=True)
class _Drive:
    """An index to start from: its name, what is found in it, and from where to where there."""

    index: str
    where: Where
    bounds: Where = field(default_factory=dict)

    @property
    def bounded(self) -> Where:
        """Return all that the index is asked for."""
        return {**self.where, **self.bounds}


def find(
    db: Db, wanted: Wanted, page: Page, *, among: Searched = SEARCHED_JOBS
) -> tuple[list[Doc], str | None]:
    """Return the documents of a page and the cursor of the next page, or None at the end.

    :raises Invalid: `bad_cursor`: the cursor comes from another list
    """
    if page.cursor is not None and page.cursor.order != wanted.order:
        raise bad_cursor()
    search = _Search(db, wanted, page.cursor, among)
    drive, until = search.choose()
    found: list[Doc] = []
    for span in search.spans(page.cursor, until):
        found += search.rows(drive, span, page.limit + 1 - len(found))
        if len(found) > page.limit:
            found.pop()
            return found, search.cursor(found[-1]).text()
    return found, until.text() if until else None


class _Search:
    """One list of jobs while it is looked for, behind a cursor."""

    def __init__(self, db: Db, wanted: Wanted, after: Cursor | None, among: Searched) -> None:
        self.jobs = db[among.collection]
        self.among = among
        self.wanted = wanted
        self.after = after
        self.key = f"sort.{wanted.order}"
        self.way = among.orders[wanted.order][1]
        self.sort = [(self.key, self.way), ("_id", self.way)]
        self.beyond = _beyond(wanted)
        self.rest = [_where(condition) for condition in self.beyond]

    def choose(self) -> tuple[_Drive, Cursor | None]:
        """Return the index to start from, and with which job to stop this time, if at all."""
        streams, pools = _drives(self.wanted, self.among)
        if all(_is_bound(condition, self.key) for condition in self.beyond):
            return streams[0], None
        reach: list[tuple[Any, _Drive]] = []
        for drive in streams:
            if (last := self.known(drive, self.reach)) is None:
                return drive, None
            reach.append((last, drive))
        counts = [(self.known(drive, self.count), drive) for drive in pools]
        fewest, pool = min(counts, key=lambda pair: pair[0], default=(POOL_MAX, streams[0]))
        if fewest < POOL_MAX:
            return pool, None
        # The longer the way until it has come up so many times, the rarer it is.
        furthest = min if self.way == DESCENDING else max
        rarest = furthest(reach, key=lambda pair: pair[0])[1]
        return rarest, self.at(rarest, WALK_MAX, after=self.after)

    def known(self, drive: _Drive, how: Callable[[_Drive], Any]) -> Any:
        """Return how rare a filter is, or was a moment ago: only the choice hangs on it."""
        asked = drive.bounded if how == self.count else drive.where
        key = (self.jobs.full_name, drive.index, repr(asked), how.__name__)
        now = time.monotonic()
        if (kept := _rarities.get(key)) is not None and kept[0] > now:
            return kept[1]
        if len(_rarities) >= RARITIES_MAX:
            _rarities.clear()
        rarity = how(drive)
        _rarities[key] = (now + RARITY_KEPT_S, rarity)
        return rarity

    def reach(self, drive: _Drive) -> Any:
        """Return the sort value at which a filter has come up often enough, or None.

        Counted from the first of the list, whatever its bounds: so it is known for all bounds.
        """
        last = self.at(_Drive(drive.index, drive.where), PROBE, after=None)
        return last and last.value

    def count(self, drive: _Drive) -> int:
        """Return how many jobs an index has, up to what may be put into order in memory."""
        return self.jobs.count_documents(drive.bounded, hint=drive.index, limit=POOL_MAX)

    def at(self, drive: _Drive, nth: int, *, after: Cursor | None) -> Cursor | None:
        """Return the nth job that an index has behind a cursor, or None when it has fewer."""
        for span in self.spans(after, None):
            where = {"$and": [drive.bounded, span]}
            keys = {self.key: 1, "_id": 1}
            found = self.jobs.find(where, keys, hint=drive.index, sort=self.sort)
            for doc in found.skip(nth - 1).limit(1):
                return self.cursor(doc)
            if "_id" in span:
                nth -= self.jobs.count_documents(where, hint=drive.index)
        return None

    def rows(self, drive: _Drive, span: Where, most: int) -> list[Doc]:
        """Return jobs in the order of the list."""
        where = {"$and": [drive.bounded, span, *self.rest]}
        found = self.jobs.find(where, NOT_LISTED, hint=drive.index, sort=self.sort, limit=most)
        return list(found)

    def cursor(self, doc: Doc) -> Cursor:
        """Return the place of a job in this list."""
        return Cursor(self.wanted.order, doc["sort"][self.wanted.order], doc["_id"])

    def spans(self, after: Cursor | None, until: Cursor | None) -> list[Where]:
        """Return bounds that together are: behind `after`, up to and with `until`, in order.

        Jobs with the same sort value are told apart by their ids, in bounds of their own, as an
        index has no bounds for a pair.
        """
        key = self.key
        on, back = ("$lt", "$gt") if self.way == DESCENDING else ("$gt", "$lt")
        if after and until and after.value == until.value:
            return [{key: after.value, "_id": {on: after.id, back + "e": until.id}}]
        between: Where = {}
        spans: list[Where] = []
        if after:
            spans.append({key: after.value, "_id": {on: after.id}})
            between[on] = after.value
        if until:
            between[back] = until.value
        spans.append({key: between} if between else {})
        if until:
            spans.append({key: until.value, "_id": {back + "e": until.id}})
        return spans


def _drives(wanted: Wanted, among: Searched) -> tuple[list[_Drive], list[_Drive]]:
    """Return the indexes that give jobs in the order of the list, and those that do not."""
    state: Where = {"state": {"$in": list(wanted.states)}}
    bounds: dict[str, Where] = {}
    for condition in rules.conditions(wanted):
        for order in among.orders:
            if _is_bound(condition, f"sort.{order}"):
                bounds[order] = _where(condition)
    within = bounds.get(wanted.order, {})
    index = among.orders[wanted.order][0]
    streams = [_Drive(index, {**state, "facets": name}, within) for name in wanted.facets]
    words = [_Drive(among.words, {**state, "grams": gram}) for gram in _grams(wanted)]
    pools = [
        _Drive(among.orders[order][0], {**state, "facets": wanted.facets[0]}, found)
        for order, found in bounds.items()
        if order != wanted.order
    ]
    if wanted.order == "new":
        return [*words, *streams], pools
    return streams, [*words, *pools]


def _grams(wanted: Wanted) -> list[str]:
    return [gram for phrase in wanted.phrases for gram in text.grams_of_query(phrase)][:GRAMS_MAX]


def _is_bound(condition: Condition, key: str) -> bool:
    """Say whether an index in the order of this key has bounds for a condition."""
    return isinstance(condition, Within) and condition.path == key


def _beyond(wanted: Wanted) -> list[Condition]:
    """Return what is checked in each job that the driving index gives."""
    is_driven = len(wanted.facets) == 1 and not wanted.phrases
    return [c for c in rules.conditions(wanted) if not (is_driven and isinstance(c, Has))]


def _where(condition: Condition) -> Where:
    """Return how MongoDB is asked for what meets a condition."""
    match condition:
        case Has(facets):
            # As an expression, so that the planner takes none of these facets for its bounds.
            return {"$expr": {"$setIsSubset": [list(facets), "$facets"]}}
        case Says(phrase):
            return {"text": {"$regex": text.pattern(phrase)}}
        case Within():
            limits = {"$gte": condition.least, "$lte": condition.most, "$lt": condition.end}
            return {condition.path: {op: v for op, v in limits.items() if v is not None}}
