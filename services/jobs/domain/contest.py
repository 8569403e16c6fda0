"""A competition: the prizes are funded before it opens; people enter; the client awards.

Closed, the client has time to award, which may be extended once. Without an award the job says
`competition.undecided`, and what the client announced follows: the prizes are split among the
favourites, else among all entrants, or they go back. The job decides, the entries and escrow hear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.domain import market
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import (
    OPENED_BY_MONEY,
    Award,
    Contest,
    Job,
    Next,
    refuse_others,
    said,
    waits_for,
)
from shared import clock
from shared.errors import Conflict, Ignored, Invalid
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

MOVES: Moves = {
    "publish": {"draft": "awaiting_funding"},
    "let_out": {"held": "awaiting_funding"},
    "close": {"open": "closed"},
    "cancel": {
        "draft": "cancelled",
        "held": "cancelled",
        "awaiting_funding": "cancelled",
        "open": "cancelled",
    },
    "extend": {"closed": "closed"},
    "award": {"closed": "closed"},
    # By nobody's command: its time is over; nobody was awarded.
    "stop_entries": {"open": "closed"},
    "stop_selecting": {"closed": "closed"},
    "divide": {"closed": "closed"},
}

_SETTLED = {
    "draft": LATER,
    "held": LATER,
    "awaiting_funding": LATER,
    "open": LATER,
    "closed": "completed",
    "completed": IGNORE,
    "cancelled": IGNORE,
}
HEARD: Moves = {
    **OPENED_BY_MONEY,
    "escrow.released": _SETTLED,
    "escrow.refunded": _SETTLED,
}

SAY_AGAIN = timedelta(days=1)
"""How long another part of the system may be silent before it is told once more."""
HELD = "funded"
"""The state of a hold in which something is still left."""


def _contest(job: Job) -> Contest:
    if job.contest is None:
        raise Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode)
    return job.contest


def close(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """Take no more entries; from now on the client may award.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    refuse_others(job, by)
    return _closed(job, "close", now=now)


def _closed(job: Job, move: str, *, now: datetime) -> Outcome[Job]:
    until = now + market.timers().competition_select
    contest = replace(_contest(job), select_by=until)
    state = next_state(MOVES, job.state, move)
    job = replace(job, state=state, contest=contest, changed_at=now)
    return job, [said(job, "competition.closed", award_by=clock.text(until))]


def cancel(job: Job, *, now: datetime, by: str, entries: int) -> Outcome[Job]:
    """End a competition that nobody has entered; what was funded goes back.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `has_entries`
    """
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "cancel")
    if entries:
        raise Conflict("has_entries", "people have done work for it: close it and award")
    job = replace(job, state=state, changed_at=now)
    return job, [said(job, "job.cancelled", reason="client", hold_id=job.hold_id)]


def extend(job: Job, *, now: datetime, by: str) -> Outcome[Job]:
    """Take more time to award, once.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `extended_already`
    """
    refuse_others(job, by)
    state = next_state(MOVES, job.state, "extend")
    contest = _choosing(job, "extend")
    if contest.is_extended:
        raise Conflict("extended_already", "the time to award was extended once")
    assert contest.select_by is not None, "who is choosing has a deadline"  # noqa: S101
    until = contest.select_by + market.timers().competition_extend
    contest = replace(contest, select_by=until, is_extended=True)
    job = replace(job, state=state, contest=contest, changed_at=now)
    return job, [said(job, "competition.extended", award_by=clock.text(until))]


def _choosing(job: Job, move: str) -> Contest:
    contest = _contest(job)
    if contest.decision == "awarded":
        raise Conflict("already_awarded", "the winners stand", state=job.state, move=move)
    if contest.select_by is None:
        raise Conflict("wrong_state", "the time to award is over", state=job.state, move=move)
    return contest


def refuse_awarding(job: Job, *, by: str) -> Contest:
    """Pass, with the contest, when this person may award now.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `already_awarded`
    """
    refuse_others(job, by)
    next_state(MOVES, job.state, "award")
    return _choosing(job, "award")


def award(
    job: Job,
    *,
    now: datetime,
    by: str,
    awards: Sequence[Mapping[str, Any]],
    entries: Mapping[str, Entry],
) -> Outcome[Job]:
    """Choose the winners, all at once: `[{rank, entry_id}]`; prizes left out go back.

    An entry that is withdrawn in this moment has won.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `already_awarded`, `entry_withdrawn`
    :raises Invalid: `invalid_words`: no such rank or entry, or one of them twice
    """
    contest = refuse_awarding(job, by=by)
    if wrong := _wrong_awards(contest, awards, entries):
        raise Invalid("invalid_words", "these are not the winners of it", fields=wrong)
    if gone := [a["entry_id"] for a in awards if entries[a["entry_id"]].state == "withdrawn"]:
        raise Conflict("entry_withdrawn", "who withdrew cannot win", entry_ids=gone)
    chosen = tuple(
        _award(entries[one["entry_id"]], contest.prizes[one["rank"] - 1], one["rank"])
        for one in sorted(awards, key=lambda one: one["rank"])
    )
    return _decided(job, "award", "awarded", chosen, now=now)


def _wrong_awards(
    contest: Contest, awards: Sequence[Mapping[str, Any]], entries: Mapping[str, Entry]
) -> dict[str, list[str]]:
    ranks = [one["rank"] for one in awards]
    wrong: dict[str, list[str]] = {}
    for at, one in enumerate(awards):
        if one["rank"] > len(contest.prizes):
            wrong[f"awards.{at}.rank"] = ["There is no such prize."]
        elif one["rank"] in ranks[:at]:
            wrong[f"awards.{at}.rank"] = ["Given twice."]
        if one["entry_id"] not in entries:
            wrong[f"awards.{at}.entry_id"] = ["Not an entry of this competition."]
        elif one["entry_id"] in [before["entry_id"] for before in awards[:at]]:
            wrong[f"awards.{at}.entry_id"] = ["Named twice."]
    return wrong


def _award(entry: Entry, amount: Money, rank: int) -> Award:
    return Award(entry_id=entry.id, worker_id=entry.worker_id, amount=amount, rank=rank)


def divide(job: Job, *, now: datetime, entries: Sequence[Entry]) -> Outcome[Job]:
    """Do what was announced for a competition without a winner; `entries` stand, oldest first.

    The prizes are divided evenly, the yen that are left over go to the earliest entries.

    :raises Ignored: it is decided, or the client may still award
    """
    contest = _contest(job)
    if job.state != "closed" or contest.decision:
        raise Ignored("crossed", "it has been decided")
    if contest.select_by is not None and entries:
        raise Ignored("crossed", "the client may still award")
    sharing = [e for e in entries if e.is_favourite] or list(entries)
    if not sharing or contest.no_winner == "refund":
        return _decided(job, "divide", "void", (), now=now)
    whole, currency = contest.total.amount, contest.total.currency
    each, over = divmod(whole, len(sharing))
    shares = tuple(
        _award(entry, Money(each + (at < over), currency), 0) for at, entry in enumerate(sharing)
    )
    return _decided(job, "divide", "split", shares, now=now)


def _decided(
    job: Job, move: str, decision: str, awards: tuple[Award, ...], *, now: datetime
) -> Outcome[Job]:
    state = next_state(MOVES, job.state, move)
    contest = replace(_contest(job), decision=decision, awards=awards, select_by=None)
    job = replace(job, state=state, contest=contest, changed_at=now)
    return job, [_decision(job, contest)]


def _decision(job: Job, contest: Contest) -> Fact:
    shares = [
        {"entry_id": a.entry_id, "worker_id": a.worker_id, "amount": a.amount.words()}
        for a in contest.awards
    ]
    match contest.decision:
        case "awarded":
            ranked = [{**s, "rank": a.rank} for s, a in zip(shares, contest.awards, strict=True)]
            return said(job, "competition.awarded", hold_id=job.hold_id, awards=ranked)
        case "split":
            return said(job, "competition.split", hold_id=job.hold_id, shares=shares)
    return said(job, "competition.void", hold_id=job.hold_id, reason="no_winner")


def hear(job: Job, *, now: datetime, what: str, hold_state: str = "") -> Outcome[Job]:
    """Note what escrow says of the prizes.

    :raises Ignored, NotYet: by the table
    """
    contest = _contest(job)
    state = heard(HEARD, job.state, what)
    if what == "escrow.funded":
        return _opened(job, contest, now=now)
    if what == "hold.refused":
        job = replace(job, state=state, changed_at=now)
        return job, [said(job, "job.cancelled", reason="hold_refused")]
    if hold_state == HELD:
        raise Ignored("crossed", "a part of the prizes; the last one ends it")
    job = replace(job, state=state, changed_at=now)
    return job, [said(job, "job.completed")]


def _opened(job: Job, contest: Contest, *, now: datetime) -> Outcome[Job]:
    """Open it; the time that passed before it was funded is not taken from those who enter."""
    assert contest.closes_at is not None, "a published competition has an end"  # noqa: S101
    contest = replace(contest, closes_at=contest.closes_at + (now - job.changed_at))
    job = replace(job, state="open", contest=contest, changed_at=now, published_at=now)
    return job, [said(job, "job.opened", category=job.category)]


# silence


def wake(job: Job) -> datetime | None:
    """Return when silence next has a consequence, once it was published and funded."""
    contest = _contest(job)
    if job.state == "open":
        return contest.closes_at
    if job.state != "closed":
        return None
    return contest.select_by or job.changed_at + SAY_AGAIN


def state_over(job: Job, *, now: datetime) -> Outcome[Job]:
    """Do what silence leads to: close it, give up waiting for an award, say again what was said."""
    contest = _contest(job)
    if job.state == "open":
        return _closed(job, "stop_entries", now=now)
    if contest.decision:
        return replace(job, changed_at=now), [_decision(job, contest)]
    state = next_state(MOVES, job.state, "stop_selecting")
    job = replace(job, state=state, contest=replace(contest, select_by=None), changed_at=now)
    return job, [said(job, "competition.undecided", no_winner=contest.no_winner)]


def answered(job: Job, at: datetime) -> Outcome[Job]:
    """Return the job as it will be when the system has done what it waits for (the dry run)."""
    contest = _contest(job)
    if job.state != "closed" or contest.select_by is not None:
        return job, []
    ended = replace(job, state="completed", changed_at=at)
    if contest.decision:
        return ended, [said(job, "job.completed")]
    decision = "split" if contest.no_winner == "split" else "void"
    outcome = _decision(job, replace(contest, decision=decision))
    return ended, [outcome, said(job, "job.completed")]


def next_step(job: Job, by: datetime) -> Next:
    """Return what an open or closed competition waits for until `by`."""
    contest = _contest(job)
    if job.state == "open":
        return waits_for("worker", "enter", by=by, otherwise="closed")
    if contest.select_by is not None:
        otherwise = "split" if contest.no_winner == "split" else "refunded"
        return waits_for("client", "award", by=by, otherwise=otherwise)
    return waits_for("system", "pay", by=by, otherwise="asked_again")
