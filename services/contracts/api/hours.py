"""Hourly work: the weeks of a contract, their time sheets, its rate and its end."""

from typing import Any

from flask import Response

from services.contracts import queries, usecases
from services.contracts.api.asking import ask
from services.contracts.api.contracts import change, seen
from services.contracts.domain import asking, hours, idle
from services.contracts.domain.contract import Contract, milestone_of
from services.contracts.records import LINES
from services.contracts.saying import say_line, say_milestone
from services.contracts.schemas import EndWords, RateWords, ReturnWords, TimeWords
from services.contracts.shapes import (
    AskShape,
    ContractShape,
    LineShape,
    SheetShape,
    WeekListShape,
)
from shared import ids, web
from shared.errors import Conflict

blp = web.blueprint("hours", __name__)


def _hourly(it: Contract) -> None:
    if it.hourly is None:
        raise Conflict("not_hourly", "this is work at a fixed price")


@blp.get("/contracts/<id_>/weeks")
@blp.response(200, WeekListShape())
def list_weeks(id_: str) -> Response:
    """List all weeks of hourly work, newest first; there are 156 at most. 404, 409 not_hourly."""
    it, me = seen(id_).thing, web.caller().id
    _hourly(it)
    return web.listing([say_milestone(it, m, me, web.now()) for m in reversed(it.milestones)])


@blp.get("/contracts/<id_>/weeks/<int:n>")
@blp.response(200, SheetShape())
def get_week(id_: str, n: int) -> Response:
    """Return a week with the lines of its time sheet. 404, 409 not_hourly."""
    loaded = seen(id_)
    _hourly(loaded.thing)
    m = milestone_of(loaded.thing, n)
    said = say_milestone(loaded.thing, m, web.caller().id, web.now())
    lines = [say_line(LINES.from_doc(doc)) for doc in queries.sheet(web.store().db, id_, n)]
    return web.answer({**said, "lines": lines}, version=loaded.version)


@blp.post("/contracts/<id_>/weeks/<int:n>/times")
@blp.arguments(TimeWords())
@blp.response(201, LineShape())
def note_time(words: dict[str, Any], id_: str, n: int) -> Response:
    """Note time of a day of a funded week; `day` is a date in Japan.

    403 not_the_worker, 404, 409 not_hourly, not_funded, wrong_state, over_the_cap or
    too_many_times, 422 not_this_week, in_the_future, over_a_day.
    """
    time_id = ids.new("tim")
    location = f"/v1/contracts/{id_}/weeks/{n}/times/{time_id}"
    once = web.once(status=201, location=location, id=time_id)
    done = usecases.note_time(
        web.store(),
        id_,
        n=n,
        by=web.caller().id,
        time_id=time_id,
        once=once,
        now=web.now(),
        **words,
    )
    return web.answer(say_line(done.thing), 201, done=done, location=location)


@blp.delete("/contracts/<id_>/weeks/<int:n>/times/<time_id>")
@blp.response(200, ContractShape())
def remove_time(id_: str, n: int, time_id: str) -> Response:
    """Take a line off a sheet that is not handed in. 403 not_the_worker, 404, 409 wrong_state."""
    return change(id_, hours.remove_time, then=usecases.off_the_sheet, n=n, time_id=time_id)


@blp.post("/contracts/<id_>/weeks/<int:n>/submit")
@blp.response(200, ContractShape())
def submit_sheet(id_: str, n: int) -> Response:
    """Hand in a time sheet; the client's silence approves it.

    403 not_the_worker, 404, 409 not_hourly, not_funded, wrong_state or no_hours.
    """
    return change(id_, hours.submit, n=n)


@blp.post("/contracts/<id_>/weeks/<int:n>/recall")
@blp.response(200, ContractShape())
def recall_sheet(id_: str, n: int) -> Response:
    """Take a sheet back before its week is over. 403, 404, 409 wrong_state or week_is_over."""
    return change(id_, hours.recall, n=n)


@blp.post("/contracts/<id_>/weeks/<int:n>/approve")
@blp.response(200, ContractShape())
def approve_sheet(id_: str, n: int) -> Response:
    """Approve a sheet: floor(minutes x rate / 60) is released, the rest of the week goes back.

    403 not_the_client, 404, 409 not_hourly or wrong_state.
    """
    return change(id_, hours.approve, n=n)


@blp.post("/contracts/<id_>/weeks/<int:n>/return")
@blp.arguments(ReturnWords())
@blp.response(200, ContractShape())
def return_sheet(words: dict[str, Any], id_: str, n: int) -> Response:
    """Send a sheet back to be corrected; in silence it comes again as it is.

    403 not_the_client, 404, 409 not_hourly, wrong_state or no_rounds_left.
    """
    return change(id_, hours.send_back, n=n, note=words["note"])


@blp.post("/contracts/<id_>/rate")
@blp.arguments(RateWords())
@blp.response(201, AskShape())
def propose_rate(words: dict[str, Any], id_: str) -> Response:
    """Propose another rate or weekly cap for the weeks that are not funded yet.

    It is agreed to or refused as any change. 404, 409 not_hourly, wrong_state or already_asked,
    422 nothing_changed, currency_mismatch, over_the_limit.
    """
    return ask(id_, "chg", asking.propose_rate, f"/v1/contracts/{id_}/changes", **words)


@blp.post("/contracts/<id_>/end")
@blp.arguments(EndWords())
@blp.response(200, ContractShape())
def end_contract(words: dict[str, Any], id_: str) -> Response:
    """End hourly work: the week that runs is settled, and none follows.

    A client who ends a contract of six months or more gives 30 days. 404, 409 not_hourly,
    wrong_state or already_ending.
    """
    return change(id_, hours.end, reason=words["reason"])


@blp.post("/contracts/<id_>/confirm")
@blp.response(200, ContractShape())
def confirm(id_: str) -> Response:
    """Say that the work goes on, so that it does not end as idle. 404, 409 wrong_state."""
    return change(id_, idle.confirm)
