"""A job's hold: opened for prizes or slots, left part by part, each part once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escrow.domain import division, funding, hold, opening, parts
from services.escrow.domain.division import Share, divide, left
from services.escrow.domain.hold import Hold
from services.escrow.domain.posting import Entry
from services.escrow.domain.schedule import Schedule
from shared import catalog, ids
from shared.errors import Conflict, Ignored, Invalid, NotYet
from shared.money import Money
from tests.escrow.builders import CLIENT, DEFAULT, NOW, RICH, WORKER, a_job_hold, a_tip, submitted

pytestmark = pytest.mark.pure

SECOND = "mem_" + "e" * 32
ASSIGNMENT = "asg_" + "1" * 32


def lines(entry: Entry | None) -> dict[str, int]:
    assert entry is not None
    return {line.account: line.amount for line in entry.lines}


def words_of(facts: list[Any]) -> list[tuple[str, Any]]:
    for fact in facts:
        catalog.said(fact.type, fact.data)
    return [(fact.type, fact.data) for fact in facts]


def approve(of: Hold, amount: int = 500, **words: Any) -> Any:
    share = Share(worker_id=WORKER, amount=amount, cause=ASSIGNMENT)
    how = {"type_": "assignment.approved", "name": ASSIGNMENT, "back": 0, "booked": None}
    return parts.part(of, share=share, now=NOW, **{**how, **words})


def give_back(of: Hold, amount: int, name: str = "job.closed", **words: Any) -> Any:
    how = {"type_": "job.closed", "name": name, "share": None, "booked": None}
    return parts.part(of, back=amount, now=NOW, **{**how, **words})


# Opening


def test_a_task_is_quoted_by_the_slot() -> None:
    opened, facts = opening.open_for_job(submitted(reward=33, slots=100), schedule=RICH, now=NOW)
    assert (opened.amount, opened.worker_id, opened.milestone) == (Money(3_300), None, 0)
    # One slot: 5 % of 33 is 1, its tax 0; a hundred: a hundred times that.
    assert opened.quote.client_pays == Money(3_400)
    steps = opened.quote.client_steps
    assert [(s.base, s.rate, s.amount) for s in steps] == [
        (33, "0.05", 1),
        (1, "1/11", 0),
        (1, "99", 99),
    ]
    assert words_of(facts)[0][0] == "hold.opened"


def test_a_competition_is_quoted_prize_by_prize() -> None:
    opened, _ = opening.open_for_job(submitted(prizes=[50_000, 30_000]), schedule=RICH, now=NOW)
    assert opened.amount == Money(80_000)
    assert [s.base for s in opened.quote.client_steps if s.name == "client_fee"] == [50_000, 30_000]


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (submitted(), "nothing_to_hold"),
        (submitted(reward=100, slots=0), "nothing_to_hold"),
        (submitted(reward=10**9, slots=1_001), "over_the_limit"),
    ],
)
def test_what_cannot_be_held_is_refused_and_said(job: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid) as why:
        opening.open_for_job(job, schedule=DEFAULT, now=NOW)
    assert why.value.code == reason
    kept, facts = opening.open_refused(job, reason, schedule=DEFAULT, now=NOW)
    assert (kept.state, kept.held) == ("cancelled", 0)
    assert words_of(facts)[0][1]["reason"] == reason


# Parts


def test_an_approved_slot_is_released_and_the_rest_stays() -> None:
    after, facts, entry = approve(a_job_hold("funded", reward=500, slots=3))
    assert (after.state, after.released, after.held) == ("funded", Money(500), 1_000)
    ((type_, data),) = words_of(facts)
    assert (type_, data["worker_id"], data["cause"]) == ("escrow.released", WORKER, ASSIGNMENT)
    assert (data["state"], data["worker_gets"]["amount"], data["fee"]["amount"]) == (
        "funded",
        475,
        25,
    )
    assert entry.id == f"{after.id}:{ASSIGNMENT}"
    assert lines(entry) == {after.account: -500, f"wallet:{WORKER}": 475, "fees": 25}


def test_the_last_part_ends_the_hold_and_takes_the_rest_of_the_fee() -> None:
    before = a_job_hold("funded", fees=RICH, prizes=[1_001, 1_002])
    first, *_ = give_back(before, 1_001)
    last, facts, entry = give_back(first, 1_002, name="x")
    assert (last.state, last.held, dict(last.client_fee)) == ("refunded", 0, {})
    pays = before.quote.client_pays.amount
    assert words_of(facts)[0][1]["client_gets"]["amount"] == first.held
    assert lines(entry)[f"wallet:{CLIENT}"] + (pays - first.held) == pays


@pytest.mark.parametrize("state", hold.STATES)
def test_a_part_is_heard_in_every_state(state: str) -> None:
    before = a_job_hold(state, reward=500, slots=3)
    if state == "opened":
        with pytest.raises(NotYet):
            approve(before)
        return
    after, facts, entry = approve(before)
    if state == "funded":
        assert entry is not None
    else:
        assert (after, entry) == (before, None)
        assert words_of(facts)[0][1]["reason"] == "more_than_held"


def test_a_part_that_was_booked_is_told_again_with_what_was_booked() -> None:
    before = a_job_hold("funded", reward=500, slots=3)
    after, facts, entry = approve(before)
    booked = parts.Booked("released", lines(entry))
    again, told, nothing = approve(after, booked=booked)
    assert (again, told, nothing) == (after, facts, None)
    _, refused, nothing = give_back(after, 500, name=ASSIGNMENT, booked=booked)
    assert (words_of(refused)[0][1]["reason"], nothing) == ("already_released", None)
    closed, facts, entry = give_back(after, 1_000)
    _, told, _ = give_back(closed, 1_000, booked=parts.Booked("refunded", lines(entry)))
    assert told == facts


def test_nothing_left_over_says_nothing() -> None:
    before = a_job_hold("funded", reward=500, slots=3)
    assert give_back(before, 0) == (before, [], None)


# Winners


def winners(*amounts: int, worker_id: str = WORKER) -> list[Share]:
    return [
        Share(worker_id=worker_id if n == 0 else SECOND, amount=amount, cause=ids.new("ent"))
        for n, amount in enumerate(amounts)
    ]


def settle(of: Hold, shares: list[Share], type_: str = "competition.awarded") -> Any:
    return parts.settled(of, type_=type_, shares=shares, event_id="evt_1", now=NOW)


def test_winners_are_paid_and_prizes_nobody_won_go_back() -> None:
    before = a_job_hold("funded", prizes=[50_000, 30_000, 10_000])
    after, facts, entry = settle(before, winners(50_000, 30_000))
    assert (after.state, after.held) == ("split", 0)
    said = words_of(facts)
    assert [t for t, _ in said] == ["escrow.released", "escrow.released", "escrow.refunded"]
    assert said[2][1]["cause"] == "competition.awarded"
    assert lines(entry) == {
        after.account: -90_000,
        f"wallet:{WORKER}": 47_500,
        f"wallet:{SECOND}": 28_500,
        f"wallet:{CLIENT}": 10_000,
        "fees": 4_000,
    }


def test_who_wins_two_prizes_has_one_line_with_the_steps_of_both() -> None:
    before = a_job_hold("funded", prizes=[50_000, 30_000])
    after, facts, entry = settle(before, winners(50_000) + winners(30_000))
    assert after.state == "released"
    assert len(facts) == 2
    line = next(one for one in entry.lines if one.account == f"wallet:{WORKER}")
    assert (line.amount, [s.base for s in line.steps]) == (76_000, [50_000, 30_000])


def test_a_competition_without_anybody_is_refunded() -> None:
    after, facts, _ = settle(a_job_hold("funded", prizes=[50_000]), [], "competition.void")
    assert after.state == "refunded"
    assert [t for t, _ in words_of(facts)] == ["escrow.refunded"]


@pytest.mark.parametrize("state", hold.STATES)
@pytest.mark.parametrize("type_", ["competition.awarded", "competition.split", "competition.void"])
def test_a_settlement_is_heard_in_every_state(type_: str, state: str) -> None:
    before = a_job_hold(state, prizes=[50_000])
    if state == "opened":
        with pytest.raises(NotYet):
            settle(before, [], type_)
        return
    after, _, entry = settle(before, [], type_)
    assert (entry is not None) == (state == "funded")
    assert after.state == ("refunded" if state == "funded" else state)
    with pytest.raises(Ignored):
        settle(after, [], type_)


def test_more_than_the_prizes_is_refused_and_said() -> None:
    before = a_job_hold("funded", prizes=[50_000])
    after, facts, entry = settle(before, winners(50_001))
    assert (after, entry, words_of(facts)[0][1]["reason"]) == (before, None, "more_than_held")


def test_a_client_does_not_win_their_own_prize() -> None:
    with pytest.raises(Conflict) as why:
        settle(a_job_hold("funded", prizes=[50_000]), winners(50_000, worker_id=CLIENT))
    assert why.value.code == "own_work"


@pytest.mark.parametrize("state", hold.STATES)
def test_a_cancelled_job_is_heard_in_every_state(state: str) -> None:
    after, _, entry = parts.job_cancelled(
        a_job_hold(state, reward=500, slots=3), reason="x", event_id="evt_1", now=NOW
    )
    assert after.state == hold.HEARD["job.cancelled"][state]
    assert (entry is not None) == (state == "funded")


def test_a_cancelled_job_gives_back_what_is_left() -> None:
    begun = approve(a_job_hold("funded", reward=500, slots=3))[0]
    after, _, entry = parts.job_cancelled(begun, reason="x", event_id="evt_1", now=NOW)
    assert after.state == "split"
    assert lines(entry) == {after.account: -1_000, f"wallet:{CLIENT}": 1_000}


# Tips


def test_a_tip_is_the_workers_in_the_moment_it_is_funded() -> None:
    after, facts, entry = funding.from_wallet(a_tip(1_000), by=CLIENT, now=NOW)
    assert (after.state, after.held) == ("released", 0)
    assert [t for t, _ in words_of(facts)] == ["escrow.funded", "escrow.released"]
    assert lines(entry) == {f"wallet:{CLIENT}": -1_000, f"wallet:{WORKER}": 950, "fees": 50}


# Whatever is done


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    fees: Schedule = draw(st.sampled_from([DEFAULT, RICH]))
    if draw(st.booleans()):
        prizes = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=4))
        return a_job_hold("funded", fees=fees, prizes=prizes)
    reward, slots = draw(st.integers(1, 5_000)), draw(st.integers(1, 40))
    return a_job_hold("funded", fees=fees, reward=reward, slots=slots)


@given(holds(), st.data())
def test_whatever_the_parts_are_they_are_the_whole(of: Hold, data: st.DataObject) -> None:
    """However it is taken apart, the parts sum to what the client paid, and nothing stays."""
    pays, got, n = of.quote.client_pays.amount, 0, 0
    while left(of):
        amount, n = data.draw(st.integers(1 if n < 8 else left(of), left(of))), n + 1
        share = data.draw(st.booleans())
        shares = [Share(worker_id=WORKER, amount=amount, cause="x")] if share else []
        of, facts, entry = divide(of, shares, 0 if share else amount, name=str(n), cause="x")
        moved = lines(entry)
        assert sum(moved.values()) == 0
        assert all(amount > 0 for account, amount in moved.items() if account != of.account)
        got -= moved[of.account]
        assert of.held == pays - got >= 0
        words_of(facts)
    assert (got, of.state in hold.FINAL, of.held) == (pays, True, 0)


def test_no_part_is_negative_or_more_than_is_left() -> None:
    before = a_job_hold("funded", reward=500, slots=3)
    for amount in (-1, 1_501):
        with pytest.raises(Conflict) as why:
            divide(before, [], amount, name="x", cause="x")
        assert why.value.code == "more_than_held"
    assert division.left(before) == 1_500
