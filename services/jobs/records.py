"""Jobs, proposals and questions as documents, with their indexes.

A job carries what it is found by: `text` (as queries are compared with it), `grams` (cut from the
text), `facets` (what it is filtered by) and `sort`. Every list asks for a facet, and one that was
never published has no facet but its owner.
"""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.jobs.domain import assignment, category, proposal, silence, text
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import Award, Budget, Contest, Job, Known, Project, Selection, Task
from services.jobs.domain.proposal import Milestone, Proposal
from services.jobs.domain.question import Question
from services.jobs.domain.wanted import EVERY, facet, of_client
from services.jobs.finding import Searched
from services.jobs.listing_records import LISTINGS
from services.jobs.search_records import MATCHES, SEARCHES
from shared import moderation
from shared.documents import Doc, Kind
from shared.leaving import DEPARTURES
from shared.money import Money

VERIFIED = "verified"
"""Members whose mail address accounts has told to be verified: `{_id, version}`."""

_NO_DEADLINE = datetime(9999, 1, 1, tzinfo=UTC)


def _names(kind: type[Any], *, but: set[str]) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in but]


# What is kept as it is; the rest is said below.
_OF_JOB = _names(Job, but={"id", "skills", "project", "contest", "task", "client_known", "seen"})
_OF_SELECTION = _names(Selection, but=set())
_OF_PROPOSAL = _names(Proposal, but={"id", "amount", "milestones", "seen"})
_OF_CONTEST = _names(Contest, but={"prizes", "awards"})
_OF_TASK = _names(Task, but={"reward", "remaining", "form", "criteria"})
_OF_ASSIGNMENT = _names(Assignment, but={"id", "reward"})
_OF_KNOWN = _names(Known, but=set())
_OF_AWARD = _names(Award, but={"amount"})
_OF_ENTRY = _names(Entry, but={"id", "links"})
_OF_QUESTION = _names(Question, but={"id"})

NOT_LISTED = dict.fromkeys(("text", "grams", "facets", "outbox", "receipts", "born_of"), 0)
"""What a list leaves in the database: the large and the internal."""


def _kept(thing: Any, names: list[str]) -> Doc:
    return {name: getattr(thing, name) for name in names}


# jobs


def job_doc(job: Job) -> Doc:
    """Return a job as it is kept."""
    budget = job.project.budget
    project = {
        "budget": budget and {"min": budget.min.words(), "max": budget.max.words()},
        "weekly_cap_hours": job.project.weekly_cap_hours,
        "proposals_close_at": job.project.proposals_close_at,
        "openings": job.project.openings,
        "selections": [_kept(s, _OF_SELECTION) for s in job.project.selections],
        "select_by": job.project.select_by,
    }
    words = text.normalised("\n".join((job.title, *job.skills, job.description)))
    return {
        "_id": job.id,
        **_kept(job, _OF_JOB),
        "skills": list(job.skills),
        "project": project,
        "contest": job.contest and _contest_doc(job.contest),
        "task": job.task and _task_doc(job.task),
        "client_known": _kept(job.client_known, _OF_KNOWN),
        "seen": moderation.plain(job.seen),
        "least": job.least and job.least.amount,
        "text": words,
        "grams": text.grams(words),
        "facets": facets(job),
        "sort": {
            "new": job.published_at or job.created_at,
            "deadline": job.ends_at or _NO_DEADLINE,
            "amount": job.most.amount if job.most else 0,
        },
    }


def _contest_doc(contest: Contest) -> Doc:
    return {
        **_kept(contest, _OF_CONTEST),
        "prizes": [prize.words() for prize in contest.prizes],
        "awards": [{**_kept(a, _OF_AWARD), "amount": a.amount.words()} for a in contest.awards],
    }


def _contest_of(doc: Doc) -> Contest:
    return Contest(
        prizes=tuple(Money.of(prize) for prize in doc["prizes"]),
        awards=tuple(Award(**{**a, "amount": Money.of(a["amount"])}) for a in doc["awards"]),
        **{name: doc[name] for name in _OF_CONTEST},
    )


def _task_doc(task: Task) -> Doc:
    return {
        **_kept(task, _OF_TASK),
        "reward": task.reward and task.reward.words(),
        "remaining": task.remaining and task.remaining.words(),
        "form": list(task.form),
        "criteria": list(task.criteria),
    }


def _task_of(doc: Doc) -> Task:
    return Task(
        reward=doc["reward"] and Money.of(doc["reward"]),
        remaining=doc["remaining"] and Money.of(doc["remaining"]),
        form=tuple(doc["form"]),
        criteria=tuple(doc["criteria"]),
        **{name: doc[name] for name in _OF_TASK if name in doc},
    )


def facets(job: Job) -> list[str]:
    """Return what a job is filtered by; what nobody else sees by its client alone."""
    of_owner = facet("owner", job.client_id)
    if job.published_at is None or not job.seen.is_shown:
        return [of_owner]
    return [
        of_owner,
        EVERY,
        facet("client", job.client_id),
        facet("mode", job.mode),
        facet("experience", job.experience),
        *(facet("category", id_) for id_ in category.path(job.category)),
        *dict.fromkeys(facet("skill", skill) for skill in job.skills),
        *([of_client("verified")] if job.client_known.is_verified else []),
        *([of_client("paid")] if job.client_known.has_paid else []),
    ]


def job_of(doc: Doc) -> Job:
    """Return the job that `job_doc` kept."""
    said = doc["project"]
    budget = said["budget"] and Budget(**{k: Money.of(m) for k, m in said["budget"].items()})
    project = Project(
        budget=budget,
        weekly_cap_hours=said.get("weekly_cap_hours"),
        proposals_close_at=said["proposals_close_at"],
        openings=said["openings"],
        selections=tuple(Selection(**s) for s in said["selections"]),
        select_by=said["select_by"],
    )
    contest = _contest_of(doc["contest"]) if doc.get("contest") else None
    task = _task_of(doc["task"]) if doc.get("task") else None
    words: Doc = {name: doc.get(name) for name in _OF_JOB}
    return Job(
        id=doc["_id"],
        skills=tuple(doc["skills"]),
        project=project,
        contest=contest,
        task=task,
        client_known=Known(**doc.get("client_known", {})),
        seen=moderation.of_plain(doc.get("seen")),
        **words,
    )


SEARCHED_JOBS = Searched(
    "jobs",
    {
        "new": ("jobs_new", DESCENDING),
        "deadline": ("jobs_deadline", ASCENDING),
        "amount": ("jobs_amount", DESCENDING),
    },
    "jobs_words",
)

JOBS = Kind(
    name="job",
    prefix="job",
    collection="jobs",
    to_doc=job_doc,
    from_doc=job_of,
    wake=silence.wake,
    on_wake=silence.on_wake,
    indexes=SEARCHED_JOBS.indexes,
)

# proposals


def proposal_doc(found: Proposal) -> Doc:
    """Return a proposal as it is kept; `live` is for the index that allows one a person."""
    return {
        "_id": found.id,
        **_kept(found, _OF_PROPOSAL),
        "amount": found.amount.words(),
        "milestones": [
            {"title": m.title, "amount": m.amount.words(), "deliver_by": m.deliver_by}
            for m in found.milestones
        ],
        "live": found.is_live,
        "seen": moderation.plain(found.seen),
    }


def proposal_of(doc: Doc) -> Proposal:
    """Return the proposal that `proposal_doc` kept."""
    milestones = tuple(
        Milestone(title=m["title"], amount=Money.of(m["amount"]), deliver_by=m["deliver_by"])
        for m in doc["milestones"]
    )
    words = {name: doc[name] for name in _OF_PROPOSAL}
    words |= {"amount": Money.of(doc["amount"]), "seen": moderation.of_plain(doc.get("seen"))}
    return Proposal(id=doc["_id"], milestones=milestones, **words)


PROPOSALS = Kind(
    name="proposal",
    prefix="pro",
    collection="proposals",
    to_doc=proposal_doc,
    from_doc=proposal_of,
    wake=proposal.wake,
    on_wake=proposal.on_wake,
    indexes=(
        IndexModel(
            [("job_id", 1), ("worker_id", 1)],
            name="one_live_proposal",
            unique=True,
            partialFilterExpression={"live": True},
        ),
        IndexModel([("job_id", 1), ("_id", -1)], name="proposals_of_job"),
        IndexModel([("worker_id", 1), ("_id", -1)], name="proposals_of_worker"),
    ),
    uniques={"one_live_proposal": ("already_proposed", "you have a proposal for this job already")},
)

# questions


def question_doc(found: Question) -> Doc:
    """Return a question as it is kept."""
    return {"_id": found.id, **_kept(found, _OF_QUESTION)}


def question_of(doc: Doc) -> Question:
    """Return the question that `question_doc` kept."""
    return Question(id=doc["_id"], **{name: doc[name] for name in _OF_QUESTION})


QUESTIONS = Kind(
    name="question",
    prefix="qst",
    collection="questions",
    to_doc=question_doc,
    from_doc=question_of,
    indexes=(
        IndexModel([("job_id", 1), ("_id", -1)], name="questions_of_job"),
        IndexModel([("worker_id", 1)], name="questions_of_worker"),
        IndexModel([("client_id", 1), ("state", 1)], name="questions_of_client"),
    ),
)

# entries


def entry_doc(found: Entry) -> Doc:
    """Return an entry as it is kept."""
    return {"_id": found.id, **_kept(found, _OF_ENTRY), "links": list(found.links)}


def entry_of(doc: Doc) -> Entry:
    """Return the entry that `entry_doc` kept."""
    words = {name: doc[name] for name in _OF_ENTRY}
    return Entry(id=doc["_id"], links=tuple(doc["links"]), **words)


ENTRIES = Kind(
    name="entry",
    prefix="ent",
    collection="entries",
    to_doc=entry_doc,
    from_doc=entry_of,
    indexes=(
        IndexModel([("job_id", 1), ("_id", -1)], name="entries_of_job"),
        IndexModel([("job_id", 1), ("worker_id", 1), ("_id", -1)], name="entries_of_worker"),
        IndexModel([("job_id", 1), ("state", 1), ("_id", 1)], name="entries_by_state"),
        IndexModel([("worker_id", 1)], name="entries_of_person"),
    ),
)

# assignments


def assignment_doc(found: Assignment) -> Doc:
    """Return a slot, or the assignment it has become, as it is kept."""
    return {"_id": found.id, **_kept(found, _OF_ASSIGNMENT), "reward": found.reward.words()}


def assignment_of(doc: Doc) -> Assignment:
    """Return the assignment that `assignment_doc` kept."""
    words = {name: doc[name] for name in _OF_ASSIGNMENT if name in doc}
    return Assignment(id=doc["_id"], reward=Money.of(doc["reward"]), **words)


_IS_NUMBER = {"$type": "number"}

ASSIGNMENTS = Kind(
    name="assignment",
    prefix="asg",
    collection="assignments",
    to_doc=assignment_doc,
    from_doc=assignment_of,
    wake=assignment.wake,
    on_wake=assignment.on_wake,
    indexes=(
        IndexModel([("job_id", 1), ("state", 1), ("_id", 1)], name="slots_by_state"),
        IndexModel([("job_id", 1), ("worker_id", 1), ("_id", -1)], name="assignments_of_job"),
        IndexModel([("worker_id", 1), ("state", 1), ("_id", -1)], name="assignments_of_worker"),
        IndexModel(
            [("job_id", 1), ("worker_id", 1), ("seat", 1)],
            name="one_seat",
            unique=True,
            partialFilterExpression={"seat": _IS_NUMBER},
        ),
        IndexModel(
            [("job_id", 1), ("rejection", 1)],
            name="one_rejection",
            unique=True,
            partialFilterExpression={"rejection": _IS_NUMBER},
        ),
    ),
    uniques={
        "one_seat": ("seat_taken", "you have just started another one"),
        "one_rejection": ("rejection_taken", "another one has just been rejected"),
    },
)

KINDS = (
    *(JOBS, PROPOSALS, QUESTIONS, ENTRIES, ASSIGNMENTS, LISTINGS, SEARCHES, MATCHES),
    DEPARTURES,
)
