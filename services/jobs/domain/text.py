"""How texts are found: what a text is indexed by, and what a query looks for in it.

Japanese writes no spaces, so a run of its characters is cut into overlapping pairs (ロゴ作成:
ロゴ, ゴ作, 作成); a word in other letters gives its beginnings. A query is cut in the same way:
texts with all of its grams are candidates, and only those count in which its words really stand.
"""

import re
from operator import add

from shared.wording import folded

TEXT_MAX = 24_000
GRAMS_MAX = 4_000
PHRASES_MAX = 8
BEGINNINGS = (2, 3, 4, 6, 8)
"""The lengths at which beginnings of words are indexed; the text itself decides on longer ones."""

_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
    "\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"([{_CJK}]+)|((?:(?![{_CJK}])[^\W_])+[+#]*)")
# What a word may not be preceded by, so that "art" finds artists and not smart people.
_LETTERS = "a-z0-9\u00df-\u024f\u0370-\u052f"
_STARTS_WORD = re.compile(rf"[{_LETTERS}]")


def normalised(text: str) -> str:
    """Return a text as it is compared: width and case folded, white space single."""
    return folded(text)[:TEXT_MAX]


def grams(text: str) -> list[str]:
    """Return what a normalised text is indexed by, in the order of the text, each once."""
    found: dict[str, None] = {}
    for run in _RUNS.finditer(text):
        cjk, word = run.groups()
        cut = map(add, cjk, cjk[1:]) if cjk else (word[:n] for n in BEGINNINGS if n <= len(word))
        found.update(dict.fromkeys(cut))
        if len(found) >= GRAMS_MAX:
            break
    return list(found)[:GRAMS_MAX]


def phrases(query: str) -> list[str]:
    """Return what must stand in a text, each somewhere: the parts of a query between spaces."""
    return list(dict.fromkeys(normalised(query).split()))[:PHRASES_MAX]


def grams_of_query(phrase: str) -> list[str]:
    """Return the grams that every text with this phrase has; none for a single character."""
    found: dict[str, None] = {}
    for run in _RUNS.finditer(phrase):
        if cjk := run[1]:
            found.update((cjk[at : at + 2], None) for at in range(len(cjk) - 1))
        elif sizes := [size for size in BEGINNINGS if size <= len(run[2])]:
            found[run[2][: sizes[-1]]] = None
    return list(found)


def pattern(phrase: str) -> str:
    """Return the regular expression with which MongoDB finds a phrase in a normalised text."""
    literal = re.escape(phrase)
    return rf"(?<![{_LETTERS}]){literal}" if _STARTS_WORD.match(phrase) else literal
