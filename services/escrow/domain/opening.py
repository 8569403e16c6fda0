"""How a hold is opened, and quoted anew before it is funded: for a milestone, a job, a tip.

A job's hold is quoted a prize or a slot at a time: what one slot costs does not depend on how many
there are, and the whole is the sum of its parts.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.escrow.domain import quote as quotes
from services.escrow.domain.hold import MOVES, Hold, opened, words
from services.escrow.domain.quote import Quote
from services.escrow.domain.schedule import Schedule
from shared import clock, moves
from shared.errors import Conflict, Forbidden, Invalid
from shared.events import Fact
from shared.money import AMOUNT_MAX, Money
from shared.moves import Outcome


def open_for_contract(
    formed: Mapping[str, Any], *, schedule: Schedule, now: datetime
) -> list[Outcome[Hold]]:
    """Return a new hold for each milestone of `contract.formed`, quoted by the schedule of now."""
    return [
        opened(
            _for_contract(
                formed,
                schedule,
                now,
                hold_id=step["hold_id"],
                milestone=step["n"],
                amount=Money.of(step["amount"]),
                # A later milestone is funded in its turn; that deadline is the contract's to say.
                fund_by=formed["fund_by"] if step["n"] == 1 else None,
            )
        )
        for step in formed["milestones"]
    ]


def open_one(asked: Mapping[str, Any], *, schedule: Schedule, now: datetime) -> Outcome[Hold]:
    """Return a new hold for `milestone.added` or `week.planned`.

    :raises Invalid: `nothing_to_hold`, `over_the_limit`
    """
    return opened(_asked(asked, schedule, now))


def open_tip(given: Mapping[str, Any], *, schedule: Schedule, now: datetime) -> Outcome[Hold]:
    """Return a new hold for `tip.given`: the worker's in the moment it is funded.

    :raises Invalid: `nothing_to_hold`, `over_the_limit`
    """
    return opened(replace(_asked(given, schedule, now), tip=True))


def open_for_job(job: Mapping[str, Any], *, schedule: Schedule, now: datetime) -> Outcome[Hold]:
    """Return a new hold for `job.submitted_for_funding`: its prizes, or its reward x slots.

    :raises Invalid: `nothing_to_hold`, `over_the_limit`
    """
    quoted = _bounded(_quote_of_job(job, schedule))
    nothing = Money(0, quoted.amount.currency)
    return opened(
        Hold(
            id=job["hold_id"],
            ref=job["job_id"],
            milestone=0,
            client_id=job["client_id"],
            worker_id=None,
            title=job["title"],
            amount=quoted.amount,
            quote=quoted,
            schedule=schedule,
            opened_at=now,
            fund_by=clock.parse(job["fund_by"]),
            released=nothing,
            refunded=nothing,
            client_fee=quotes.by_account(quoted.client_steps),
        )
    )


def open_refused(
    says: Mapping[str, Any], reason: str, *, schedule: Schedule, now: datetime
) -> Outcome[Hold]:
    """Return a hold that ended before it began, so that it is said once and for good."""
    first = says.get("reward") or says.get("amount") or next(iter(says.get("prizes") or ()), None)
    nothing = Money(0, first["currency"] if first else "JPY")
    hold = Hold(
        id=says["hold_id"],
        ref=says.get("contract_id") or says["job_id"],
        milestone=says.get("milestone", 0),
        client_id=says["client_id"],
        worker_id=says.get("worker_id"),
        title=says["title"],
        amount=nothing,
        quote=quotes.nothing(schedule, nothing, says["mode"]),
        schedule=schedule,
        opened_at=now,
        released=nothing,
        refunded=nothing,
        state="cancelled",
    )
    return hold, [refused(says, reason)]


def _quote_of_job(job: Mapping[str, Any], schedule: Schedule) -> Quote:
    if job.get("prizes"):
        parts = [quotes.of(schedule, Money.of(p), job["mode"]) for p in job["prizes"]]
        return quotes.joined(parts)
    if job.get("reward") and (job.get("slots") or 0) > 0:
        return quotes.times(quotes.of(schedule, Money.of(job["reward"]), job["mode"]), job["slots"])
    raise Invalid("nothing_to_hold", "a job is funded with prizes, or a reward and slots")


def _bounded(quoted: Quote) -> Quote:
    if not quoted.amount.amount:
        raise Invalid("nothing_to_hold", "there is no amount to hold")
    if quoted.client_pays.amount > AMOUNT_MAX:
        raise Invalid("over_the_limit", f"a hold is at most {AMOUNT_MAX}")
    return quoted


def _asked(asked: Mapping[str, Any], schedule: Schedule, now: datetime) -> Hold:
    _bounded(quotes.of(schedule, Money.of(asked["amount"]), asked["mode"]))
    return _for_contract(
        asked,
        schedule,
        now,
        hold_id=asked["hold_id"],
        milestone=asked["milestone"],
        amount=Money.of(asked["amount"]),
        fund_by=asked.get("fund_by"),
    )


def _for_contract(
    says: Mapping[str, Any],
    schedule: Schedule,
    now: datetime,
    *,
    hold_id: str,
    milestone: int,
    amount: Money,
    fund_by: str | None,
) -> Hold:
    quoted = quotes.of(schedule, amount, says["mode"])
    nothing = Money(0, amount.currency)
    return Hold(
        id=hold_id,
        ref=says["contract_id"],
        milestone=milestone,
        client_id=says["client_id"],
        worker_id=says["worker_id"],
        title=says["title"],
        amount=amount,
        quote=quoted,
        schedule=schedule,
        opened_at=now,
        fund_by=clock.parse(fund_by) if fund_by else None,
        released=nothing,
        refunded=nothing,
        client_fee=quotes.by_account(quoted.client_steps),
    )


def changed(hold: Hold, *, amount: Money, fund_by: datetime | None, now: datetime) -> Outcome[Hold]:
    """Hear `milestone.changed`: quote it anew, or say why it stays as it is."""
    if hold.state != "opened":
        return hold, [refused(words(hold), "funded_already")]
    if hold.asked:
        return hold, [refused(words(hold), "funding_in_progress")]
    after = _quoted(replace(hold, amount=amount, fund_by=fund_by or hold.fund_by))
    pays = after.quote.client_pays.words()
    return after, [Fact("hold.changed", {**words(after), "client_pays": pays})]


def withhold(hold: Hold, *, by: str, applies: bool, between: bool, now: datetime) -> Outcome[Hold]:
    """Let the client say that income tax is to be kept back of what the worker gets, or not.

    `between`: the two are such as the marketplace withholds between.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `funding_in_progress`, `withholding_not_offered`
    """
    if by != hold.client_id:
        raise Forbidden("not_the_client", "the client says so")
    moves.next_state(MOVES, hold.state, "requote")
    if hold.asked:
        raise Conflict("funding_in_progress", "the provider has not answered the last charge yet")
    if applies and not (between and hold.schedule.withholds(hold.quote.mode)):
        raise Conflict("withholding_not_offered", "nothing is withheld of this work here")
    if applies == hold.withheld:
        return hold, []
    after = replace(hold, withheld=applies)
    if hold.worker_id is not None:  # a job's workers are not known: each is quoted when paid
        after = _quoted(after)
    pays = after.quote.client_pays.words()
    return after, [Fact("hold.changed", {**words(after), "client_pays": pays})]


def _quoted(hold: Hold) -> Hold:
    quoted = quotes.of(hold.schedule, hold.amount, hold.quote.mode, withheld=hold.withheld)
    return replace(hold, quote=quoted, client_fee=quotes.by_account(quoted.client_steps))


def refused(says: Mapping[str, Any], reason: str) -> Fact:
    """Return that a hold was not opened or changed, or has not got what is asked of it."""
    names = ("hold_id", "client_id", "title")
    ref = says.get("ref") or says.get("contract_id") or says["job_id"]
    words_ = {"ref": ref, "milestone": says.get("milestone", 0), "reason": reason}
    return Fact("hold.refused", {**{name: says[name] for name in names}, **words_})
