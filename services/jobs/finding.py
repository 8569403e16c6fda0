"""How documents are found: by facets, words and sort, each from an index of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from pymongo import IndexModel


@dataclass(frozen=True, slots=True)
class Searched:
    """How a collection is listed: for each order its index and direction, and that of the words."""

    collection: str
    orders: Mapping[str, tuple[str, int]]
    words: str

    @property
    def indexes(self) -> tuple[IndexModel, ...]:
        """Return the indexes that lists start from."""
        by = [
            IndexModel(
                [("state", 1), ("facets", 1), (f"sort.{order}", way), ("_id", way)], name=name
            )
            for order, (name, way) in self.orders.items()
        ]
        keys = [("state", 1), ("grams", 1), ("sort.new", -1), ("_id", -1)]
        return (*by, IndexModel(keys, name=self.words))
