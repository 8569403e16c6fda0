"""Who looks at something of jobs, and what is known besides the thing itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.jobs.people import say_record
from shared import moderation, wording
from shared.documents import Doc
from shared.languages import LANGUAGES
from shared.standing import NOBODYS, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Who looks, when, and what is known besides the things themselves."""

    by: str | None
    now: datetime
    names: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Doc] = field(default_factory=dict)
    standing: Standing = NOBODYS
    counts: Mapping[str, int] = field(default_factory=dict)
    entries: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unmet: Mapping[str, Sequence[str]] = field(default_factory=dict)
    worked_s: Mapping[str, Sequence[int]] = field(default_factory=dict)
    proposed: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    language: str = LANGUAGES[0]

    def person(self, id_: str) -> Doc:
        """Return a member as they are named."""
        return {"id": id_, "display_name": self.names.get(id_)}

    def warnings(self, how: moderation.Seen, author_id: str) -> list[dict[str, str]]:
        """Return what a text's author alone is told of it."""
        return wording.say(how.findings, self.language) if self.by == author_id else []

    def known_person(self, id_: str) -> Doc:
        """Return a member with their record."""
        return {**self.person(id_), "record": say_record(self.records.get(id_))}
