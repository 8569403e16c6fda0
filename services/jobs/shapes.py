"""What callers of jobs get: the functions make it, the schemas document it."""

from marshmallow import Schema, fields, validate

from services.jobs.domain import actions, entry, form, question, silence
from services.jobs.domain import task as tasks
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import EXPERIENCES, MODES, NO_WINNER, STATES, VISIBILITIES, Job
from services.jobs.domain.question import Question
from services.jobs.people import KnownPersonShape, PersonShape
from services.jobs.seen import Seen
from shared import web
from shared.documents import Doc


class BudgetShape(Schema):
    """What the client thinks the work costs."""

    min = web.MoneyShape(required=True)
    max = web.MoneyShape(required=True)


class AwardShape(Schema):
    """What an entry got: the prize of its rank; rank 0 is a share where nobody won."""

    entry_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    rank = fields.Integer(required=True)


class ContestShape(Schema):
    """What only a competition says; the other modes leave it out.

    `decision` is awarded, split or void; `is_extended` says that the time to award was put off;
    `hold_id` names the money, for its client alone.
    """

    prizes = fields.List(web.MoneyShape())
    closes_at = web.When(allow_none=True)
    visibility = fields.String(validate=validate.OneOf(VISIBILITIES))
    no_winner = fields.String(validate=validate.OneOf(NO_WINNER))
    is_extended = fields.Boolean()
    decision = fields.String(allow_none=True)
    awards = fields.List(fields.Nested(AwardShape()))
    entries = fields.Integer()
    hold_id = fields.String(allow_none=True)


class FormQuestionShape(Schema):
    """A question of a task's form; the `known` answer of a control is for its client alone."""

    id = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(form.TYPES))
    label = fields.String(required=True)
    required = fields.Boolean(required=True)
    options = fields.List(fields.String())
    known = fields.Raw()


class CriterionShape(Schema):
    """What a submission must meet; with `min_controls_percent` it rejects by itself."""

    id = fields.String(required=True)
    text = fields.String(required=True)
    min_controls_percent = fields.Integer()


class HourlyPayShape(Schema):
    """What this task has paid by the hour: the median of `sample` approved assignments."""

    amount = web.MoneyShape(required=True)
    median_s = fields.Integer(required=True)
    sample = fields.Integer(required=True)


class TaskShape(ContestShape):
    """What only a task says; the other modes leave it out. `slots_by_state` counts them."""

    reward = web.MoneyShape(allow_none=True)
    slots = fields.Integer()
    slots_by_state = fields.Dict(keys=fields.String(), values=fields.Integer())
    per_worker_limit = fields.Integer()
    minutes_allowed = fields.Integer()
    review_days = fields.Integer()
    form = fields.List(fields.Nested(FormQuestionShape()))
    criteria = fields.List(fields.Nested(CriterionShape()))
    min_approval_percent = fields.Integer()
    min_controls_percent = fields.Integer()
    verified_only = fields.Boolean()
    hourly_pay = fields.Nested(HourlyPayShape(), allow_none=True)
    remaining = web.MoneyShape(allow_none=True)


class JobShape(TaskShape):
    """A job. `proposals` counts all it has had, `openings_filled` the contracts that stand.

    When operators have `removed` it, its texts are its client's to read alone, as `warnings` are.
    """

    id = fields.String(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    title = fields.String(required=True)
    description = fields.String(required=True)
    category = fields.String(required=True)
    skills = fields.List(fields.String(), required=True)
    experience = fields.String(required=True, validate=validate.OneOf(EXPERIENCES))
    budget = fields.Nested(BudgetShape(), required=True, allow_none=True)
    weekly_cap_hours = fields.Integer(required=True, allow_none=True)
    deadline_at = web.When(required=True, allow_none=True)
    proposals_close_at = web.When(required=True, allow_none=True)
    openings = fields.Integer(required=True)
    openings_filled = fields.Integer(required=True)
    client = fields.Nested(KnownPersonShape(), required=True)
    created_at = web.When(required=True)
    published_at = web.When(required=True, allow_none=True)
    proposals = fields.Integer(required=True)
    bookmarked = fields.Boolean(required=True)
    removed = fields.Boolean(required=True)
    warnings = fields.List(fields.Nested(web.WarningShape()), required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class JobListShape(Schema):
    """A page of jobs."""

    items = fields.List(fields.Nested(JobShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MilestoneShape(Schema):
    """A part of the work with its own amount and time."""

    title = fields.String(required=True)
    amount = web.MoneyShape(required=True)
    deliver_by = web.When(required=True)


class EntryShape(Schema):
    """An entry; `rank` is the prize it won, `favourite` null for all but the client."""

    id = fields.String(required=True)
    job_id = fields.String(required=True)
    worker = fields.Nested(PersonShape(), required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    links = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf(entry.STATES))
    rank = fields.Integer(required=True, allow_none=True)
    favourite = fields.Boolean(required=True, allow_none=True)
    created_at = web.When(required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class EntryListShape(Schema):
    """A page of entries."""

    items = fields.List(fields.Nested(EntryShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class QuestionShape(Schema):
    """A question about a job, with its answer once there is one."""

    id = fields.String(required=True)
    job_id = fields.String(required=True)
    worker = fields.Nested(PersonShape(), required=True)
    text = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(question.STATES))
    created_at = web.When(required=True)
    answer = fields.String(required=True, allow_none=True)
    answered_at = web.When(required=True, allow_none=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class QuestionListShape(Schema):
    """A page of questions."""

    items = fields.List(fields.Nested(QuestionShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CategoryNameShape(Schema):
    """A name in both languages."""

    ja = fields.String(required=True)
    en = fields.String(required=True)


class CategoryShape(Schema):
    """A field of work, or one of its parts; jobs are in those without children."""

    id = fields.String(required=True)
    name = fields.Nested(CategoryNameShape(), required=True)
    children = fields.List(fields.Nested(lambda: CategoryShape()), required=True)


class CategoryTreeShape(Schema):
    """The tree of categories."""

    items = fields.List(fields.Nested(CategoryShape()), required=True)


def say_job(job: Job, seen: Seen) -> Doc:
    """Return a job as this caller sees it."""
    project = job.project
    is_read = job.seen.is_shown or seen.by == job.client_id
    may = []
    if seen.by is not None:
        may = actions.of_job(
            job,
            by=seen.by,
            now=seen.now,
            bar=seen.standing.bar(job.client_id),
            has_proposed=job.id in seen.proposed,
            entries=seen.entries.get(job.id, 0),
            unmet=seen.unmet.get(job.id, ()),
        )
    return {
        "id": job.id,
        "mode": job.mode,
        "state": job.state,
        "title": job.title if is_read else "",
        "description": job.description if is_read else "",
        "category": job.category,
        "skills": list(job.skills) if is_read else [],
        "experience": job.experience,
        "budget": project.budget and {"min": project.budget.min, "max": project.budget.max},
        "weekly_cap_hours": project.weekly_cap_hours,
        "deadline_at": job.deadline_at,
        "proposals_close_at": project.proposals_close_at,
        "openings": project.openings,
        "openings_filled": project.filled,
        "client": seen.known_person(job.client_id),
        "created_at": job.created_at,
        "published_at": job.published_at,
        **_say_contest(job, seen),
        **_say_task(job, seen),
        "proposals": seen.counts.get(job.id, 0),
        "bookmarked": job.id in seen.marked,
        "removed": job.seen.state == "removed",
        "warnings": seen.warnings(job.seen, job.client_id),
        "next": silence.next_step(job),
        "actions": may,
    }


def _say_contest(job: Job, seen: Seen) -> Doc:
    if (contest := job.contest) is None:
        return {}
    return {
        "prizes": list(contest.prizes),
        "closes_at": contest.closes_at,
        "visibility": contest.visibility,
        "no_winner": contest.no_winner,
        "is_extended": contest.is_extended,
        "decision": contest.decision,
        "awards": [
            {"entry_id": a.entry_id, "worker_id": a.worker_id, "amount": a.amount, "rank": a.rank}
            for a in contest.awards
        ],
        "entries": seen.entries.get(job.id, 0),
        "hold_id": job.hold_id if seen.by == job.client_id else None,
    }


def _say_task(job: Job, seen: Seen) -> Doc:
    if (task := job.task) is None:
        return {}
    return {
        "reward": task.reward,
        "slots": task.slots,
        "slots_by_state": dict(seen.slots.get(job.id, {})),
        "per_worker_limit": task.per_worker_limit,
        "minutes_allowed": task.minutes_allowed,
        "review_days": task.review_days,
        "form": list(task.form) if seen.by == job.client_id else form.published(task.form),
        "criteria": list(task.criteria),
        "min_approval_percent": task.min_approval_percent,
        "min_controls_percent": task.min_controls_percent,
        "verified_only": task.verified_only,
        "hourly_pay": tasks.hourly_pay(job, seen.worked_s.get(job.id, ())),
        "remaining": task.remaining,
        "hold_id": job.hold_id if seen.by == job.client_id else None,
    }


def say_entry(found: Entry, job: Job, seen: Seen) -> Doc:
    """Return an entry as somebody who may see it does; whom the client likes is for the client."""
    return {
        "id": found.id,
        "job_id": found.job_id,
        "worker": seen.person(found.worker_id),
        "title": found.title,
        "description": found.description,
        "links": list(found.links),
        "state": found.state,
        "rank": found.rank,
        "favourite": found.is_favourite if seen.by == found.client_id else None,
        "created_at": found.created_at,
        "next": entry.next_step(found, job),
        "actions": actions.of_entry(found, by=seen.by, now=seen.now),
    }


def say_question(found: Question, job: Job, seen: Seen) -> Doc:
    """Return a question as everybody sees it; what may be done is the caller's."""
    return {
        "id": found.id,
        "job_id": found.job_id,
        "worker": seen.person(found.worker_id),
        "text": found.text,
        "state": found.state,
        "created_at": found.created_at,
        "answer": found.answer,
        "answered_at": found.answered_at,
        "next": question.next_step(found, job),
        "actions": actions.of_question(found, by=seen.by, now=seen.now),
    }
