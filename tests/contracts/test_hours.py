"""Hourly work: time within the cap, sheets answered or not, weeks funded ahead, and an end."""

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.contracts.domain import (
    acts,
    asking,
    cancelling,
    contract,
    dispute,
    hearing,
    hours,
    idle,
    silence,
    waiting,
    week,
    weeks,
)
from services.contracts.domain.contract import Contract
from services.contracts.domain.milestone import ENDED
from services.contracts.domain.week import Hourly
from services.contracts.records import CONTRACTS
from shared import catalog, clock, futures
from shared.errors import Conflict, Forbidden, Invalid, Refused, Unknown
from tests.contracts.builders import (
    CLIENT,
    DAY,
    NOON,
    OPS,
    STRANGER,
    WORKER,
    a_contract,
    funded,
    yen,
)
from tests.contracts.hourly import (
    ACTS,
    QUARTER,
    RATE,
    TERMS,
    an_hourly_contract,
    an_hourly_world,
    hourly_shape,
)
from tests.contracts.worlds import World, fund, in_silence, steps, text, wait

pytestmark = pytest.mark.pure
HOUR = timedelta(hours=1)
MONDAY = date(2026, 3, 2)
SECOND = datetime(2026, 3, 8, 15, tzinfo=NOON.tzinfo)
"""The beginning of the second week: Monday 00:00 in Japan."""


def said(outcome: Any) -> tuple[Contract, list[Any]]:
    """Return an outcome whose facts keep to the catalogue."""
    it, facts = outcome
    for fact in facts:
        catalog.said(fact.type, fact.data)
    return it, facts


def noted(it: Contract, minutes: int = 90, *, n: int = 1, **over: Any) -> Contract:
    words = {"time_id": f"tim_{minutes}", "day": MONDAY, "note": "設計", "now": NOON, **over}
    return said(hours.note_time(it, n=n, by=WORKER, minutes=minutes, **words))[0]


def submitted(minutes: int = 90) -> Contract:
    return said(hours.submit(noted(an_hourly_contract(), minutes), n=1, by=WORKER, now=NOON))[0]


# the calendar


@pytest.mark.parametrize(
    ("starts", "days"),
    [(0, 7), (0.5, 6.5), (3, 4), (4, 3), (4.01, 9.99), (6.9, 7.1)],
)
def test_a_week_ends_with_a_sunday_in_japan_and_is_never_shorter_than_three_days(
    starts: float, days: float
) -> None:
    monday = SECOND
    begins = monday + timedelta(days=starts)
    assert week.end_of(begins) - begins == timedelta(days=days)


def test_the_pay_of_a_week_is_rounded_down_once() -> None:
    one = week.Week(starts_at=NOON, ends_at=NOON, rate=yen(1_001), cap_minutes=600, minutes=59)
    assert one.pay == yen(984)  # 984.31...


# time


def test_time_is_noted_in_the_funded_week_and_its_fact_says_the_line() -> None:
    it, (fact,) = said(
        hours.note_time(
            an_hourly_contract(),
            n=1,
            by=WORKER,
            time_id="tim_1",
            day=MONDAY,
            minutes=90,
            note="設計",
            now=NOON,
        )
    )
    found = it.milestones[0].week
    assert found
    assert (found.minutes, found.pay) == (90, yen(4_501))
    assert (fact.type, fact.data["minutes"], fact.data["note"]) == ("time.noted", 90, "設計")


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"day": date(2026, 3, 1)}, "not_this_week"),
        ({"day": date(2026, 3, 9)}, "not_this_week"),
        ({"day": date(2026, 3, 3)}, "in_the_future"),
        ({"minutes": 1_201}, "over_the_cap"),
        ({"n": 2}, "not_funded"),
        ({"n": 9}, "no_such_milestone"),
        ({"by": CLIENT}, "not_the_worker"),
        ({"by": STRANGER}, "no_such_contract"),
    ],
)
def test_time_that_is_none_is_refused(over: dict[str, Any], code: str) -> None:
    words = {
        "n": 1,
        "by": WORKER,
        "time_id": "tim_1",
        "day": MONDAY,
        "minutes": 60,
        "note": "-",
        **over,
    }
    with pytest.raises(Refused) as no:
        hours.note_time(an_hourly_contract(), now=NOON, **words)
    assert no.value.code == code


def test_a_day_has_no_more_minutes_than_that() -> None:
    it = an_hourly_contract(Hourly(rate=RATE, cap_hours=168))
    it = noted(it, 1_400)
    with pytest.raises(Invalid, match="1400 minutes of this day"):
        noted(it, 41)


def test_a_line_that_is_taken_off_counts_no_more_and_is_gone_once() -> None:
    it, (fact,) = said(
        hours.remove_time(noted(an_hourly_contract()), n=1, by=WORKER, time_id="tim_90", now=NOON)
    )
    assert fact.type == "time.removed"
    assert it.milestones[0].at_stake == yen(0)
    with pytest.raises(Unknown):
        hours.remove_time(it, n=1, by=WORKER, time_id="tim_90", now=NOON)


# sheets


def test_an_approved_sheet_releases_minutes_by_rate_and_no_more() -> None:
    it, (fact,) = said(hours.approve(submitted(), n=1, by=CLIENT, now=NOON))

    assert fact.type == "sheet.approved"
    assert fact.data["amount"] == yen(4_501).words()
    it, facts = hearing.hear_escrow(
        it, type_="escrow.released split", n=1, amount=yen(4_501), now=NOON
    )
    first = it.milestones[0]
    assert (first.state, first.released, it.state) == ("paid", yen(4_501), "active")
    assert [f.type for f in facts] == ["milestone.paid"]
    assert first.week
    assert first.week.times == ()


def test_a_sheet_that_was_sent_back_comes_again_as_it_is_in_silence() -> None:
    it, (fact,) = said(hours.send_back(submitted(), n=1, by=CLIENT, note="日曜は?", now=NOON))
    assert fact.data["submit_by"] == clock.text(SECOND + 6 * HOUR)
    assert noted(it, 30).milestones[0].at_stake == yen(6_002)  # 120 minutes x 3,001 / 60

    it, _ = silence.resolve(it, now=SECOND)  # the second week is not funded
    it, _ = silence.resolve(it, now=SECOND + 6 * HOUR)

    assert (it.milestones[0].state, it.milestones[0].rounds) == ("delivered", 1)


def test_nobody_is_sent_back_more_often_than_agreed() -> None:
    it = submitted()
    for _ in range(it.revisions):
        it, _ = hours.send_back(it, n=1, by=CLIENT, note="-", now=NOON)
        it, _ = hours.submit(it, n=1, by=WORKER, now=NOON)
    with pytest.raises(Conflict) as no:
        hours.send_back(it, n=1, by=CLIENT, note="-", now=NOON)
    assert no.value.code == "no_rounds_left"


@pytest.mark.parametrize("review_days", [3, 14, 30])
def test_a_week_is_paid_within_sixty_days_of_its_first_however_often_it_is_sent_back(
    review_days: int,
) -> None:
    it, now = noted(an_hourly_contract(review_days=review_days, revisions=20)), NOON
    first = it.milestones[0]
    while it.milestones[0].state != "accepted":
        m = it.milestones[0]
        now = m.accept_at if m.state == "delivered" and m.accept_at else m.deliver_by
        if m.state == "delivered":
            now -= timedelta(seconds=1)
            try:
                it, _ = hours.send_back(it, n=1, by=CLIENT, note="-", now=now)
                continue
            except Conflict:
                now += timedelta(seconds=1)
        it, _ = weeks.silence(it, m, m.week, now) if m.week else (it, [])
    assert first.week
    assert now <= weeks.last_payment(first.week)


def test_a_sheet_is_taken_back_only_before_its_week_is_over() -> None:
    it, (fact,) = said(hours.recall(submitted(), n=1, by=WORKER, now=NOON))
    assert (it.milestones[0].state, fact.type) == ("funded", "sheet.recalled")
    with pytest.raises(Conflict) as no:
        hours.recall(submitted(), n=1, by=WORKER, now=SECOND + 7 * HOUR)
    assert no.value.code == "week_is_over"


def test_a_week_without_hours_goes_back_whole() -> None:
    it = silence.resolve(an_hourly_contract(), now=SECOND)[0]  # the second is not funded
    it, (fact,) = said(silence.resolve(it, now=SECOND + 6 * HOUR))
    assert (fact.type, fact.data["amount"]) == ("week.closed", yen(0).words())
    assert it.milestones[0].state == "accepted"


@pytest.mark.parametrize("move", ["deliver", "recall", "accept", "request_changes"])
def test_the_acts_of_a_fixed_price_are_not_those_of_hours(move: str) -> None:
    words = {"deliver": {"note": "-"}, "request_changes": {"note": "-"}}.get(move, {})
    by = CLIENT if acts.ROLE[move] == "client" else WORKER
    with pytest.raises(Conflict) as no:
        getattr(acts, move)(submitted(), n=1, by=by, now=NOON, **words)
    assert no.value.code == "hourly_contract"


def test_work_at_a_fixed_price_has_no_hours() -> None:
    it = funded(a_contract())
    for no, act in (
        ("not_hourly", lambda: noted(it)),
        ("not_hourly", lambda: hours.end(it, by=CLIENT, reason="-", now=NOON)),
        (
            "not_hourly",
            lambda: asking.propose_rate(
                it, by=CLIENT, ask_id="chg_1", reason="-", rate=yen(1), now=NOON
            ),
        ),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == no


# weeks


def test_the_next_week_is_planned_when_one_begins_and_funded_ahead() -> None:
    it, facts = said(
        hearing.hear_escrow(
            an_hourly_contract(state="awaiting_funding"),
            type_="escrow.funded",
            n=1,
            amount=TERMS.week_costs,
            now=NOON,
        )
    )
    assert [f.type for f in facts] == ["contract.started", "week.funded", "week.planned"]
    assert facts[-1].data["amount"] == yen(60_020).words()
    assert facts[-1].data["fund_by"] == clock.text(SECOND)

    it, facts = hearing.hear_escrow(
        it, type_="escrow.funded", n=2, amount=TERMS.week_costs, now=NOON + DAY
    )
    assert [f.type for f in facts] == ["week.funded"]
    it, facts = silence.resolve(it, now=SECOND)
    assert [f.type for f in facts] == ["week.planned"]
    assert [m.state for m in it.milestones] == ["funded", "funded", "pending"]


def test_work_stops_when_the_week_is_not_funded_and_goes_on_when_it_is() -> None:
    it, (fact,) = said(silence.resolve(an_hourly_contract(), now=SECOND))
    assert fact.type == "week.unfunded"
    late = SECOND + 2 * DAY
    it, _ = silence.resolve(it, now=late)  # the first week has no hours
    it, facts = hearing.hear_escrow(
        it, type_="escrow.funded", n=2, amount=TERMS.week_costs, now=late
    )
    assert [f.type for f in facts] == ["week.funded", "week.planned"]
    assert facts[0].data["week_starts_at"] == clock.text(late)
    assert facts[0].data["week_ends_at"] == clock.text(SECOND + 7 * DAY)


def test_a_contract_whose_week_stays_unfunded_ends_with_what_was_worked_paid() -> None:
    world = an_hourly_world()
    for name in ("fund 1", "note 1"):
        world = dict(steps(world, ACTS))[name]

    end = in_silence(world)

    assert end.contract.state == "completed"
    assert [h.paid for h in end.holds.values()] == [607 * 3_001 // 60, 0]
    types = [f.type for f in end.said]
    for before, after in [
        ("sheet.submitted", "sheet.approved"),
        ("week.unfunded", "contract.ending"),
        ("contract.ending", "contract.completed"),
    ]:
        assert types.index(before) < types.index(after)


def test_who_ends_it_has_the_running_week_settled_and_the_next_given_back() -> None:
    world = an_hourly_world()
    for name in ("fund 1", "fund 2", "note 1", "end by client"):
        world = dict(steps(world, ACTS))[name]
    assert [h.state for h in world.holds.values()] == ["funded", "refunded"]

    end = in_silence(world)

    assert [h.state for h in end.holds.values()] == ["split", "refunded"]
    assert end.contract.state == "completed"
    assert [f.type for f in end.said].count("week.planned") == 1


def test_after_the_end_no_time_is_noted_for_a_later_day() -> None:
    it, _ = said(hours.end(an_hourly_contract(), by=WORKER, reason="-", now=NOON))
    with pytest.raises(Invalid) as no:
        noted(it, day=date(2026, 3, 3), now=NOON + DAY)
    assert no.value.code == "not_this_week"
    assert noted(it, now=NOON + DAY).milestones[0].at_stake == yen(4_501)


def test_a_client_who_ends_after_six_months_gives_thirty_days_and_weeks_go_on() -> None:
    it, later = an_hourly_contract(), NOON + 190 * DAY
    ended, (fact, *_) = said(hours.end(it, by=CLIENT, reason="-", now=later))
    assert fact.data["ends_at"] == clock.text(later + cancelling.NOTICE)
    assert ended.state == "active"
    by_worker, _ = hours.end(it, by=WORKER, reason="-", now=later)
    assert by_worker.ending
    assert by_worker.ending.at == later


def test_an_hourly_contract_is_ended_not_cancelled() -> None:
    with pytest.raises(Conflict) as no:
        cancelling.request(an_hourly_contract(), by=CLIENT, reason="-", now=NOON)
    assert no.value.code == "hourly_contract"
    waiting_, _ = cancelling.request(
        an_hourly_contract(state="awaiting_funding"), by=CLIENT, reason="-", now=NOON
    )
    assert waiting_.cancellation


def test_the_last_day_that_was_agreed_on_is_the_last_week() -> None:
    world = an_hourly_world(Hourly(rate=RATE, cap_hours=20, until=NOON + 9 * DAY))
    for name in ("fund 1", "fund 2", "7 days", "note 2"):
        world = dict(steps(world, ACTS))[name]
    assert world.contract.ending
    assert world.contract.ending.reason == "until"
    assert in_silence(world).contract.state == "completed"
    assert len(world.contract.milestones) == 2


def test_weeks_in_which_nobody_works_end_the_contract_after_both_were_told() -> None:
    world = an_hourly_world()
    for _ in range(20):
        for m in world.contract.milestones:
            name = f"fund {m.n}"
            if world.holds[m.hold_id].state == "opened" and name not in world.acts:
                world = fund(m.n)(world)
        if world.contract.state == "completed":
            break
        world = wait(7 * DAY)(world)
    types = [f.type for f in world.said]
    assert types.index("contract.idle") < types.index("contract.ending")
    assert world.contract.ending
    assert world.contract.ending.reason == "idle"
    assert {h.state for h in world.holds.values()} == {"refunded"}


# the rate


def test_another_rate_is_agreed_on_for_weeks_that_are_not_funded() -> None:
    it, (fact,) = said(
        asking.propose_rate(
            an_hourly_contract(),
            by=WORKER,
            ask_id="chg_1",
            reason="-",
            rate=yen(4_000),
            weekly_cap_hours=30,
            now=NOON,
        )
    )
    assert (fact.data["kind"], fact.data["amount"]) == ("rate", yen(4_000).words())
    it, facts = said(asking.answer(it, ask_id="chg_1", by=CLIENT, move="agree", now=NOON))
    first, second = it.milestones
    assert first.week
    assert second.week
    assert (first.week.rate, second.week.rate) == (RATE, yen(4_000))
    assert [f.type for f in facts] == ["change.agreed", "milestone.changed"]
    assert facts[1].data["amount"] == yen(120_000).words()


def test_hours_never_come_to_more_than_is_held_when_the_rate_rose_too_late() -> None:
    it = an_hourly_contract()
    words = {"by": WORKER, "ask_id": "chg_1", "reason": "-", "now": NOON}
    it, _ = asking.propose_rate(it, rate=yen(6_002), **words)  # type: ignore[arg-type]
    it, _ = asking.answer(it, ask_id="chg_1", by=CLIENT, move="agree", now=NOON)
    it, _ = hearing.hear_escrow(it, type_="escrow.funded", n=2, amount=TERMS.week_costs, now=SECOND)
    second = it.milestones[1].week
    assert second
    assert second.cap_minutes == 600
    assert second.rate.amount * second.cap_minutes // 60 <= TERMS.week_costs.amount


# a dispute


def a_dispute(it: Contract, claim: int = 1_000, now: datetime = NOON) -> Contract:
    return said(
        dispute.open_(
            it, by=CLIENT, dispute_id="dsp_1", claim=yen(claim), reason="extra_work", now=now
        )
    )[0]


def escrow_said(it: Contract, n: int, pay: int, now: datetime) -> tuple[Contract, list[Any]]:
    kind = "escrow.released split"
    return said(hearing.hear_escrow(it, type_=kind, n=n, amount=yen(pay), now=now))


def test_a_dispute_is_about_the_sheet_that_is_handed_in_and_the_contract_goes_on() -> None:
    running = SECOND + DAY
    it = said(
        hearing.hear_escrow(
            submitted(), type_="escrow.funded", n=2, amount=TERMS.week_costs, now=NOON
        )
    )[0]
    it = said(silence.resolve(it, now=SECOND))[0]
    it = noted(it, 60, n=2, day=date(2026, 3, 10), now=running)
    it = a_dispute(it, now=running)
    assert it.dispute
    assert (it.dispute.weeks, it.dispute.held) == ((1,), it.milestones[0].at_stake)
    with pytest.raises(Conflict):
        noted(it, 61, n=2, day=date(2026, 3, 10), now=running)

    it, (fact,) = said(silence.resolve(it, now=running + 7 * DAY))
    assert (fact.type, fact.data["milestone"]) == ("dispute.decided", 1)
    over = running + 7 * DAY
    it, facts = escrow_said(it, 1, fact.data["worker_gets"]["amount"], over)
    types = [f.type for f in facts]
    assert types == ["milestone.paid", "contract.resumed", "week.resumed"]
    assert it.state == "active"
    assert (it.milestones[1].state, it.milestones[1].deliver_by) == ("funded", over + 3 * DAY)
    assert facts[-1].data["submit_by"] == clock.text(over + 3 * DAY)
    it = noted(it, 61, n=2, day=date(2026, 3, 11), now=over)
    assert said(hours.end(it, by=CLIENT, reason="-", now=over))[0].ending


@pytest.mark.pure
def test_how_a_dispute_ended_is_kept_when_there_is_another() -> None:
    it = said(
        hearing.hear_escrow(
            submitted(), type_="escrow.funded", n=2, amount=TERMS.week_costs, now=NOON
        )
    )[0]
    it = said(silence.resolve(it, now=SECOND))[0]
    it = noted(it, 60, n=2, day=date(2026, 3, 10), now=SECOND + DAY)
    it = a_dispute(it, now=SECOND + DAY)
    it, (fact,) = said(silence.resolve(it, now=SECOND + 8 * DAY))
    first = it.dispute
    assert first
    it, _ = escrow_said(it, 1, fact.data["worker_gets"]["amount"], SECOND + 8 * DAY)
    assert it.past_disputes == ()

    it, (fact,) = said(
        dispute.open_(
            it, by=WORKER, dispute_id="dsp_2", claim=yen(100), reason="late", now=SECOND + 8 * DAY
        )
    )

    assert it.dispute
    assert (it.dispute.id, fact.data["dispute_id"]) == ("dsp_2", "dsp_2")
    (past,) = it.past_disputes
    for name in (f.name for f in fields(past)):
        assert getattr(past, name) == getattr(first, name)
    assert CONTRACTS.from_doc(CONTRACTS.to_doc(it)) == it


def test_a_dispute_before_a_sheet_is_handed_in_is_about_the_hours_of_the_week_that_runs() -> None:
    it = a_dispute(noted(an_hourly_contract()))
    assert it.dispute
    assert it.dispute.weeks == (1,)
    it, (fact,) = said(dispute.decide(it, by=OPS, client_gets=yen(500), reason="-", now=NOON))
    it, facts = escrow_said(it, 1, fact.data["worker_gets"]["amount"], NOON)
    assert [f.type for f in facts] == ["milestone.paid", "contract.resumed"]
    assert [m.state for m in it.milestones] == ["split", "pending"]
    assert silence.wake(it) == SECOND
    with pytest.raises(Conflict, match="no money"):
        a_dispute(it)


def test_a_contract_that_was_ending_is_complete_after_the_dispute_about_its_last_week() -> None:
    it = said(hours.end(submitted(), by=WORKER, reason="-", now=NOON))[0]
    it, (fact,) = said(silence.resolve(a_dispute(it), now=NOON + 7 * DAY))
    it, facts = escrow_said(it, 1, fact.data["worker_gets"]["amount"], NOON + 7 * DAY)
    assert [f.type for f in facts] == ["milestone.paid", "contract.completed"]
    assert (it.state, silence.wake(it) is not None) == ("completed", True)


def test_a_week_that_is_paid_before_its_beginning_was_seen_is_followed_all_the_same() -> None:
    it = an_hourly_contract()
    first = it.milestones[0]
    assert first.week
    unseen = replace(first, week=replace(first.week, followed=False))
    it = replace(it, milestones=(unseen,))
    it = said(hours.submit(noted(it), n=1, by=WORKER, now=NOON))[0]
    it = said(hours.approve(it, n=1, by=CLIENT, now=NOON))[0]
    it, facts = said(
        hearing.hear_escrow(it, type_="escrow.released", n=1, amount=first.amount, now=NOON)
    )
    assert [f.type for f in facts] == ["milestone.paid", "week.planned"]
    assert silence.wake(it) == SECOND


# idle work at a fixed price


def test_work_at_a_fixed_price_in_which_nothing_happens_ends_after_both_were_told() -> None:
    it = far(a_contract())
    told = NOON + 90 * DAY
    assert silence.wake(it) == told
    it, (fact,) = said(silence.resolve(it, now=told))
    assert (fact.type, fact.data["otherwise"]) == ("contract.idle", "cancelled")

    gone, (fact, *_) = said(silence.resolve(it, now=told + 30 * DAY))
    assert (gone.state, fact.data["reason"]) == ("cancelled", "idle")

    on, (fact,) = said(idle.confirm(it, by=WORKER, now=told + DAY))
    assert fact.type == "contract.confirmed"
    assert silence.wake(on) == told + 91 * DAY


def far(it: Contract) -> Contract:
    """Return a funded contract whose deadline is two years away."""
    m = replace(it.milestones[0], deliver_by=NOON + 700 * DAY)
    return funded(replace(it, milestones=(m,)))


@pytest.mark.parametrize("by", [STRANGER, WORKER])
def test_only_a_party_of_work_under_way_says_that_it_goes_on(by: str) -> None:
    it = a_contract() if by == WORKER else far(a_contract())
    with pytest.raises((Unknown, Conflict)):
        idle.confirm(it, by=by, now=NOON)


# every reachable world


def walked(first: World) -> list[World]:
    seen, found = {hourly_shape(first)}, [first]
    for world in found:
        for _, after in steps(world, ACTS):
            if after.now <= NOON + 22 * DAY and hourly_shape(after) not in seen:
                seen.add(hourly_shape(after))
                found.append(after)
    return found


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return walked(an_hourly_world())


def test_what_escrow_has_not_heard_of_a_week_is_said_again_until_it_has() -> None:
    for world in walked(an_hourly_world(deaf=True)):
        end = in_silence(world)
        assert end.contract.state in ("completed", "cancelled"), text(end)
        assert {h.state for h in end.holds.values()} <= {
            *("released", "refunded", "split", "cancelled"),
        }


def test_every_reachable_world_of_hourly_work_ends_in_silence_and_its_hours_are_paid(
    worlds: list[World],
) -> None:
    states = set()
    for world in worlds:
        states |= {m.state for m in world.contract.milestones}
        end = in_silence(world)
        it = end.contract
        assert it.state in ("completed", "cancelled"), text(end)
        assert end.now - world.now <= QUARTER, text(end)
        for m in it.milestones:
            hold = end.holds[m.hold_id]
            assert hold.state not in ("opened", "funded"), text(end)
            assert hold.paid + hold.back == (hold.amount if hold.state != "cancelled" else 0)
            assert m.state in ENDED or hold.state == "cancelled", text(end)
            assert m.week
            if it.dispute is None:
                assert hold.paid == m.week.pay.amount, text(end)
            else:
                assert hold.paid <= m.week.pay.amount, text(end)
    assert states >= {"pending", "funded", "delivered", "changes_requested", "paid", "refunded"}
    assert len(worlds) > 500


def test_the_dry_run_of_an_hourly_contract_comes_to_its_end() -> None:
    for it in (an_hourly_contract(state="awaiting_funding"), submitted()):
        future = futures.dry_run(
            it,
            wake=silence.wake,
            on_wake=silence.resolve,
            next_of=waiting.next_of,
            answered=hearing.answered,
        )
        assert future[-1]["what"] == (
            "contract.completed" if it.started_at else "contract.cancelled"
        )


def test_what_an_hourly_contract_waits_for_is_named() -> None:
    it = an_hourly_contract()
    first, second = (waiting.next_of_milestone(m) for m in it.milestones)
    assert first == {
        "actor": "worker",
        "action": "submit",
        "by": clock.text(SECOND + 6 * HOUR),
        "otherwise": "refunded",
    }
    assert second
    assert (second["actor"], second["otherwise"]) == ("client", "work_stops")
    assert contract.role_of(it, CLIENT) == "client"
    with pytest.raises(Forbidden):
        hours.approve(submitted(), n=1, by=WORKER, now=NOON)
