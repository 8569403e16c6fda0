"""What callers send about reports and cases, and what they get."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.accounts.domain import case_seen, case_silence
from services.accounts.domain.case import (
    KINDS,
    REASONS,
    SAID_MAX,
    STATES,
    Case,
    Report,
    outcome_of_report,
)
from services.accounts.schemas.access import REASON_MAX, SanctionWords
from shared import ids, web
from shared.documents import Doc

ABOUT_KINDS = (*KINDS.values(), "answer")


class AboutField(fields.String):
    """The id of something that can be reported."""

    def __init__(self, **how: Any) -> None:
        super().__init__(validate=[validate.Length(equal=36), _is_known], **how)


def _is_known(about: str) -> None:
    if not ids.is_id(about, about[:3]) or about[:3] not in KINDS:
        raise ValidationError("Not the id of something that can be reported.")


class ReportWords(Schema):
    """`POST /v1/reports`."""

    about = AboutField(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    words = web.Text(SAID_MAX, load_default=None, allow_none=True)


class ReportShape(Schema):
    """A report, as who made it sees it."""

    id = fields.String(required=True)
    about = fields.String(required=True)
    about_kind = fields.String(required=True)
    reason = fields.String(required=True)
    words = fields.String(required=True, allow_none=True)
    at = web.When(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["open", "answered"]))
    outcome = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["acted", "not_acted"])
    )


class ReportsShape(Schema):
    """One's own reports."""

    items = fields.List(fields.Nested(ReportShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CaseQuery(web.PageArgs):
    """`GET /v1/cases`."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    kind = fields.String(load_default=None, validate=validate.OneOf(ABOUT_KINDS))
    author = web.IdField("mem", load_default=None)


class CaseDecisionWords(Schema):
    """`POST /v1/cases/{id}/decide`."""

    outcome = fields.String(
        required=True, validate=validate.OneOf(["release", "remove", "dismiss"])
    )
    reason = web.Text(REASON_MAX, required=True)
    sanction = fields.Nested(SanctionWords(), load_default=None, allow_none=True)


class CaseAppealWords(Schema):
    """`POST /v1/cases/{id}/appeal`."""

    reason = web.Text(REASON_MAX, required=True)


class CaseAnswerWords(Schema):
    """`POST /v1/cases/{id}/decide-appeal`."""

    outcome = fields.String(required=True, validate=validate.OneOf(["upheld", "restored"]))
    reason = web.Text(REASON_MAX, required=True)


class CaseNextShape(Schema):
    """Who must act, by when, and what happens if they do not."""

    actor = fields.String(required=True, validate=validate.OneOf(["ops", "author"]))
    action = fields.String(required=True)
    by = web.When(required=True, allow_none=True)
    otherwise = fields.String(required=True, allow_none=True)


class MemberNamedShape(Schema):
    """A member and their name, as far as there is one."""

    id = fields.String(required=True)
    display_name = fields.String(required=True, allow_none=True)


class ReportOfCaseShape(Schema):
    """A report, as operators see it."""

    id = fields.String(required=True)
    reporter = fields.Nested(MemberNamedShape(), required=True)
    reason = fields.String(required=True)
    words = fields.String(required=True, allow_none=True)
    at = web.When(required=True)


class EarlierCaseShape(Schema):
    """Another case of the same author."""

    id = fields.String(required=True)
    about_kind = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    opened_at = web.When(required=True)


class CaseShape(Schema):
    """A case. Its author gets null where it says who is concerned: that is for operators."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    about = fields.String(required=True)
    about_kind = fields.String(required=True)
    where = fields.String(
        required=True, allow_none=True, metadata={"description": "what it is a part of"}
    )
    words = fields.String(required=True)
    findings = fields.List(fields.String(), required=True)
    held = fields.Boolean(required=True)
    release_at = web.When(required=True, allow_none=True)
    opened_at = web.When(required=True)
    outcome = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["released", "removed", "dismissed", "restored"]),
    )
    reason = fields.String(required=True, allow_none=True)
    decided_at = web.When(required=True, allow_none=True)
    appeal = fields.String(required=True, allow_none=True)
    appealed_at = web.When(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)
    answered_at = web.When(required=True, allow_none=True)
    next = fields.Nested(CaseNextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)
    author = fields.Nested(MemberNamedShape(), required=True, allow_none=True)
    other = fields.Nested(MemberNamedShape(), required=True, allow_none=True)
    reports = fields.List(fields.Nested(ReportOfCaseShape()), required=True, allow_none=True)
    earlier = fields.List(fields.Nested(EarlierCaseShape()), required=True, allow_none=True)
    sanction_id = fields.String(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    answered_by = fields.String(required=True, allow_none=True)
    overdue = fields.Boolean(required=True, allow_none=True)


class CaseLineShape(Schema):
    """A case in the queue."""

    id = fields.String(required=True)
    state = fields.String(required=True)
    about = fields.String(required=True)
    about_kind = fields.String(required=True)
    author = fields.Nested(MemberNamedShape(), required=True, allow_none=True)
    words = fields.String(required=True)
    findings = fields.List(fields.String(), required=True)
    held = fields.Boolean(required=True)
    reasons = fields.List(fields.String(), required=True)
    reports = fields.Integer(required=True, metadata={"description": "how many"})
    opened_at = web.When(required=True)
    overdue = fields.Boolean(required=True)
    next = fields.Nested(CaseNextShape(), required=True, allow_none=True)


class CaseQueueShape(Schema):
    """Cases, what is due first first."""

    items = fields.List(fields.Nested(CaseLineShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


Names = Mapping[str, str]
_FOR_OPERATORS = (
    *("author", "other", "reports", "earlier"),
    *("sanction_id", "decided_by", "answered_by", "overdue"),
)


def report(case: Case, one: Report) -> Doc:
    """Return a report as who made it sees it: nothing of the case but whether it was acted upon."""
    outcome = outcome_of_report(case)
    return {
        "id": one.id,
        "about": case.about_id,
        "about_kind": case.about_kind,
        "reason": one.reason,
        "words": one.words,
        "at": one.at,
        "state": "answered" if outcome else "open",
        "outcome": outcome,
    }


def line(case: Case, names: Names, *, now: datetime) -> Doc:
    """Return a case as it stands in the queue."""
    return {
        "id": case.id,
        "state": case.state,
        "about": case.about_id,
        "about_kind": case.about_kind,
        "author": _named(case.author_id, names),
        "words": case.words,
        "findings": case.findings,
        "held": case.is_held,
        "reasons": sorted({one.reason for one in case.reports}),
        "reports": len(case.reports),
        "opened_at": case.opened_at,
        "overdue": case_silence.is_overdue(case, now=now),
        "next": case_silence.next_of(case),
    }


def seen(case: Case, *, by: str, is_ops: bool, others: bool = False) -> Doc:
    """Return a case as its author sees it: without who reported it, or who decided."""
    return {
        "id": case.id,
        "state": case.state,
        "about": case.about_id,
        "about_kind": case.about_kind,
        "where": case.where_id,
        "words": case.words,
        "findings": case.findings,
        "held": case.is_held,
        "release_at": case.release_at,
        "opened_at": case.opened_at,
        "outcome": case.outcome,
        "reason": case.reason,
        "decided_at": case.decided_at,
        "appeal": case.appeal,
        "appealed_at": case.appealed_at,
        "answer": case.answer,
        "answered_at": case.answered_at,
        "next": case_silence.next_of(case),
        "actions": case_seen.actions(case, by=by, is_ops=is_ops, others=others),
        **dict.fromkeys(_FOR_OPERATORS),
    }


def seen_by_operator(
    case: Case, earlier: list[Case], names: Names, *, by: str, others: bool, now: datetime
) -> Doc:
    """Return all of a case."""
    return {
        **seen(case, by=by, is_ops=True, others=others),
        "author": _named(case.author_id, names),
        "other": _named(case.other_id, names),
        "reports": [_report_of_case(one, names) for one in case.reports],
        "earlier": [_earlier(one) for one in earlier],
        "sanction_id": case.sanction.id if case.sanction else None,
        "decided_by": case.decided_by,
        "answered_by": case.answered_by,
        "overdue": case_silence.is_overdue(case, now=now),
    }


def _named(member_id: str | None, names: Names) -> Doc | None:
    return {"id": member_id, "display_name": names.get(member_id)} if member_id else None


def _report_of_case(one: Report, names: Names) -> Doc:
    return {
        "id": one.id,
        "reporter": _named(one.reporter_id, names),
        "reason": one.reason,
        "words": one.words,
        "at": one.at,
    }


def _earlier(case: Case) -> Doc:
    return {
        "id": case.id,
        "about_kind": case.about_kind,
        "state": case.state,
        "outcome": case.outcome,
        "opened_at": case.opened_at,
    }
