"""A question about an open job, and the client's answer: both are public."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.jobs.domain import market
from services.jobs.domain.job import Job, Next, waits_for
from shared import clock, moderation, wording
from shared.errors import Conflict, Forbidden, Refused
from shared.events import Fact
from shared.moderation import SHOWN, Seen, Text
from shared.moves import Moves, Outcome, next_state

STATES = ("asked", "answered")
TEXT_MAX = 2_000

MOVES: Moves = {"answer": {"asked": "answered"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to know before they propose."""

    id: str
    job_id: str
    client_id: str
    worker_id: str
    title: str
    text: str
    state: str
    created_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None
    answer_by: datetime | None = None
    seen: Seen = SHOWN

    def said(self) -> Text:
        """Return it as operators are told of it."""
        return Text(
            topic="question",
            content_id=self.id,
            content_kind="question",
            where_id=self.job_id,
            author_id=self.worker_id,
            other_id=self.client_id,
            words=self.text,
        )

    def fact(self, type_: str, **more: Any) -> Fact:
        """Return a fact about this question."""
        words = {
            "job_id": self.job_id,
            "question_id": self.id,
            "client_id": self.client_id,
            "worker_id": self.worker_id,
            "title": self.title,
        }
        return Fact(type_, words | more)


def ask(
    job: Job, *, id: str, by: str, now: datetime, bar: Refused | None, text: str
) -> Outcome[Question]:
    """Ask about an open job; what asks to deal outside is held, and told later.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `job_not_open`
    """
    refuse_asking(job, by=by, bar=bar)
    question = Question(
        id=id,
        job_id=job.id,
        client_id=job.client_id,
        worker_id=by,
        title=job.title,
        text=text,
        state="asked",
        created_at=now,
        answer_by=job.project.proposals_close_at,
        seen=moderation.first(
            wording.find(text, situation="posting"),
            now=now,
            release_at=now + market.timers().held_release,
        ),
    )
    if question.seen.is_shown:
        return question, [_asked(question)]
    return question, [moderation.held(question.said(), question.seen)]


def _asked(question: Question) -> Fact:
    by = question.answer_by
    return question.fact("question.asked", answer_by=clock.text(by) if by else None)


def decide(question: Question, *, now: datetime, outcome: str, reason: str) -> Outcome[Question]:
    """Do what was decided of it: the client hears of it when it is released.

    :raises Ignored: it is so already
    """
    step = moderation.decided(question.said(), question.seen, outcome, reason)
    return _after(question, step, now=now)


def wake(question: Question) -> datetime | None:
    """Return when silence releases it."""
    return question.seen.release_at


def release(question: Question, *, now: datetime) -> Outcome[Question]:
    """Release what no operator decided about in time.

    :raises Ignored: it is not due
    """
    step = moderation.by_silence(question.said(), question.seen, now=now)
    return _after(question, step, now=now)


def _after(
    question: Question, step: tuple[Seen, list[Fact]], *, now: datetime
) -> Outcome[Question]:
    """Tell the client while there is time to answer."""
    seen, facts = step
    first_seen = question.seen.unseen and seen.is_shown
    is_late = question.answer_by is not None and question.answer_by <= now
    after = replace(question, seen=seen)
    return after, [*facts, _asked(after)] if first_seen and not is_late else facts


def refuse_asking(job: Job, *, by: str, bar: Refused | None) -> None:
    """Pass when this person may ask about this job.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `job_not_open`
    """
    if by == job.client_id:
        raise Forbidden("own_job", "this is your own job")
    if bar:
        raise bar
    if job.state != "open":
        detail = f"it takes no questions: it is {job.state}"
        raise Conflict("job_not_open", detail, state=job.state)


def answer(question: Question, *, now: datetime, by: str, text: str) -> Outcome[Question]:
    """Answer a question about one's own job; once.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`; `not_shown`: it is held or removed
    """
    if by != question.client_id:
        raise Forbidden("not_the_client", "only the client of the job may answer")
    if not question.seen.is_shown:
        raise Conflict("not_shown", f"this question is {question.seen.state}")
    state = next_state(MOVES, question.state, "answer")
    question = replace(question, state=state, answer=text, answered_at=now)
    return question, [question.fact("question.answered")]


def next_step(question: Question, job: Job) -> Next | None:
    """Return what this question waits for: the client, while the job takes proposals."""
    if not question.seen.is_shown:
        return moderation.next_of(question.seen)
    by = job.project.proposals_close_at
    if question.state != "asked" or job.state != "open" or by is None:
        return None
    return waits_for("client", "answer", by=by, otherwise="unanswered")
