"""Reports by members, and the operators' queue of what is held or reported."""

from typing import Any

from flask import Response

from services.accounts import queries
from services.accounts.domain import case_seen
from services.accounts.domain.case import Case
from services.accounts.schemas import cases as schemas
from services.accounts.usecases import cases, sanctions
from shared import ids, web
from shared.documents import Done

reports = web.blueprint("reports", __name__)


@reports.post("/reports")
@reports.arguments(schemas.ReportWords())
@reports.response(201, schemas.ReportShape())
def make_report(words: dict[str, Any]) -> Response:
    """Report something to the operators; whom it is about never learns who did.

    201 the report; 404 no_such_member; 409 own_thing, already_reported, reported_enough,
    too_many_open_reports; 422 invalid_words.
    """
    made = ids.new("rep")
    done = cases.report(
        web.store(),
        web.caller(),
        once=web.once(status=201, id=made, location="/v1/reports"),
        report_id=made,
        now=web.now(),
        **words,
    )
    report_id = done.answer.get("id", made)
    [one] = [one for one in done.thing.reports if one.id == report_id]
    said = schemas.report(done.thing, one)
    return web.answer(said, 201, done=done, location="/v1/reports")


@reports.get("/reports")
@reports.arguments(web.PageArgs(), location="query")
@reports.response(200, schemas.ReportsShape())
def list_reports(words: dict[str, Any]) -> Response:
    """See one's own reports and whether they were acted upon, the latest case first.

    200 one page; 422 invalid_words, bad_cursor.
    """
    me = web.caller().id
    found, next_cursor = queries.reported_by(web.store().db, me, web.page(words))
    own = [
        schemas.report(case, one) for case in found for one in case.reports if one.reporter_id == me
    ]
    return web.listing(own, next_cursor)


@reports.get("/cases")
@reports.arguments(schemas.CaseQuery(), location="query")
@reports.response(200, schemas.CaseQueueShape())
def list_cases(words: dict[str, Any]) -> Response:
    """See what waits for operators, what is due first first; operators only, and not their own.

    `state=closed` gives those that are over, the latest first.

    200 one page; 403 ops_only; 422 invalid_words, bad_cursor.
    """
    sanctions.refuse_others(web.caller())
    db, page = web.store().db, web.page(words)
    found, next_cursor = queries.find_cases(db, page, not_of=web.caller().id, **words)
    names = queries.names_of(db, {case.author_id for case in found if case.author_id})
    lines = [schemas.line(case, names, now=web.now()) for case in found]
    return web.listing(lines, next_cursor)


@reports.get("/cases/<id>")
@reports.response(200, schemas.CaseShape())
def see_case(id: str) -> Response:
    """See a case: operators all of it, its author what was done and why, and how to appeal.

    200 the case; 404 no_such_case.
    """
    loaded = cases.seen(web.store(), web.caller(), id)
    return web.answer(_said(loaded.thing), version=loaded.version)


@reports.post("/cases/<id>/decide")
@reports.arguments(schemas.CaseDecisionWords())
@reports.response(200, schemas.CaseShape())
def decide_case(words: dict[str, Any], id: str) -> Response:
    """Release what is held, dismiss what is reported, or remove it, also with a sanction.

    200 the case; 403 ops_only, own_case; 404 no_such_case; 409 wrong_state, not_held, held,
    author_unknown, erased, too_many_sanctions; 422 invalid_words, bad_until, sanction_required,
    sanction_without_removal.
    """
    once = web.once(status=200)
    done = cases.decide(web.store(), web.caller(), id, once=once, now=web.now(), **words)
    return _answer(done)


@reports.post("/cases/<id>/appeal")
@reports.arguments(schemas.CaseAppealWords())
@reports.response(200, schemas.CaseShape())
def appeal_case(words: dict[str, Any], id: str) -> Response:
    """Appeal the removal of one's own; unanswered within 14 days, it is restored.

    200 the case; 403 not_the_author; 404 no_such_case; 409 wrong_state; 422 invalid_words.
    """
    once = web.once(status=200)
    done = cases.appeal(web.store(), web.caller(), id, once=once, now=web.now(), **words)
    return _answer(done)


@reports.post("/cases/<id>/decide-appeal")
@reports.arguments(schemas.CaseAnswerWords())
@reports.response(200, schemas.CaseShape())
def decide_case_appeal(words: dict[str, Any], id: str) -> Response:
    """Answer an appeal; where there is another operator than who decided, they do.

    200 the case; 403 ops_only, own_case, decided_by_you; 404 no_such_case; 409 wrong_state;
    422 invalid_words.
    """
    once = web.once(status=200)
    done = cases.decide_appeal(web.store(), web.caller(), id, once=once, now=web.now(), **words)
    return _answer(done)


def _answer(done: Done[Case]) -> Response:
    return web.answer(_said(done.thing), done=done)


def _said(case: Case) -> dict[str, Any]:
    caller, db = web.caller(), web.store().db
    if not case_seen.is_whole_for(case, caller.id, is_ops=caller.is_ops):
        return schemas.seen(case, by=caller.id, is_ops=False)
    concerned = (case.author_id, case.other_id, *(one.reporter_id for one in case.reports))
    return schemas.seen_by_operator(
        case,
        queries.earlier_cases(db, case),
        queries.names_of(db, filter(None, concerned)),
        by=caller.id,
        others=queries.are_others(db, case.decided_by),
        now=web.now(),
    )
