"""What texts are looked through for: contact and payment outside, work that may not be posted.

The rules are data, `wording.toml`; here is how they are read and applied. Pure.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from shared.languages import LANGUAGES

GRADES = ("note", "warn", "hold")
"""From the lightest: it is kept; the writer is told; an operator looks before anybody else does."""
SITUATIONS = ("before", "after", "posting")
NEAR = 40
"""So many characters around a match may say that it means something else."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text has: the code of a rule, and its grade in the situation asked for."""

    code: str
    grade: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is applied; `says` is what the writer is told, by language."""

    code: str
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    grades: Mapping[str, str]
    says: Mapping[str, str]


def folded(text: str) -> str:
    """Return a text as it is compared: width and case folded, white space single.

    What cannot be seen (of the category Cf: soft hyphens, joiners) is left out.
    """
    seen = "".join(c for c in text if c.isascii() or unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def find(*texts: str, situation: str) -> tuple[Finding, ...]:
    """Return what is found in these texts, in the order of the rules, each code once.

    `situation` is `before` or `after` a contract is funded, or `posting`.
    """
    asked = [rule for rule in rules() if situation in rule.grades]
    said = [folded(text) for text in texts]
    return tuple(
        Finding(rule.code, rule.grades[situation])
        for rule in asked
        if any(_has(rule, text) for text in said)
    )


def _has(rule: Rule, text: str) -> bool:
    for pattern in rule.patterns:
        for match in pattern.finditer(text):
            near = text[max(match.start() - NEAR, 0) : match.end() + NEAR]
            if rule.unless is None or not rule.unless.search(near):
                return True
    return False


def codes(findings: Iterable[Finding], grade: str) -> tuple[str, ...]:
    """Return the codes of what was found with this grade."""
    return tuple(one.code for one in findings if one.grade == grade)


def say(found: Sequence[str], language: str) -> list[dict[str, str]]:
    """Return what the writer is told of these codes; what is no rule any more is left out."""
    known = {rule.code: rule for rule in rules()}
    return [
        {"code": code, "message": known[code].says[language]} for code in found if code in known
    ]


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules of `wording.toml`.

    :raises ValueError: the file is wrong: an unknown grade or situation, a code twice, no words
    """
    text = resources.files("shared").joinpath("wording.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text)["rule"])


def read(said: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return rules from their words.

    :raises ValueError: they are wrong: an unknown grade or situation, a code twice, no words
    """
    if len({one["code"] for one in said}) != len(said):
        raise ValueError("a code of a rule stands twice")
    return tuple(_read(one) for one in said)


def _read(said: Mapping[str, Any]) -> Rule:
    grades = said["grades"]
    if not set(grades) <= set(SITUATIONS) or not set(grades.values()) <= set(GRADES):
        raise ValueError(f"{said['code']}: grades {grades}")
    if set(said["says"]) != set(LANGUAGES):
        raise ValueError(f"{said['code']}: it is said in {sorted(said['says'])}")
    unless = said.get("unless")
    return Rule(
        code=said["code"],
        patterns=tuple(re.compile(one) for one in said["patterns"]),
        unless=re.compile("|".join(unless)) if unless else None,
        grades=grades,
        says=said["says"],
    )
