"""The form of a task, and whether answers fit it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.jobs.domain.text import normalised
from shared.errors import Invalid

TYPES = ("text", "long_text", "single", "multiple", "number", "url", "rating", "image_link")
TEXT_MAX = 500
LONG_TEXT_MAX = 5_000
RATING_MAX = 5
NUMBER_MAX = 10**12
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_URL = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.IGNORECASE)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

Question = Mapping[str, Any]


def is_id(text: str) -> bool:
    """Say whether this may be the id of a question: never a path, nor an operator."""
    return _ID.fullmatch(text) is not None


def refuse_wrong(
    form: Sequence[Question], answers: Mapping[str, Any], *, is_draft: bool = False
) -> None:
    """Pass when the answers fit the form; a draft may leave out what is required.

    :raises Invalid: `wrong_answers` with the fields `answers.<id>`
    """
    asked = {question["id"]: question for question in form}
    wrong = {f"answers.{id_}": ["Not asked."] for id_ in list(answers)[:20] if id_ not in asked}
    for id_, question in asked.items():
        if id_ not in answers:
            if question.get("required") and not is_draft:
                wrong[f"answers.{id_}"] = ["An answer is required."]
        elif not _FITS[question["type"]](answers[id_], question):
            wrong[f"answers.{id_}"] = [f"Not an answer of the type {question['type']}."]
    if wrong:
        raise Invalid("wrong_answers", "some answers do not fit the form", fields=wrong)


def is_known_right(question: Question) -> bool:
    """Say whether the known answer of a control, if it is one, is an answer to it."""
    return "known" not in question or _FITS[question["type"]](question["known"], question)


def published(form: Sequence[Question]) -> list[dict[str, Any]]:
    """Return a form as whoever works on it sees it: without known answers."""
    return [{name: said for name, said in one.items() if name != "known"} for one in form]


def controls(form: Sequence[Question], answers: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many questions with a known answer there are, and how many are answered right."""
    known = [one for one in form if "known" in one]
    right = sum(_same(answers.get(one["id"]), one["known"]) for one in known)
    return len(known), right


def _same(said: Any, known: Any) -> bool:
    """Compare as a person would: width, case, spaces around and order of choices do not matter."""
    if isinstance(known, str):
        return isinstance(said, str) and normalised(said) == normalised(known)
    if isinstance(known, list):
        return isinstance(said, list) and set(said) == set(known)
    return bool(said == known)


def _is_text(most: int) -> Callable[[Any, Question], bool]:
    def fits(value: Any, _: Question) -> bool:
        return (
            isinstance(value, str) and 0 < len(value.strip()) <= most and not _UNSAFE.search(value)
        )

    return fits


def _is_number(value: Any, _: Question) -> bool:
    return type(value) in (int, float) and abs(value) <= NUMBER_MAX


def _is_url(value: Any, _: Question) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_MAX and bool(_URL.fullmatch(value))


def _is_one(value: Any, question: Question) -> bool:
    return isinstance(value, str) and value in question["options"]


def _are_some(value: Any, question: Question) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if not all(isinstance(one, str) and one in question["options"] for one in value):
        return False
    return len(set(value)) == len(value)


def _is_rating(value: Any, _: Question) -> bool:
    return type(value) is int and 1 <= value <= RATING_MAX


_FITS: Mapping[str, Callable[[Any, Question], bool]] = {
    "text": _is_text(TEXT_MAX),
    "long_text": _is_text(LONG_TEXT_MAX),
    "single": _is_one,
    "multiple": _are_some,
    "number": _is_number,
    "url": _is_url,
    "rating": _is_rating,
    "image_link": _is_url,
}
