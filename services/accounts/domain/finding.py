"""Finding words inside texts, Japanese and English alike, with an ordinary index.

A document keeps its folded text and its grams: each character and each pair of neighbours. The
pairs of a query narrow by the index, and the folded text decides: a match is a true substring.
"""

import itertools
import re
import unicodedata

WORDS_MAX = 10

_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return a text without differences of width and case, with single spaces."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def grams(folded: str) -> list[str]:
    """Return each character and each neighbouring pair, sorted; spaces separate."""
    found: set[str] = set()
    for word in folded.split(" "):
        found.update(word)
        found.update(a + b for a, b in itertools.pairwise(word))
    return sorted(found)


def wanted(query: str) -> tuple[list[str], list[str]]:
    """Return the words of a query, and the grams that a match has; the rarer kinds come first."""
    words = [word for word in fold(query).split(" ") if word][:WORDS_MAX]
    found = {gram for word in words for gram in _narrow(word)}
    return words, sorted(found, key=lambda gram: (gram.isascii(), -len(gram), gram))


def _narrow(word: str) -> list[str]:
    return [word] if len(word) == 1 else [a + b for a, b in itertools.pairwise(word)]
