"""Questions about a job, and the client's answers."""

from typing import Any

from flask import Response

from services.jobs import queries
from services.jobs.api import seeing
from services.jobs.domain import question
from services.jobs.domain.question import Question
from services.jobs.records import JOBS, QUESTIONS
from services.jobs.schemas import QuestionWords
from services.jobs.shapes import QuestionListShape, QuestionShape, say_question
from shared import ids, standing, web
from shared.documents import Done, Loaded
from shared.errors import Unknown

blp = web.blueprint("questions", __name__)


@blp.post("/jobs/<id_>/questions")
@blp.arguments(QuestionWords())
@blp.response(201, QuestionShape())
def ask(words: dict[str, Any], id_: str) -> Response:
    """Ask about an open job; everybody can read it.

    403 own_job, member_suspended, member_leaving, not_available_to_you, 404, 409 job_not_open, 422.
    """
    job, by, now, store = seeing.job(id_).thing, web.caller().id, web.now(), web.store()
    question_id = ids.new("qst")
    location = f"/v1/questions/{question_id}"
    once = web.once(status=201, location=location)
    if once and (there := store.born(QUESTIONS, once)):
        return _answer(there, 201)
    asked = question.ask(
        job,
        id=question_id,
        by=by,
        now=now,
        bar=standing.of(store.db, by, [job.client_id]).bar(job.client_id),
        text=words["text"],
    )
    return _answer(store.create(QUESTIONS, *asked, once=once, now=now), 201, location=location)


@blp.get("/jobs/<id_>/questions")
@web.public
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, QuestionListShape())
def list_questions(words: dict[str, Any], id_: str) -> Response:
    """List the questions about a job, the newest first. 404."""
    job = seeing.job(id_).thing
    who = web.caller_or_none()
    by = who.id if who else None
    docs, cursor = queries.questions(web.store().db, web.page(words), id_, by=by)
    found = [QUESTIONS.from_doc(doc) for doc in docs]
    seen = seeing.of_members(*(each.worker_id for each in found))
    return web.listing([say_question(each, job, seen, web.language()) for each in found], cursor)


@blp.get("/questions/<id_>")
@web.public
@blp.response(200, QuestionShape())
def get_question(id_: str) -> Response:
    """Return a question about a job that the caller can see. 404."""
    loaded = _seen(id_)
    job = seeing.job(loaded.thing.job_id).thing
    seen = seeing.of_members(loaded.thing.worker_id)
    return web.answer(say_question(loaded.thing, job, seen, web.language()), version=loaded.version)


@blp.post("/questions/<id_>/answer")
@blp.arguments(QuestionWords())
@blp.response(200, QuestionShape())
def answer_question(words: dict[str, Any], id_: str) -> Response:
    """Answer a question about one's job.

    403 not_the_client, 404, 409 wrong_state, not_shown, 422.
    """
    _seen(id_)
    done = web.store().change(
        QUESTIONS,
        id_,
        question.answer,
        once=web.once(status=200),
        now=web.now(),
        by=web.caller().id,
        text=words["text"],
    )
    return _answer(done)


def _seen(id_: str) -> Loaded[Question]:
    """Return a question; what is held its author sees alone.

    :raises Unknown: `no_such_question`
    """
    loaded, who = web.store().load(QUESTIONS, id_), web.caller_or_none()
    if loaded.thing.seen.unseen and (who is None or who.id != loaded.thing.worker_id):
        raise Unknown("no_such_question", "there is no such question")
    return loaded


def _answer(done: Done[Question], status: int = 200, *, location: str | None = None) -> Response:
    job = web.store().get(JOBS, done.thing.job_id)
    said = say_question(done.thing, job, seeing.of_members(done.thing.worker_id), web.language())
    return web.answer(said, status, done=done, location=location)
