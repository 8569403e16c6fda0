"""A question about an open job, and the client's answer: both are public."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.jobs.domain.job import Job, Next, waits_for
from shared import clock
from shared.errors import Conflict, Forbidden, Refused
from shared.events import Fact
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
    """Ask about an open job.

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
    )
    until = job.project.proposals_close_at
    by_then = clock.text(until) if until else None
    return question, [question.fact("question.asked", answer_by=by_then)]


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
    :raises Conflict: `wrong_state`
    """
    if by != question.client_id:
        raise Forbidden("not_the_client", "only the client of the job may answer")
    state = next_state(MOVES, question.state, "answer")
    question = replace(question, state=state, answer=text, answered_at=now)
    return question, [question.fact("question.answered")]


def next_step(question: Question, job: Job) -> Next | None:
    """Return what this question waits for: the client, while the job takes proposals."""
    by = job.project.proposals_close_at
    if question.state != "asked" or job.state != "open" or by is None:
        return None
    return waits_for("client", "answer", by=by, otherwise="unanswered")
