"""What the two do in hourly work: note time, hand a sheet in, answer it, end the contract."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain import week as calendar
from services.contracts.domain import weeks
from services.contracts.domain.acts import check_running
from services.contracts.domain.cancelling import NOTICE, is_long
from services.contracts.domain.contract import (
    Contract,
    milestone_of,
    role_of,
    step,
    with_milestone,
)
from services.contracts.domain.endings import settled
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.times import timers
from services.contracts.domain.week import ENTRIES_MAX, Ending, Time, Week
from shared import clock
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.moves import Outcome, next_state

MINUTES_OF_A_DAY = 24 * 60
ROLE = {
    "note_time": "worker",
    "submit": "worker",
    "recall": "worker",
    "approve": "client",
    "send_back": "client",
}


def note_time(
    contract: Contract,
    *,
    n: int,
    by: str,
    time_id: str,
    day: date,
    minutes: int,
    note: str,
    now: datetime,
) -> Outcome[Contract]:
    """Note time of one day of a week that is funded; never more than the week's cap.

    :raises Unknown: a stranger, no such week; Forbidden: `not_the_worker`
    :raises Conflict: `not_hourly`, `not_funded`, `wrong_state`, `over_the_cap`, `too_many_times`
    :raises Invalid: `not_this_week`, `in_the_future`, `over_a_day`
    """
    m, week = _may(contract, n, "note_time", by)
    next_state(parts.MOVES_OF_WEEK, m.state, "note_time")
    _check_day(contract, week, day, now)
    of_day = sum(t.minutes for t in week.times if t.day == str(day))
    if of_day + minutes > MINUTES_OF_A_DAY:
        raise Invalid("over_a_day", f"{of_day} minutes of this day are noted already")
    if week.minutes + minutes > week.cap_minutes:
        left = week.cap_minutes - week.minutes
        raise Conflict("over_the_cap", f"{left} minutes are left of this week's cap", left=left)
    if len(week.times) >= ENTRIES_MAX:
        raise Conflict("too_many_times", f"a week has {ENTRIES_MAX} lines at most")
    times = (*week.times, Time(id=time_id, day=str(day), minutes=minutes))
    week = replace(week, times=times, minutes=week.minutes + minutes)
    m = replace(m, week=week)
    said = {"time_id": time_id, "day": str(day), "minutes": minutes, "note": note}
    return with_milestone(contract, m), [step("time.noted", contract, m, said)]


def _check_day(contract: Contract, week: Week, day: date, now: datetime) -> None:
    assert contract.hourly, "weeks are of hourly work"  # noqa: S101
    ends = [week.ends_at - timedelta(seconds=1), contract.hourly.until]
    ends.append(contract.ending.at if contract.ending else None)
    last = min(end for end in ends if end)
    first, last_day = calendar.day_of(week.starts_at), calendar.day_of(last)
    if not first <= day <= last_day:
        raise Invalid("not_this_week", f"this week is {first} to {last_day}")
    if day > calendar.day_of(now):
        raise Invalid("in_the_future", "time is noted when it was worked")


def remove_time(
    contract: Contract, *, n: int, by: str, time_id: str, now: datetime
) -> Outcome[Contract]:
    """Take a line off the sheet before it is handed in.

    :raises Unknown: a stranger, no such week, `no_such_time`; Forbidden: `not_the_worker`
    :raises Conflict: `not_hourly`, `wrong_state`
    """
    m, week = _may(contract, n, "note_time", by)
    found = next((t for t in week.times if t.id == time_id), None)
    if found is None:
        raise Unknown("no_such_time", "there is no such line on this sheet")
    next_state(parts.MOVES_OF_WEEK, m.state, "note_time")
    times = tuple(t for t in week.times if t.id != time_id)
    m = replace(m, week=replace(week, times=times, minutes=week.minutes - found.minutes))
    return with_milestone(contract, m), [step("time.removed", contract, m, {"time_id": time_id})]


def submit(contract: Contract, *, n: int, by: str, now: datetime) -> Outcome[Contract]:
    """Hand in the sheet of a week; later than a few hours after its end it goes by itself.

    :raises Unknown: a stranger, no such week; Forbidden: `not_the_worker`
    :raises Conflict: `not_hourly`, `not_funded`, `wrong_state`, `no_hours`
    """
    m, week = _may(contract, n, "submit", by)
    next_state(parts.MOVES_OF_WEEK, m.state, "submit")
    if not week.minutes:
        raise Conflict("no_hours", "no time is noted in this week")
    return weeks.submitted(contract, m, week, "worker", now)


def recall(contract: Contract, *, n: int, by: str, now: datetime) -> Outcome[Contract]:
    """Take a sheet back as long as its week is not over and nobody has answered it.

    :raises Unknown: a stranger, no such week; Forbidden: `not_the_worker`
    :raises Conflict: `not_hourly`, `wrong_state`, `week_is_over`
    """
    m, _ = _may(contract, n, "recall", by)
    state = next_state(parts.MOVES_OF_WEEK, m.state, "recall")
    if now >= m.deliver_by:
        raise Conflict("week_is_over", "the sheet of a week that is over stays with the client")
    m = replace(m, state=state, delivered_at=None, accept_at=None)
    said = {"submit_by": clock.text(m.deliver_by)}
    return with_milestone(contract, m), [step("sheet.recalled", contract, m, said)]


def approve(contract: Contract, *, n: int, by: str, now: datetime) -> Outcome[Contract]:
    """Approve a sheet: minutes x rate is released, what is left of the week's money goes back.

    :raises Unknown: a stranger, no such week; Forbidden: `not_the_client`
    :raises Conflict: `not_hourly`, `wrong_state`
    """
    _may(contract, n, "approve", by)
    return settled(contract, milestone_of(contract, n), "approve", "client", now)


def send_back(
    contract: Contract, *, n: int, by: str, note: str, now: datetime
) -> Outcome[Contract]:
    """Send a sheet back to be corrected, within the rounds that the contract has.

    Hours are never cut by the client alone: a sheet that comes back the same is approved or
    disputed.

    :raises Unknown: a stranger, no such week; Forbidden: `not_the_client`
    :raises Conflict: `not_hourly`, `wrong_state`, `no_rounds_left`
    """
    m, week = _may(contract, n, "send_back", by)
    state = next_state(parts.MOVES_OF_WEEK, m.state, "send_back")
    answer_by = now + timers().sheet_answer
    late = weeks.inspected_by(contract, week, answer_by) <= answer_by
    if m.rounds >= contract.revisions or late:
        raise Conflict(
            "no_rounds_left", f"{contract.revisions} rounds, and none past the law's day"
        )
    m = replace(
        m,
        state=state,
        rounds=m.rounds + 1,
        changes_note=note,
        accept_at=None,
        deliver_by=max(m.deliver_by, answer_by),
    )
    said = {"round": m.rounds, "note": note, "submit_by": clock.text(m.deliver_by)}
    return with_milestone(contract, m), [step("sheet.returned", contract, m, said)]


def end(contract: Contract, *, by: str, reason: str, now: datetime) -> Outcome[Contract]:
    """End the contract: the week that runs is settled, and none follows.

    A client who ends one of six months or more gives the law's thirty days; weeks go on until then.

    :raises Unknown: a stranger; Conflict: `not_hourly`, `wrong_state`, `already_ending`
    """
    role = role_of(contract, by)
    if contract.hourly is None:
        raise Conflict("not_hourly", "work at a fixed price is ended by a cancellation")
    if contract.state != "active":
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    if contract.ending:
        raise Conflict("already_ending", f"it ends on {clock.text(contract.ending.at)}")
    notice = role == "client" and is_long(contract, now)
    at = now + NOTICE if notice else now
    return weeks.end(contract, Ending(by=role, reason=reason, asked_at=now, at=at), now)


def refusal(contract: Contract, n: int, move: str, by: str, now: datetime) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        m, week = _may(contract, n, move, by)
        next_state(parts.MOVES_OF_WEEK, m.state, move)
        if move == "submit" and not week.minutes:
            return "no_hours"
        if move in ("recall", "send_back"):
            rule = recall if move == "recall" else send_back
            words = {} if move == "recall" else {"note": "-"}
            rule(contract, n=n, by=by, now=now, **words)
    except (Forbidden, Conflict, Unknown) as no:
        return no.code
    return None


def end_refusal(contract: Contract, by: str, now: datetime) -> str | None:
    """Return the code with which this caller's ending would be refused, or None."""
    try:
        end(contract, by=by, reason="-", now=now)
    except (Conflict, Unknown) as no:
        return no.code
    return None


def _may(contract: Contract, n: int, move: str, by: str) -> tuple[Milestone, Week]:
    role = role_of(contract, by)
    if role != ROLE[move]:
        raise Forbidden(f"not_the_{ROLE[move]}", f"only the {ROLE[move]} may do this")
    if contract.hourly is None:
        raise Conflict("not_hourly", "this is work at a fixed price")
    m = milestone_of(contract, n)
    assert m.week, "what is worked by the hour has weeks"  # noqa: S101
    check_running(contract, m)
    return m, m.week
