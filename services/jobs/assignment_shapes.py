"""What callers get of assignments: the function makes it, the schemas document it."""

from marshmallow import Schema, fields, validate

from services.jobs.domain import actions, assignment
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.job import Job
from services.jobs.people import PersonShape
from services.jobs.seen import Seen
from shared import web
from shared.documents import Doc


class ControlsShape(Schema):
    """How many control questions a submission has answered right; for the client alone."""

    asked = fields.Integer(required=True)
    right = fields.Integer(required=True)


class AssignmentShape(Schema):
    """A slot of a task that somebody has taken; the client sees no answers that are rejected."""

    id = fields.String(required=True)
    job_id = fields.String(required=True)
    worker = fields.Nested(PersonShape(), required=True)
    title = fields.String(required=True)
    reward = web.MoneyShape(required=True)
    state = fields.String(required=True, validate=validate.OneOf(assignment.STATES))
    answers = fields.Dict(required=True, allow_none=True)
    reserved_at = web.When(required=True, allow_none=True)
    expires_at = web.When(required=True, allow_none=True)
    submitted_at = web.When(required=True, allow_none=True)
    criterion_id = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    appeal = fields.String(required=True, allow_none=True)
    controls = fields.Nested(ControlsShape(), required=True, allow_none=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class AssignmentListShape(Schema):
    """A page of assignments."""

    items = fields.List(fields.Nested(AssignmentShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RefusedShape(Schema):
    """An assignment that was not approved, and why."""

    id = fields.String(required=True)
    code = fields.String(required=True)


class ApprovalsShape(Schema):
    """What was approved; `all`: everything that waited is being approved."""

    approved = fields.List(fields.String(), required=True)
    refused = fields.List(fields.Nested(RefusedShape()), required=True)
    all = fields.Boolean(required=True)


def controls(found: Assignment) -> Doc | None:
    """Return how the control questions of a submission came out; None: it has none."""
    if found.controls is None:
        return None
    return {"asked": found.controls, "right": found.controls_right}


def say_assignment(found: Assignment, job: Job, seen: Seen) -> Doc:
    """Return an assignment to one of its sides; what is rejected is sealed from the client."""
    is_sealed = found.state in ("reserved", "rejected", "appealed") and seen.by == found.client_id
    return {
        "id": found.id,
        "job_id": found.job_id,
        "worker": seen.person(found.worker_id or ""),
        "title": found.title,
        "reward": found.reward,
        "state": found.state,
        "answers": None if is_sealed else found.answers,
        "reserved_at": found.reserved_at,
        "expires_at": found.expires_at,
        "submitted_at": found.submitted_at,
        "criterion_id": found.criterion_id,
        "note": found.note,
        "appeal": found.appeal,
        "controls": controls(found) if seen.by == found.client_id else None,
        "next": assignment.next_step(found),
        "actions": actions.of_assignment(found, by=seen.by or "", now=seen.now),
    }
