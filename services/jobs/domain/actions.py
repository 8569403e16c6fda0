"""What a caller may do now, and why not, where they may not: the rules themselves are asked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.jobs.domain import assignment, contest, entry, posting, proposal, question
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import Job
from services.jobs.domain.proposal import Proposal
from services.jobs.domain.question import Question
from shared.errors import Refused

Action = dict[str, Any]


def action(name: str, href: str, rule: Callable[[], object], *, method: str = "POST") -> Action:
    """Return whether this rule lets the caller do it, or with which code it refuses."""
    try:
        rule()
    except Refused as no:
        return {
            "name": name,
            "href": href,
            "method": method,
            "allowed": False,
            "reasons": [no.code],
        }
    return {"name": name, "href": href, "method": method, "allowed": True, "reasons": []}


def _unless(unmet: Sequence[str], name: str, href: str) -> Action:
    """Return an action with every reason why not, where the rule knows them all."""
    known = action(name, href, lambda: None)
    return {**known, "allowed": not unmet, "reasons": list(unmet)}


def of_job(
    job: Job,
    *,
    by: str,
    now: datetime,
    bar: Refused | None,
    has_proposed: bool,
    entries: int = 0,
    unmet: Sequence[str] = (),
) -> list[Action]:
    """Return what this member may do with a job: its client, or somebody who might take it."""
    at = f"/v1/jobs/{job.id}"
    if by != job.client_id:
        if job.task is not None:
            return _of_starter(job, at, by=by, bar=bar, unmet=unmet)
        if job.contest is not None:
            return _of_entrant(job, at, by=by, now=now, bar=bar)
        return _of_stranger(job, at, by=by, bar=bar, has_proposed=has_proposed)
    publish = action(
        "publish",
        f"{at}/publish",
        lambda: posting.publish(job, now=now, by=by, bar=bar),
    )
    return [
        action("edit", at, lambda: posting.edit(job, now=now, by=by, words={}), method="PATCH"),
        publish,
        action("close", f"{at}/close", lambda: posting.close(job, now=now, by=by)),
        action(
            "cancel",
            f"{at}/cancel",
            lambda: posting.cancel(job, now=now, by=by, entries=entries),
        ),
        *(_of_contest(job, at, by=by, now=now) if job.contest else ()),
    ]


def _of_contest(job: Job, at: str, *, by: str, now: datetime) -> list[Action]:
    return [
        action("award", f"{at}/award", lambda: contest.refuse_awarding(job, by=by)),
        action(
            "extend_selection",
            f"{at}/extend-selection",
            lambda: contest.extend(job, now=now, by=by),
        ),
    ]


def _of_entrant(job: Job, at: str, *, by: str, now: datetime, bar: Refused | None) -> list[Action]:
    unmet = [why.code for why in entry.unmet(job, by=by, now=now, bar=bar)]
    return [
        _unless(unmet, "enter", f"{at}/entries"),
        action(
            "ask",
            f"{at}/questions",
            lambda: question.refuse_asking(job, by=by, bar=bar),
        ),
    ]


def _of_starter(
    job: Job, at: str, *, by: str, bar: Refused | None, unmet: Sequence[str]
) -> list[Action]:
    return [
        _unless(unmet, "start", f"{at}/assignments"),
        action(
            "ask",
            f"{at}/questions",
            lambda: question.refuse_asking(job, by=by, bar=bar),
        ),
    ]


def of_assignment(found: Assignment, *, by: str, now: datetime) -> list[Action]:
    """Return what this member, one of its two sides, may do with an assignment."""
    at = f"/v1/assignments/{found.id}"
    if by == found.worker_id:
        return [
            action(
                "submit",
                f"{at}/submit",
                lambda: assignment.refuse_submitting(found, now=now, by=by),
            ),
            action("return", f"{at}/return", lambda: assignment.give_back(found, now=now, by=by)),
            action(
                "appeal",
                f"{at}/appeal",
                lambda: assignment.appeal(found, now=now, by=by, note="-"),
            ),
        ]
    return [
        action("approve", f"{at}/approve", lambda: assignment.approve(found, now=now, by=by)),
        action(
            "reject",
            f"{at}/reject",
            lambda: assignment.reject(
                found,
                now=now,
                by=by,
                criterion_id="-",
                note="-",
                rejection=1,
                criteria=[{"id": "-"}],
            ),
        ),
    ]


def of_entry(found: Entry, *, by: str | None, now: datetime) -> list[Action]:
    """Return what this caller may do with an entry: who made it, or the client."""
    at = f"/v1/entries/{found.id}"
    if by == found.worker_id:
        return [action("withdraw", f"{at}/withdraw", lambda: entry.withdraw(found, now=now, by=by))]
    if by != found.client_id:
        return []
    return [
        action(
            "favourite",
            f"{at}/favourite",
            lambda: entry.favourite(found, now=now, by=by, favourite=True),
        )
    ]


def _of_stranger(
    job: Job, at: str, *, by: str, bar: Refused | None, has_proposed: bool
) -> list[Action]:
    unmet = [why.code for why in proposal.unmet(job, by=by, bar=bar)]
    if has_proposed:
        unmet.append("already_proposed")
    propose = _unless(unmet, "propose", f"{at}/proposals")
    ask = action(
        "ask",
        f"{at}/questions",
        lambda: question.refuse_asking(job, by=by, bar=bar),
    )
    return [propose, ask]


def of_proposal(found: Proposal, *, by: str, now: datetime, bar: Refused | None) -> list[Action]:
    """Return what this member, one of its two sides, may do with a proposal.

    Whether an opening is left is for the job to say when somebody is selected.
    """
    at = f"/v1/proposals/{found.id}"
    if by == found.worker_id:
        return [
            action("withdraw", f"{at}/withdraw", lambda: proposal.withdraw(found, now=now, by=by))
        ]
    return [
        action("shortlist", f"{at}/shortlist", lambda: proposal.shortlist(found, now=now, by=by)),
        action("select", f"{at}/select", lambda: proposal.refuse_selecting(found, bar)),
        action("decline", f"{at}/decline", lambda: proposal.decline(found, now=now, by=by)),
    ]


def of_question(found: Question, *, by: str | None, now: datetime) -> list[Action]:
    """Return what this caller may do with a question; only the client of its job can answer."""
    if by != found.client_id:
        return []
    href = f"/v1/questions/{found.id}/answer"
    return [action("answer", href, lambda: question.answer(found, now=now, by=by, text="-"))]
