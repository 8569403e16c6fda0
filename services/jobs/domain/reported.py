"""What is told of something that was reported: whose it is, and the beginning of what it says."""

from typing import Any, TypeVar

from services.jobs.domain.entry import Entry
from services.jobs.domain.proposal import Proposal
from services.jobs.domain.question import Question
from shared import moderation
from shared.moderation import Text
from shared.moves import Outcome

Content = TypeVar("Content", Proposal, Question, Entry)


def report(thing: Content, *, now: Any, case_id: str) -> Outcome[Content]:
    """Tell accounts what was reported; nothing changes."""
    return thing, [moderation.reported(_text(thing), case_id)]


def _text(thing: Proposal | Question | Entry) -> Text:
    match thing:
        case Proposal() | Question():
            return thing.said()
        case Entry():
            return Text(
                topic="entry",
                content_id=thing.id,
                content_kind="entry",
                where_id=thing.job_id,
                author_id=thing.worker_id,
                other_id=thing.client_id,
                words=f"{thing.title}\n{thing.description}",
            )
