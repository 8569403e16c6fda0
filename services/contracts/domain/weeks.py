"""The course of hourly work: a week begins, the next is planned, until somebody or a rule ends it.

Each week is funded before it begins. What happens to a week that is not, or in which nobody works,
and how the contract ends, is all here; `hours` is what people do.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain import week as calendar
from services.contracts.domain.contract import Contract, parties, step, with_milestone
from services.contracts.domain.endings import completed, settled
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.times import timers
from services.contracts.domain.week import WEEKS_MAX, Ending, Hourly, Week
from shared import clock, ids
from shared.events import Fact
from shared.moves import Outcome, next_state

IDLE_TOLD = 4
"""After so many weeks in a row without an hour both are told..."""
IDLE_ENDS = 6
"""... and after so many none is planned any more."""


def begin(contract: Contract, m: Milestone, week: Week, now: datetime) -> Outcome[Contract]:
    """Let a week whose money has come begin: when it was planned to, or now when that is past."""
    week = replace(
        calendar.held_for(week, m.amount),
        starts_at=max(week.starts_at, now),
        ends_at=calendar.end_of(max(week.starts_at, now)),
    )
    m = replace(
        m,
        week=week,
        title=calendar.title_of(week),
        deliver_by=week.ends_at + timers().sheet_submit,
        told_overdue_at=None,
    )
    contract = with_milestone(contract, m)
    facts = [step("week.funded", contract, m, _span(m, week))]
    if contract.state != "active":
        return contract, facts
    if contract.ending and week.starts_at >= contract.ending.at:
        return _and(facts, wind_up(contract, now))
    if week.starts_at <= now:
        return _and(facts, follow(contract, m, week, now))
    return contract, facts


def _span(m: Milestone, week: Week) -> dict[str, str]:
    return {
        "week_starts_at": clock.text(week.starts_at),
        "week_ends_at": clock.text(week.ends_at),
        "submit_by": clock.text(m.deliver_by),
    }


def follow(contract: Contract, m: Milestone, week: Week, now: datetime) -> Outcome[Contract]:
    """Plan the week after this one, which has begun; or see that it is the last."""
    contract = with_milestone(contract, replace(m, week=replace(week, followed=True)))
    assert contract.hourly, "weeks are of hourly work"  # noqa: S101
    if contract.ending and week.ends_at >= contract.ending.at:
        return wind_up(contract, now)
    idle = _idle_weeks(contract, before=m.n)
    why = None
    if contract.hourly.until and week.ends_at >= contract.hourly.until:
        why = "until"
    elif len(contract.milestones) >= WEEKS_MAX:
        why = "too_many_weeks"
    elif idle >= IDLE_ENDS:
        why = "idle"
    if why:
        return end(contract, Ending(by="system", reason=why, asked_at=now, at=week.ends_at), now)
    contract, facts = _plan(contract, contract.hourly, week.ends_at)
    if idle == IDLE_TOLD:
        ends_at = clock.text(week.ends_at + timedelta(weeks=IDLE_ENDS - IDLE_TOLD))
        said = {**parties(contract), "ends_at": ends_at, "otherwise": "completed"}
        facts.append(Fact("contract.idle", said))
    return contract, facts


def _plan(contract: Contract, terms: Hourly, starts_at: datetime) -> Outcome[Contract]:
    n, week = len(contract.milestones) + 1, calendar.of(terms, starts_at)
    m = Milestone(
        n=n,
        title=calendar.title_of(week),
        amount=terms.week_costs,
        deliver_by=week.ends_at + timers().sheet_submit,
        hold_id=ids.derived("hld", contract.id, str(n)),
        fund_by=starts_at,
        week=week,
    )
    contract = replace(contract, milestones=(*contract.milestones, m))
    said = {
        "mode": contract.mode,
        "amount": m.amount.words(),
        "week_starts_at": clock.text(starts_at),
        "fund_by": clock.text(starts_at),
    }
    return contract, [step("week.planned", contract, m, said)]


def _idle_weeks(contract: Contract, *, before: int) -> int:
    """Return how many weeks in a row, up to this one, have gone by without an hour.

    Who said that it goes on begins the count anew.
    """
    count, said = 0, contract.confirmed_at
    for m in reversed(contract.milestones[: before - 1]):
        if m.week is None or m.week.minutes or m.state == "pending":
            break
        if said and m.week.ends_at <= said:
            break
        count += 1
    return count


def silence(contract: Contract, m: Milestone, week: Week, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to in a week."""
    match m.state:
        case "pending" if m.told_overdue_at:
            contract = with_milestone(contract, replace(m, fund_by=None))
            ending = Ending(by="system", reason="unfunded", asked_at=now, at=now)
            return end(contract, ending, now)
        case "pending":
            return _stopped(contract, m, now)
        case "funded" if not week.followed:
            return follow(contract, m, week, now)
        case "funded" | "changes_requested" if not week.minutes:
            return settled(contract, m, "close", "silence", now)
        case "funded" | "changes_requested":
            return submitted(contract, m, week, "silence", now)
    return settled(contract, m, "approve", "silence", now)


def _stopped(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    """Say that work stops: the week should begin, and its money has not come."""
    m = replace(m, told_overdue_at=now, fund_by=now + timers().next_milestone_fund)
    said = {"fund_by": clock.text(m.fund_by or now)}
    return with_milestone(contract, m), [step("week.unfunded", contract, m, said)]


def submitted(
    contract: Contract, m: Milestone, week: Week, by: str, now: datetime
) -> Outcome[Contract]:
    """Hand in a time sheet; from now on the client's silence approves it, in time for the law."""
    m = replace(
        m,
        state=next_state(parts.MOVES_OF_WEEK, m.state, "submit"),
        delivered_at=now,
        accept_at=inspected_by(contract, week, now),
        changes_note="",
    )
    said = {
        "minutes": week.minutes,
        "amount": week.pay.words(),
        "by": by,
        "accepted_at": clock.text(m.accept_at or now),
    }
    return with_milestone(contract, m), [step("sheet.submitted", contract, m, said)]


def inspected_by(contract: Contract, week: Week, now: datetime) -> datetime:
    """Return when the inspection of a sheet is over: never too late for the sixty days.

    They are counted from the first day of the week, and a sheet may come more than once.
    """
    review = timedelta(days=contract.review_days)
    return max(now, min(now + review, last_payment(week) - timedelta(days=1)))


def last_payment(week: Week) -> datetime:
    """Return the last moment at which this week's work may be paid by law."""
    return week.starts_at + timers().pay_within - timedelta(days=1)


def end(contract: Contract, ending: Ending, now: datetime) -> Outcome[Contract]:
    """Let the contract end: the week that runs is settled, and none is planned any more."""
    contract = replace(contract, ending=ending)
    said = {
        **parties(contract),
        "by": ending.by,
        "reason": ending.reason,
        "ends_at": clock.text(ending.at),
    }
    return _and([Fact("contract.ending", said)], wind_up(contract, now))


def wind_up(contract: Contract, now: datetime) -> Outcome[Contract]:
    """Give back what no week is for any more; complete the contract when nothing moves."""
    ending, facts = contract.ending, list[Fact]()
    assert ending, "only a contract that ends is wound up"  # noqa: S101
    for m in contract.milestones:
        if m.week is None or m.state not in ("pending", "funded"):
            continue
        if m.week.followed or m.week.minutes or m.week.starts_at < ending.at:
            continue  # it has begun, or is one of those that the notice has left
        if m.state == "pending":
            contract = with_milestone(contract, replace(m, fund_by=None))
        else:
            contract, more = settled(contract, m, "close", "system", now)
            facts += more
    return over(contract, facts, now)


def resume(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    """Go on after a dispute, after these facts: time that was not noted meanwhile still may be."""
    contract = replace(contract, state="active")
    ended = over(contract, facts, now)
    if ended[0].state == "completed":
        return ended
    facts = [*facts, Fact("contract.resumed", parties(contract))]
    for m in contract.milestones:
        if m.state in ("funded", "changes_requested") and m.week and m.week.starts_at <= now:
            m = replace(m, deliver_by=max(m.deliver_by, now + timers().sheet_answer))
            contract = with_milestone(contract, m)
            facts.append(step("week.resumed", contract, m, {"submit_by": clock.text(m.deliver_by)}))
    return over(contract, facts, now)


def over(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    """Complete a contract that ends, once nothing of it moves; else go on; after these facts."""
    moving = any(
        m.state in (*parts.HELD, "accepted") or (m.state == "pending" and m.fund_by)
        for m in contract.milestones
    )
    if contract.ending:
        return (contract, facts) if moving else completed(contract, facts, now)
    last = contract.milestones[-1]
    if last.week and last.state in parts.ENDED and not last.week.followed:
        # It was paid for before the timer of its beginning: nothing else would plan the next.
        return _and(facts, follow(contract, last, last.week, now))
    return contract, facts


def _and(facts: list[Fact], outcome: Outcome[Contract]) -> Outcome[Contract]:
    contract, more = outcome
    return contract, [*facts, *more]
