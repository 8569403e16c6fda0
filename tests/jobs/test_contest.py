"""Competitions: entering, awarding, what follows without a winner, and what escrow says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import contest, entry, posting, silence
from services.jobs.domain import job as jobs
from services.jobs.domain.entry import Entry
from services.jobs.domain.job import Contest, Job
from shared import clock, futures, ids, moves
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet
from shared.money import Money
from tests.jobs.builders import CLIENT, DAY, NOON, STRANGER, WORKER, a_job, yen

pytestmark = pytest.mark.pure


def a_contest(state: str = "open", **over: Any) -> Job:
    """Return a competition with prizes of 30,000 and 10,000; closed, its client may award."""
    words = {
        "prizes": (yen(30_000), yen(10_000)),
        "closes_at": NOON + 10 * DAY,
        "select_by": NOON + 14 * DAY if state == "closed" else None,
        **over,
    }
    job = a_job(state=state, mode="competition", budget=None, deadline_at=None)
    hold = None if state == "draft" else ids.derived("hld", job.id)
    return replace(job, contest=Contest(**words), hold_id=hold)


def an_entry(job: Job, worker: str = WORKER, **over: Any) -> Entry:
    """Return an entry of WORKER."""
    words = {"title": "t", "description": "d", "own": 0, "bar": None}
    made, _ = entry.submit(job, id=ids.new("ent"), by=worker, now=NOON, **words)
    return replace(made, **over)


def entered(job: Job, count: int, **over: Any) -> list[Entry]:
    """Return the entries of so many people, the earliest first."""
    opened = replace(job, state="open")
    return [an_entry(opened, ids.derived("mem", str(n)), **over) for n in range(count)]


def awarded(job: Job, entries: Sequence[Entry], *ranks: int) -> tuple[Job, list[Any]]:
    """Give these ranks to the entries, in order."""
    awards = [{"rank": r, "entry_id": e.id} for r, e in zip(ranks, entries, strict=False)]
    by_id = {e.id: e for e in entries}
    return contest.award(job, now=NOON, by=CLIENT, awards=awards, entries=by_id)


COMMANDS = {
    "publish": lambda job, by: posting.publish(job, now=NOON, by=by, bar=None),
    "close": lambda job, by: posting.close(job, now=NOON, by=by),
    "cancel": lambda job, by: posting.cancel(job, now=NOON, by=by, entries=0),
    "extend": lambda job, by: contest.extend(job, now=NOON, by=by),
    "award": lambda job, by: contest.award(job, now=NOON, by=by, awards=[], entries={}),
}


@pytest.mark.parametrize("move", COMMANDS)
@pytest.mark.parametrize("state", jobs.STATES)
def test_a_move_leads_where_the_table_says_and_else_is_refused(move: str, state: str) -> None:
    job = a_contest(state)
    if leads_to := contest.MOVES[move].get(state):
        assert COMMANDS[move](job, CLIENT)[0].state == leads_to
        with pytest.raises(Forbidden):
            COMMANDS[move](job, STRANGER)
    else:
        with pytest.raises(Conflict) as refused:
            COMMANDS[move](job, CLIENT)
        assert refused.value.code == "wrong_state"


def test_every_state_has_a_row_for_every_fact_that_is_heard() -> None:
    assert moves.missing_pairs(contest.HEARD, jobs.STATES) == []


def test_publishing_asks_for_the_money_and_opens_when_it_is_there() -> None:
    job, (asked,) = posting.publish(a_contest("draft"), now=NOON, by=CLIENT, bar=None)
    opened, (fact,) = contest.hear(job, now=NOON + 2 * DAY, what="escrow.funded")

    assert (job.state, asked.type) == ("awaiting_funding", "job.submitted_for_funding")
    assert asked.data["prizes"] == [yen(30_000).words(), yen(10_000).words()]
    assert asked.data["hold_id"] == job.hold_id
    assert (opened.state, fact.type) == ("open", "job.opened")
    assert opened.contest is not None
    # Who enters has as long as was announced, however long the money took.
    assert opened.contest.closes_at == NOON + 12 * DAY
    assert opened.published_at == NOON + 2 * DAY


def test_unfunded_it_is_cancelled_by_silence() -> None:
    job, _ = posting.publish(a_contest("draft"), now=NOON, by=CLIENT, bar=None)

    assert silence.wake(job) == NOON + 7 * DAY
    ended, (fact,) = silence.on_wake(job, now=NOON + 7 * DAY)
    assert (ended.state, fact.data["hold_id"]) == ("cancelled", job.hold_id)


@pytest.mark.parametrize("missing", ["prizes", "closes_at"])
def test_it_needs_prizes_and_an_end(missing: str) -> None:
    nothing: Any = () if missing == "prizes" else None
    with pytest.raises(Invalid) as refused:
        posting.publish(a_contest("draft", **{missing: nothing}), now=NOON, by=CLIENT, bar=None)
    assert set(refused.value.details["fields"]) == {missing}


def test_words_of_another_mode_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        posting.edit(a_contest("draft"), now=NOON, by=CLIENT, words={"openings": 2})
    assert set(refused.value.details["fields"]) == {"openings"}


def test_prizes_are_fixed_while_open() -> None:
    with pytest.raises(Conflict) as refused:
        posting.edit(a_contest(), now=NOON, by=CLIENT, words={"prizes": [yen(1)]})
    assert refused.value.code == "fixed_while_open"


def test_with_entries_it_cannot_be_cancelled() -> None:
    with pytest.raises(Conflict) as refused:
        posting.cancel(a_contest(), now=NOON, by=CLIENT, entries=1)
    assert refused.value.code == "has_entries"


# awarding


def test_the_winners_get_the_prizes_of_their_ranks() -> None:
    job = a_contest("closed")
    entries = entered(job, 3)
    job, (fact,) = awarded(job, entries, 2, 1)

    assert [(a["entry_id"], a["rank"], a["amount"]["amount"]) for a in fact.data["awards"]] == [
        (entries[1].id, 1, 30_000),
        (entries[0].id, 2, 10_000),
    ]
    with pytest.raises(Conflict) as refused:
        awarded(job, entries, 1)
    assert refused.value.code == "already_awarded"


def test_an_entry_that_is_withdrawn_cannot_win() -> None:
    job = a_contest("closed")
    with pytest.raises(Conflict) as refused:
        awarded(job, entered(job, 1, state="withdrawn"), 1)
    assert refused.value.code == "entry_withdrawn"


def test_an_award_beats_a_withdrawal_of_the_same_moment() -> None:
    crossed, _ = entry.withdraw(an_entry(a_contest()), now=NOON, by=WORKER)
    won, (fact,) = entry.win(crossed, now=NOON, rank=1)

    assert (won.state, won.rank, fact.type) == ("won", 1, "entry.won")


@pytest.mark.parametrize("ranks", [(3,), (1, 1)])
def test_a_prize_is_given_once_and_only_if_it_is_there(ranks: tuple[int, ...]) -> None:
    job = a_contest("closed")
    with pytest.raises(Invalid):
        awarded(job, entered(job, 2), *ranks)


def test_the_time_to_award_is_extended_once() -> None:
    job, (fact,) = contest.extend(a_contest("closed"), now=NOON, by=CLIENT)

    assert fact.data["award_by"] == clock.text(NOON + 21 * DAY)
    with pytest.raises(Conflict) as refused:
        contest.extend(job, now=NOON, by=CLIENT)
    assert refused.value.code == "extended_already"


# without a winner


def undecided(job: Job) -> Job:
    """Return the competition after its client was silent."""
    after, (fact,) = silence.on_wake(job, now=NOON + 14 * DAY)
    assert fact.type == "competition.undecided"
    return after


@pytest.mark.parametrize(("liked", "sharing"), [(0, 3), (2, 2)])
def test_without_a_winner_favourites_share_else_all(liked: int, sharing: int) -> None:
    job = undecided(a_contest("closed", prizes=(yen(10_000),)))
    entries = [replace(e, is_favourite=at < liked) for at, e in enumerate(entered(job, 3))]
    _, (fact,) = contest.divide(job, now=NOON, entries=entries)

    amounts = [share["amount"]["amount"] for share in fact.data["shares"]]
    assert fact.type == "competition.split"
    assert len(amounts) == sharing
    assert sum(amounts) == 10_000
    assert amounts == sorted(amounts, reverse=True)
    assert max(amounts) - min(amounts) <= 1


@pytest.mark.parametrize(("no_winner", "count"), [("refund", 3), ("split", 0)])
def test_where_nobody_shares_all_goes_back(no_winner: str, count: int) -> None:
    job = undecided(a_contest("closed", no_winner=no_winner))
    _, (fact,) = contest.divide(job, now=NOON, entries=entered(job, count))
    assert fact.type == "competition.void"


def test_while_the_client_may_award_nothing_is_divided() -> None:
    job = a_contest("closed")
    with pytest.raises(Ignored):
        contest.divide(job, now=NOON, entries=entered(job, 1))


def test_an_award_after_the_time_is_over_is_refused() -> None:
    with pytest.raises(Conflict) as refused:
        awarded(undecided(a_contest("closed")), entered(a_contest(), 1), 1)
    assert refused.value.code == "wrong_state"


def test_it_is_completed_when_the_last_part_of_the_money_has_left() -> None:
    job = a_contest("closed")
    job, _ = awarded(job, entered(job, 2), 1, 2)
    with pytest.raises(Ignored):
        contest.hear(job, now=NOON, what="escrow.released", hold_state="funded")
    ended, (fact,) = contest.hear(job, now=NOON, what="escrow.released", hold_state="released")

    assert (ended.state, fact.type) == ("completed", "job.completed")
    with pytest.raises(NotYet):
        contest.hear(a_contest(), now=NOON, what="escrow.released", hold_state="released")


def test_what_escrow_does_not_answer_is_said_again() -> None:
    job = a_contest("closed")
    job, (first,) = awarded(job, entered(job, 1), 1)
    later, (again,) = silence.on_wake(job, now=NOON + DAY)

    assert again == first
    assert silence.wake(later) == NOON + 2 * DAY


@pytest.mark.parametrize("no_winner", ["split", "refund"])
def test_silence_alone_ends_it(no_winner: str) -> None:
    future = futures.dry_run(
        a_contest(no_winner=no_winner),
        wake=silence.wake,
        on_wake=silence.on_wake,
        next_of=silence.next_step,
        answered=silence.answered,
    )
    outcome = "competition.split" if no_winner == "split" else "competition.void"
    assert [step["what"] for step in future] == [
        "competition.closed",
        "competition.undecided",
        outcome,
        "job.completed",
    ]


# entering


def test_nobody_enters_their_own_competition_or_one_that_is_not_open() -> None:
    with pytest.raises(Forbidden):
        an_entry(a_contest(), CLIENT)
    for job in (a_contest("closed"), a_contest(closes_at=NOON - timedelta(seconds=1))):
        with pytest.raises(Conflict) as refused:
            an_entry(job)
        assert refused.value.code == "job_not_open"
    with pytest.raises(Conflict) as refused:
        an_entry(a_job())
    assert refused.value.code == "wrong_mode"


@pytest.mark.parametrize("state", entry.STATES)
def test_entries_move_as_their_table_says(state: str) -> None:
    found = replace(an_entry(a_contest()), state=state)
    for move, rule, words in (
        ("withdraw", entry.withdraw, {"by": WORKER}),
        ("favourite", entry.favourite, {"by": CLIENT, "favourite": True}),
        ("win", entry.win, {"rank": 1}),
        ("pass_over", entry.pass_over, {}),
    ):
        if leads_to := entry.MOVES[move].get(state):
            assert rule(found, now=NOON, **words)[0].state == leads_to
        else:
            with pytest.raises((Conflict, Ignored)):
                rule(found, now=NOON, **words)


def test_only_one_side_may_withdraw_or_like() -> None:
    found = an_entry(a_contest())
    with pytest.raises(Forbidden):
        entry.withdraw(found, now=NOON, by=CLIENT)
    with pytest.raises(Forbidden):
        entry.favourite(found, now=NOON, by=WORKER, favourite=True)


def test_a_sealed_entry_is_shown_to_others_when_all_is_decided() -> None:
    sealed = a_contest(visibility="sealed")
    found = an_entry(sealed)
    decided = replace(sealed, contest=Contest(visibility="sealed", decision="awarded"))

    assert [entry.is_shown(found, sealed, by) for by in (None, STRANGER, WORKER, CLIENT)] == [
        False,
        False,
        True,
        True,
    ]
    assert entry.is_shown(found, decided, None)
    assert entry.is_shown(found, a_contest(), None)


def test_prizes_are_of_one_currency() -> None:
    with pytest.raises(Invalid):
        posting.edit(
            a_contest("draft"), now=NOON, by=CLIENT, words={"prizes": [yen(1), Money(1, "USD")]}
        )
