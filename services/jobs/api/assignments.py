"""Assignments of tasks: a slot taken, done, reviewed; and what came of a whole task."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from flask import Response, stream_with_context

from services.jobs import tasks
from services.jobs.api import seeing
from services.jobs.assignment_shapes import (
    ApprovalsShape,
    AssignmentListShape,
    AssignmentShape,
    controls,
    say_assignment,
)
from services.jobs.domain import assignment, task
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.job import Job, refuse_others
from services.jobs.queries import slots
from services.jobs.records import ASSIGNMENTS, JOBS
from services.jobs.schemas import (
    AnswersWords,
    AppealWords,
    ApprovalsWords,
    DraftWords,
    RejectWords,
    ResultArgs,
)
from shared import clock, web
from shared.documents import Doc, Done
from shared.errors import Forbidden, Refused, Unknown

blp = web.blueprint("assignments", __name__)
NDJSON = "application/x-ndjson"
CSV = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blp.post("/jobs/<id_>/assignments")
@blp.response(201, AssignmentShape())
def claim_slot(id_: str) -> Response:
    """Start: take a free slot of a task, until `expires_at`.

    403 own_job, member_suspended, member_leaving, not_available_to_you, not_verified, 404,
    409 wrong_mode, job_not_open, limit_reached, approval_rate_low, controls_missed, no_slot_left.
    """
    job, store = seeing.job(id_).thing, web.store()
    once = web.once(status=201)
    there = store.born(ASSIGNMENTS, once) if once else None
    if there is not None:
        return _answer(there, job, 201)
    claimed = tasks.claim(store, job, by=web.caller().id, now=web.now(), once=once)
    said = _say(claimed, job)
    loaded = store.load(ASSIGNMENTS, claimed.id)
    location = f"/v1/assignments/{claimed.id}"
    return web.answer(said, 201, location=location, version=loaded.version)


@blp.get("/jobs/<id_>/assignments")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, AssignmentListShape())
def list_assignments(words: dict[str, Any], id_: str) -> Response:
    """List the assignments of one's task, or one's own of somebody's. 404, 409 wrong_mode."""
    job, by = seeing.job(id_).thing, web.caller().id
    task.of(job)
    worker_id = None if by == job.client_id else by
    docs, cursor = slots.assignments(
        web.store().db, web.page(words), job_id=id_, worker_id=worker_id
    )
    found = [ASSIGNMENTS.from_doc(doc) for doc in docs]
    seen = seeing.of_members(*(each.worker_id or "" for each in found))
    return web.listing([say_assignment(each, job, seen) for each in found], cursor)


@blp.get("/assignments/<id_>")
@blp.response(200, AssignmentShape())
def get_assignment(id_: str) -> Response:
    """Return an assignment to its two sides. 404 for everybody else."""
    found, job = _seen(id_)
    version = web.store().load(ASSIGNMENTS, id_).version
    return web.answer(_say(found, job), version=version)


@blp.put("/assignments/<id_>/draft")
@blp.arguments(DraftWords())
@blp.response(200, AssignmentShape())
def keep_draft(words: dict[str, Any], id_: str) -> Response:
    """Keep answers that are not handed in yet.

    403 not_the_worker, 404, 409 wrong_state, 422 wrong_answers.
    """
    _, job = _seen(id_)
    return _change(id_, job, assignment.draft, answers=words["answers"], asked=task.of(job).form)


@blp.post("/assignments/<id_>/submit")
@blp.arguments(AnswersWords())
@blp.response(200, AssignmentShape())
def submit_assignment(words: dict[str, Any], id_: str) -> Response:
    """Hand the answers in; without any, those of the draft.

    403 not_the_worker, 404, 409 wrong_state, 422 wrong_answers.
    """
    _, job = _seen(id_)
    said = task.of(job)
    answers = words.get("answers")
    return _change(
        id_, job, assignment.submit, answers=answers, asked=said.form, criteria=said.criteria
    )


@blp.post("/assignments/<id_>/return")
@blp.response(200, AssignmentShape())
def return_assignment(id_: str) -> Response:
    """Give a slot back undone. 403 not_the_worker, 404, 409 wrong_state."""
    return _change(id_, _seen(id_)[1], assignment.give_back)


@blp.post("/assignments/<id_>/approve")
@blp.response(200, AssignmentShape())
def approve_assignment(id_: str) -> Response:
    """Approve, or take a rejection back. 403 not_the_client, 404, 409 wrong_state."""
    return _change(id_, _seen(id_)[1], assignment.approve)


@blp.post("/assignments/<id_>/reject")
@blp.arguments(RejectWords())
@blp.response(200, AssignmentShape())
def reject_assignment(words: dict[str, Any], id_: str) -> Response:
    """Reject by a published criterion, or refuse an appeal.

    403 not_the_client, 404, 409 wrong_state, rejection_cap, 422.
    """
    _, job = _seen(id_)
    by, once = web.caller().id, web.once(status=200)
    done = tasks.reject(web.store(), id_, job, by=by, now=web.now(), once=once, **words)
    return _answer(done, job)


@blp.post("/assignments/<id_>/appeal")
@blp.arguments(AppealWords())
@blp.response(200, AssignmentShape())
def appeal_rejection(words: dict[str, Any], id_: str) -> Response:
    """Ask the client to look again; silence approves.

    403 not_the_worker, 404, 409 wrong_state, 422.
    """
    return _change(id_, _seen(id_)[1], assignment.appeal, **words)


@blp.post("/jobs/<id_>/approvals")
@blp.arguments(ApprovalsWords())
@blp.response(202, ApprovalsShape())
def approve_many(words: dict[str, Any], id_: str) -> Response:
    """Approve these, or all that wait for review now: those the worker approves, one after another.

    403 not_the_client, 404, 409 wrong_mode, wrong_state, 422.
    """
    job, by, store = seeing.job(id_).thing, web.caller().id, web.store()
    task.of(job)
    refuse_others(job, by)
    chosen = words["assignment_ids"]
    if chosen == "all":
        once = web.once(status=202)
        done = store.change(JOBS, id_, task.approve_all, once=once, now=web.now(), by=by)
        return web.answer({"approved": [], "refused": [], "all": True}, 202, done=done)
    approved, refused = [], []
    for one in chosen:
        try:
            if store.get(ASSIGNMENTS, one).job_id != id_:
                raise Unknown("no_such_assignment", "it is not of this task")
            store.change(ASSIGNMENTS, one, assignment.approve, now=web.now(), by=by)
            approved.append(one)
        except Refused as why:
            refused.append({"id": one, "code": why.code})
    return web.answer({"approved": approved, "refused": refused, "all": False}, 202)


@blp.get("/jobs/<id_>/results")
@web.offers(NDJSON, CSV)
@blp.arguments(ResultArgs(), location="query")
@blp.response(200)
def get_results(words: dict[str, Any], id_: str) -> Response:
    """Return all that was submitted, as NDJSON or CSV; what is rejected is sealed.

    403 not_the_client, 404, 409 wrong_mode, 422.
    """
    job, db = seeing.job(id_).thing, web.store().db
    task.of(job)
    if web.caller().id != job.client_id:
        raise Forbidden("not_the_client", "only the client of a job has its results")
    found = map(ASSIGNMENTS.from_doc, slots.results(db, id_))
    as_csv = words["format"] == "csv"
    lines = _csv(job, found) if as_csv else map(_line, found)
    return Response(stream_with_context(lines), mimetype=CSV if as_csv else NDJSON)


def _row(found: Assignment) -> Doc:
    is_sealed = found.state in ("rejected", "appealed")
    return {
        "id": found.id,
        "worker_id": found.worker_id,
        "state": found.state,
        "submitted_at": clock.text(found.submitted_at) if found.submitted_at else None,
        "answers": None if is_sealed else found.answers,
        "controls": controls(found),
    }


def _line(found: Assignment) -> bytes:
    return orjson.dumps(_row(found)) + b"\n"


def _csv(job: Job, found: Iterator[Assignment]) -> Iterator[str]:
    asked = [question["id"] for question in task.of(job).form]
    names = ("id", "worker_id", "state", "submitted_at")
    yield _cells([*names, *asked, "controls_right"])
    for each in found:
        row = _row(each)
        answers: Mapping[str, Any] = row["answers"] or {}
        right = "" if each.controls_right is None else each.controls_right
        yield _cells([*(row[n] for n in names), *(answers.get(id_, "") for id_ in asked), right])


def _cells(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in values])
    return line.getvalue()


def _cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula; a number stays one."""
    if isinstance(value, int | float):
        return str(value)
    text = "; ".join(value) if isinstance(value, list) else str(value or "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _seen(id_: str) -> tuple[Assignment, Job]:
    found = web.store().get(ASSIGNMENTS, id_)
    if found.worker_id is None or web.caller().id not in (found.client_id, found.worker_id):
        raise Unknown("no_such_assignment", "there is no such assignment")
    return found, web.store().get(JOBS, found.job_id)


def _change(id_: str, job: Job, rule: Any, **words: Any) -> Response:
    done = web.store().change(
        ASSIGNMENTS,
        id_,
        rule,
        once=None if rule is assignment.draft else web.once(status=200),
        now=web.now(),
        by=web.caller().id,
        **words,
    )
    return _answer(done, job)


def _say(found: Assignment, job: Job) -> Doc:
    return say_assignment(found, job, seeing.of_members(found.worker_id or ""))


def _answer(done: Done[Assignment], job: Job, status: int = 200) -> Response:
    location = f"/v1/assignments/{done.thing.id}" if status == 201 else None
    return web.answer(_say(done.thing, job), status, done=done, location=location)
