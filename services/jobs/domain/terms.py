"""What a job may say: bounds, what it needs before it opens, what stays as it is while open."""

from collections.abc import Set
from datetime import datetime, timedelta

from services.jobs.domain import category, form
from services.jobs.domain.job import Budget, Contest, Job, Task
from shared.errors import Invalid

TITLE_MAX = 200
DESCRIPTION_MAX = 20_000
SKILLS_MAX = 20
SKILL_MAX = 50
OPENINGS_MAX = 100
PRIZES_MAX = 20
SLOTS_MAX = 10_000
MINUTES_MAX = 10_080
FORM_MAX = 50
OPTIONS_MAX = 50
CRITERIA_MAX = 20
TASK_WORDS = (
    *("reward", "slots", "per_worker_limit", "minutes_allowed", "review_days", "form"),
    *("criteria", "min_approval_percent", "min_controls_percent", "verified_only"),
)
DEADLINE_MAX = timedelta(days=730)
ENTRIES_OPEN_MAX = timedelta(days=180)
PROPOSALS_OPEN_MAX = timedelta(days=180)

Fields = dict[str, list[str]]


def refuse_wrong(job: Job, *, given: Set[str], now: datetime) -> None:
    """Pass when the words that were given now fit each other and the others.

    Only those: a draft whose deadline has passed meanwhile may still get a better title.

    :raises Invalid: `invalid_words` with the fields
    """
    wrong: Fields = {}
    if "category" in given and job.category not in category.PARTS:
        wrong["category"] = ["Not the id of a category without parts."]
    if "budget" in given:
        wrong.update(_wrong_budget(job.project.budget))
    if "deadline_at" in given:
        wrong.update(_wrong_time("deadline_at", job.deadline_at, now, DEADLINE_MAX))
    close_at = job.project.proposals_close_at
    if "proposals_close_at" in given:
        wrong.update(_wrong_time("proposals_close_at", close_at, now, PROPOSALS_OPEN_MAX))
    if job.contest is not None:
        wrong.update(_wrong_contest(job.contest, given, now))
    if job.task is not None:
        wrong.update(_wrong_task(job.task, given))
    if not wrong and given & {"deadline_at", "proposals_close_at"}:
        wrong.update(_wrong_order(close_at, job.deadline_at))
    if wrong:
        raise Invalid("invalid_words", "some of the words are not right", fields=wrong)


def _wrong_contest(contest: Contest, given: Set[str], now: datetime) -> Fields:
    wrong: Fields = {}
    if "closes_at" in given:
        wrong.update(_wrong_time("closes_at", contest.closes_at, now, ENTRIES_OPEN_MAX))
    if len({prize.currency for prize in contest.prizes}) > 1:
        wrong["prizes"] = ["More than one currency."]
    return wrong


def _wrong_task(task: Task, given: Set[str]) -> Fields:
    wrong: Fields = {}
    for name in {"form", "criteria"} & given:
        ids = [one["id"] for one in getattr(task, name)]
        if len(set(ids)) < len(ids):
            wrong[name] = ["An id stands twice."]
    if any(
        (one["type"] in ("single", "multiple")) != bool(one.get("options")) for one in task.form
    ):
        wrong["form"] = ["Options are for single and multiple, and needed there."]
    elif any(not form.is_known_right(one) for one in task.form):
        wrong["form"] = ["A known answer is one that its own question takes."]
    has_controls = any("known" in one for one in task.form)
    asks = task.min_controls_percent or any(c.get("min_controls_percent") for c in task.criteria)
    if asks and not has_controls and given & {"form", "criteria", "min_controls_percent"}:
        wrong["form"] = ["No question has a known answer, and a rule asks for them."]
    return wrong


def _wrong_order(close_at: datetime | None, deadline_at: datetime | None) -> Fields:
    if close_at is None or deadline_at is None or close_at <= deadline_at:
        return {}
    return {"proposals_close_at": ["Later than the deadline of the work."]}


def _wrong_budget(budget: Budget | None) -> Fields:
    if budget is None:
        return {}
    if budget.min.currency != budget.max.currency:
        return {"budget.max.currency": ["Another currency than the minimum's."]}
    return {"budget.max": ["Less than the minimum."]} if budget.max < budget.min else {}


def _wrong_time(name: str, at: datetime | None, now: datetime, most: timedelta) -> Fields:
    if at is None or now < at <= now + most:
        return {}
    return {name: ["In the past." if at <= now else f"More than {most.days} days away."]}


def lacking(job: Job) -> Fields:
    """Return what must be said before a job is published and is not yet."""
    needed: dict[str, object] = {"budget": job.project.budget, "deadline_at": job.deadline_at}
    if job.contest is not None:
        needed = {"prizes": job.contest.prizes or None, "closes_at": job.contest.closes_at}
    if job.task is not None:
        needed = {"reward": job.task.reward, "deadline_at": job.deadline_at}
        needed |= {"form": job.task.form or None, "criteria": job.task.criteria or None}
    return {name: ["Needed before publishing."] for name, value in needed.items() if value is None}


def fixed_while_open(old: Job, new: Job) -> Fields:
    """Return the words that would change against those who have read the open job.

    A description may be added to at its end; deadlines, openings and budget may grow.
    """
    may_grow = {
        "description": new.description.startswith(old.description),
        "deadline_at": _later(old.deadline_at, new.deadline_at),
        "proposals_close_at": _later(
            old.project.proposals_close_at, new.project.proposals_close_at
        ),
        "openings": new.project.openings >= old.project.openings,
        "budget": _grown(old.project.budget, new.project.budget),
    }
    fixed = ("title", "category", "skills", "experience")
    same = {name: getattr(old, name) == getattr(new, name) for name in fixed}
    same["weekly_cap_hours"] = old.project.weekly_cap_hours == new.project.weekly_cap_hours
    if old.contest is not None and new.contest is not None:
        may_grow["closes_at"] = _later(old.contest.closes_at, new.contest.closes_at)
        for name in ("prizes", "visibility", "no_winner"):
            same[name] = getattr(old.contest, name) == getattr(new.contest, name)
    if old.task is not None and new.task is not None:
        for name in TASK_WORDS:
            same[name] = getattr(old.task, name) == getattr(new.task, name)
    wrong = [name for name, fine in {**may_grow, **same}.items() if not fine]
    return {name: ["Fixed while the job is open."] for name in wrong}


def _later(old: datetime | None, new: datetime | None) -> bool:
    return old is None or (new is not None and new >= old)


def _grown(old: Budget | None, new: Budget | None) -> bool:
    if old is None or new is None:
        return old is new
    if old.min.currency != new.min.currency:
        return False
    return new.min >= old.min and new.max >= old.max
