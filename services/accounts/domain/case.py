"""A case: something was held or reported, and operators decide, with a written reason.

Many reports of one thing are one case, and whom it is about never learns who reported it. Silence
never punishes: what is held is released, what is reported is dismissed, and what was removed is
restored when nobody answers the appeal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared import clock
from shared.errors import Conflict, Forbidden, Invalid
from shared.events import Fact
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

MEMBER = "member"
KINDS = {
    "mem": MEMBER,
    "job": "job",
    "lst": "listing",
    "pro": "proposal",
    "msg": "message",
    "qst": "question",
    "ent": "entry",
}
"""What can be reported: the prefix of its id, and what a case calls it."""
REASONS = (
    *("off_platform", "prohibited_work", "spam", "harassment"),
    *("fraud", "infringement", "personal_data", "other"),
)
REPORTS_MAX = 50
SAID_MAX = 1000
OPEN_MAX = 20
"""Reports of one thing, characters of each, and open reports of one member."""

RELEASE_GRACE = timedelta(hours=1)
"""Whoever holds it releases it at its time; when that is not heard, the case does."""
OVERDUE = timedelta(days=3)
UNKNOWN = timedelta(days=3)
"""Nobody has said what this id is by then: there is no such thing."""
DISMISS = timedelta(days=14)
APPEAL = timedelta(days=14)
ANSWER = timedelta(days=14)
SILENCE = "silence"

STATES = ("open", "decided", "appealed", "closed")
MOVES: Moves = {
    "report": {"open": "open"},
    "remove": {"open": "decided"},
    "release": {"open": "closed"},
    "dismiss": {"open": "closed"},
    "sanction": {"open": "closed"},
    "appeal": {"decided": "appealed"},
    "uphold": {"appealed": "closed"},
    "restore": {"appealed": "closed"},
    # Nobody appealed in time.
    "rest": {"decided": "closed"},
}
HEARD: Moves = {
    # Of a case that is over another begins.
    "held": {"open": "open", "decided": LATER, "appealed": LATER, "closed": LATER},
    # It was released by silence while an operator removed it: the removal comes after it.
    "released": {"open": "open", "decided": IGNORE, "appealed": IGNORE, "closed": IGNORE},
    "reported": {"open": "open", "decided": IGNORE, "appealed": IGNORE, "closed": IGNORE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one member said of it."""

    id: str
    reporter_id: str
    reason: str
    words: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The sanction that a decision orders."""

    id: str
    level: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of the thing, what was said of it, what was decided, appealed and answered.

    `words` are those of the thing as its keeper said them, `findings` why it was held. `release_at`
    stays when it is no longer held.
    """

    id: str
    about_id: str
    about_kind: str
    opened_at: datetime
    state: str = "open"
    author_id: str | None = None
    where_id: str | None = None
    other_id: str | None = None
    words: str = ""
    findings: tuple[str, ...] = ()
    is_held: bool = False
    release_at: datetime | None = None
    reports: tuple[Report, ...] = ()
    outcome: str | None = None
    reason: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    sanction: Ordered | None = None
    appeal: str | None = None
    appealed_at: datetime | None = None
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


# members


def report(
    case: Case, *, now: datetime, by: str, said: Report, operators: Sequence[str] = ()
) -> Outcome[Case]:
    """Add a member's report; of a new case it is the first.

    Operators are asked as soon as it is known whose the thing is.

    :raises Conflict: `wrong_state`, `own_thing`, `already_reported`, `reported_enough`
    """
    next_state(MOVES, case.state, "report")
    if by == case.author_id:
        raise Conflict("own_thing", "this is your own")
    if any(one.reporter_id == by for one in case.reports):
        raise Conflict("already_reported", "you have reported this, and it is being looked at")
    if len(case.reports) >= REPORTS_MAX:
        raise Conflict("reported_enough", "many have reported this, and it is being looked at")
    words = {"case_id": case.id, "about_id": case.about_id, "about_kind": case.about_kind}
    after = replace(case, reports=(*case.reports, said))
    is_first = not case.reports and not case.is_held and case.author_id is not None
    asked = _asked(after, "decide", now + DISMISS, operators) if is_first else []
    return after, [Fact("report.made", words), *asked]


def appeal(
    case: Case, *, now: datetime, by: str, reason: str, operators: Sequence[str] = ()
) -> Outcome[Case]:
    """Ask the operators to look again; without an answer within 14 days it is restored.

    Who decided is asked only when there is nobody else.

    :raises Forbidden: `not_the_author`
    :raises Conflict: `wrong_state`
    """
    if by != case.author_id:
        raise Forbidden("not_the_author", "only its author appeals")
    state = next_state(MOVES, case.state, "appeal")
    after = replace(case, state=state, appeal=reason, appealed_at=now)
    others = [one for one in operators if one != case.decided_by] or operators
    asked = _asked(after, "decide_appeal", now + ANSWER, others)
    by_then = clock.text(now + ANSWER)
    return after, [Fact("case.appealed", {**_words(case), "answer_by": by_then}), *asked]


# operators


def decide(
    case: Case,
    *,
    now: datetime,
    by: str,
    outcome: str,
    reason: str,
    sanction: Ordered | None = None,
) -> Outcome[Case]:
    """Release what is held, dismiss what is reported, or remove it; a removal may order a sanction.

    A member is not removed but sanctioned, and appeals against the sanction itself.

    :raises Forbidden: `own_case`
    :raises Conflict: `wrong_state`, `not_held`, `held`, `author_unknown`
    :raises Invalid: `sanction_required`, `sanction_without_removal`
    """
    refuse_deciding(case, by=by, outcome=outcome)
    if outcome != "remove" and sanction is not None:
        raise _bad_sanction("sanction_without_removal", "a sanction goes with a removal")
    if outcome == "remove" and case.about_kind == MEMBER and sanction is None:
        raise _bad_sanction("sanction_required", "a member is sanctioned, not removed")
    case = replace(case, decided_by=by, decided_at=now, reason=reason, sanction=sanction)
    if outcome == "release":
        return _closed(case, outcome, [_decided(case, "released")])
    if outcome == "dismiss":
        return _closed(case, outcome, [])
    ordered = _ordered(case)
    if case.about_kind == MEMBER:
        return _closed(case, "sanction", ordered)
    state = next_state(MOVES, case.state, outcome)
    after = replace(case, state=state, outcome="removed", is_held=False)
    facts = [_decided(case, "removed", appeal_by=now + APPEAL), *ordered]
    return after, [*facts, *_answers(case, "acted")]


def refuse_deciding(case: Case, *, by: str, outcome: str) -> None:
    """Pass when this operator may decide so.

    :raises Forbidden: `own_case`
    :raises Conflict: `wrong_state`, `not_held`, `held`, `author_unknown`
    """
    if by == case.author_id:
        raise Forbidden("own_case", "nobody decides about themselves")
    next_state(MOVES, case.state, outcome)
    if outcome == "release" and not case.is_held:
        raise Conflict("not_held", "nothing is held: dismiss the reports")
    if outcome == "dismiss" and case.is_held:
        raise Conflict("held", "it is held: release or remove it")
    if outcome == "remove" and case.author_id is None:
        raise Conflict("author_unknown", "it is not known yet whose this is")


def decide_appeal(
    case: Case, *, now: datetime, by: str, outcome: str, reason: str, others: bool
) -> Outcome[Case]:
    """Answer an appeal: it stays removed (`upheld`) or is `restored`.

    `others`: there is another operator, who is then the one to decide.

    :raises Forbidden: `own_case`, `decided_by_you`
    :raises Conflict: `wrong_state`
    """
    refuse_answering(case, by=by, others=others)
    move = {"upheld": "uphold", "restored": "restore"}[outcome]
    state = next_state(MOVES, case.state, move)
    after = replace(case, state=state, answer=reason, answered_by=by, answered_at=now)
    if outcome == "upheld":
        return after, [Fact("case.upheld", {**_words(case), "reason": reason})]
    return replace(after, outcome="restored"), [_decided(after, "restored", reason=reason)]


def refuse_answering(case: Case, *, by: str, others: bool) -> None:
    """Pass when this operator may answer the appeal.

    :raises Forbidden: `own_case`, `decided_by_you`
    :raises Conflict: `wrong_state`
    """
    if by == case.author_id:
        raise Forbidden("own_case", "nobody decides about themselves")
    next_state(MOVES, case.state, "uphold")
    if others and by == case.decided_by:
        raise Forbidden("decided_by_you", "another operator looks again")


# what the keepers of content say


def hold(
    case: Case,
    *,
    now: datetime,
    content: dict[str, Any],
    findings: Sequence[str],
    until: datetime,
    operators: Sequence[str] = (),
) -> Outcome[Case]:
    """Note that the thing is held until a time; `content` says whose it is, where, and its words.

    :raises NotYet: the case is over by now
    """
    heard(HEARD, case.state, "held")
    after = replace(case, **content, findings=tuple(findings), is_held=True, release_at=until)
    return after, _asked(after, "decide", until, operators)


def released(case: Case, *, now: datetime, by: str) -> Outcome[Case]:
    """Note that the thing is held no longer; what was reported still waits.

    :raises Ignored: the case was decided otherwise
    """
    heard(HEARD, case.state, "released")
    return let_go(case, now=now, by=by)


def learn(
    case: Case, *, now: datetime, content: dict[str, Any], operators: Sequence[str] = ()
) -> Outcome[Case]:
    """Note whose the reported thing is, where, and its words; nobody reports their own.

    :raises Ignored: the case is over
    """
    heard(HEARD, case.state, "reported")
    was_known = case.author_id is not None
    case = replace(case, **content)
    by_others = tuple(one for one in case.reports if one.reporter_id != case.author_id)
    if not by_others and not case.is_held:
        return dismissed(case, now=now)
    case = replace(case, reports=by_others)
    if was_known:
        return case, []
    return case, _asked(case, "decide", by_others[0].at + DISMISS, operators)


# how it ends


def let_go(case: Case, *, now: datetime, by: str, say: bool = False) -> Outcome[Case]:
    """Hold it no longer, and `say` so to whoever keeps it; what was reported still waits."""
    facts = [_decided(case, "released")] if say else []
    case = replace(case, is_held=False)
    if case.reports:
        return case, facts
    return _closed(replace(case, decided_by=by, decided_at=now), "release", facts)


def dismissed(case: Case, *, now: datetime) -> Outcome[Case]:
    """Dismiss what nobody looked at in time, or what was no report at all."""
    return _closed(replace(case, decided_by=SILENCE, decided_at=now), "dismiss", [])


def outcome_of_report(case: Case) -> str | None:
    """Return what the reporters are told: `acted`, `not_acted`, or None while it is open."""
    if case.state == "open":
        return None
    return "acted" if case.outcome == "removed" else "not_acted"


def _bad_sanction(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, fields={"sanction": [detail]})


_OUTCOMES = {"release": "released", "dismiss": "dismissed", "sanction": "removed"}


def _closed(case: Case, move: str, facts: list[Fact]) -> Outcome[Case]:
    state = next_state(MOVES, case.state, move)
    after = replace(case, state=state, outcome=_OUTCOMES[move], is_held=False)
    return after, [*facts, *_answers(after, outcome_of_report(after) or "")]


def _words(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "content_id": case.about_id,
        "content_kind": case.about_kind,
        "author_id": case.author_id,
    }


def _decided(
    case: Case, outcome: str, *, reason: str | None = None, appeal_by: datetime | None = None
) -> Fact:
    words = {
        **_words(case),
        "outcome": outcome,
        "reason": reason or case.reason or SILENCE,
        "appeal_by": clock.text(appeal_by) if appeal_by else None,
    }
    return Fact("case.decided", words)


def _ordered(case: Case) -> list[Fact]:
    if case.sanction is None:
        return []
    words = {"case_id": case.id, "member_id": case.author_id, "sanction_id": case.sanction.id}
    return [Fact("case.sanctioned", words)]


def _asked(case: Case, action: str, by: datetime, operators: Sequence[str]) -> list[Fact]:
    """Ask each operator, but whom it is about."""
    otherwise = "released" if case.is_held else "dismissed"
    words = {
        "case_id": case.id,
        "action": action,
        "by": clock.text(by),
        "otherwise": otherwise if action == "decide" else "restored",
    }
    asked = [one for one in operators if one != case.author_id]
    return [Fact("case.waiting", {**words, "operator_id": one}) for one in asked]


def _answers(case: Case, outcome: str) -> list[Fact]:
    """Tell each who reported it, in words that say nothing of anybody else."""
    said = {"case_id": case.id, "outcome": outcome}
    return [
        Fact("report.answered", {**said, "report_id": one.id, "reporter_id": one.reporter_id})
        for one in case.reports
    ]
