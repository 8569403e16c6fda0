"""Finding words inside texts, Japanese and English alike, with an ordinary index.

A document keeps `grams`: each character and each pair of neighbours of its folded text. A query's
pairs narrow by the index, and the folded text decides, so that a match is a true substring.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

WORDS_MAX = 10
QUERY_MAX = 100

_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return a text without differences of width and case."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def grams(folded: str) -> list[str]:
    """Return each character and each neighbouring pair, sorted; spaces separate."""
    found: set[str] = set()
    for word in folded.split(" "):
        found.update(word)
        found.update(a + b for a, b in itertools.pairwise(word))
    return sorted(found)


def indexed(texts: Iterable[str]) -> dict[str, Any]:
    """Return the fields that a document keeps so that it is found by these texts."""
    folded = fold("\n".join(texts))
    return {"folded": folded, "grams": grams(folded)}


def matching(query: str) -> dict[str, Any]:
    """Return the filter for documents that contain every word of a query, as it is written."""
    words = fold(query).split(" ")[:WORDS_MAX]
    pairs = [gram for word in words for gram in _narrow(word)]
    conditions: list[dict[str, Any]] = [{"folded": {"$regex": re.escape(w)}} for w in words if w]
    if pairs:
        conditions.append({"grams": {"$all": sorted(set(pairs), key=lambda g: (g.isascii(), g))}})
    return {"$and": conditions} if conditions else {}


def _narrow(word: str) -> list[str]:
    return [word] if len(word) == 1 else [a + b for a, b in itertools.pairwise(word)]
