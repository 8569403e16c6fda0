"""The rules of holds and payouts: every move from every state, and the complement refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.escrow.domain import charge as charges
from services.escrow.domain import division, funding, hold, opening, payout, settlement
from services.escrow.domain.hold import Hold
from services.escrow.domain.posting import Entry, Line
from shared import catalog, moves
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet
from shared.money import Money
from tests.escrow.builders import (
    CHARGE,
    CLIENT,
    DEFAULT,
    MINIMUM,
    NOW,
    RICH,
    WORKER,
    a_hold,
    a_payout,
    charged,
    formed,
)

pytestmark = pytest.mark.pure

OTHER = "chg_" + "2" * 32
HALF = Money(30_000)

COMMANDS: dict[str, Callable[[Hold], Any]] = {
    "charge": lambda h: funding.charge(h, by=CLIENT, charge_id=OTHER, provider="sandbox", now=NOW),
    "fund": lambda h: funding.from_wallet(h, by=CLIENT, now=NOW),
    "part": lambda h: division.divide(
        h, [division.Share(worker_id=WORKER, amount=1, cause="x")], 0, name="x", cause="x"
    ),
    "requote": lambda h: opening.withhold(h, by=CLIENT, applies=False, between=False, now=NOW),
    "release": lambda h: settlement.release(h, amount=h.amount, cause="test", now=NOW),
    "refund": lambda h: settlement.refund(h, cause="test", now=NOW),
    "split": lambda h: settlement.release(h, amount=HALF, cause="test", now=NOW),
    "cancel": lambda h: settlement.cancel(h, reason="test", now=NOW),
}


def lines(entry: Entry | None) -> dict[str, int]:
    assert entry is not None
    return {line.account: line.amount for line in entry.lines}


def said(decision: tuple[Any, ...]) -> list[str]:
    for fact in decision[1]:
        catalog.said(fact.type, fact.data)
    return [fact.type for fact in decision[1]]


@pytest.mark.parametrize("state", hold.STATES)
@pytest.mark.parametrize("move", COMMANDS)
def test_a_command_moves_a_hold_as_the_table_says_and_is_refused_elsewhere(
    move: str, state: str
) -> None:
    before = a_hold(state)
    if state in hold.MOVES[move]:
        after, *_ = COMMANDS[move](before)
        assert after.state == hold.MOVES[move][state]
    else:
        with pytest.raises(Conflict, match="cannot") as refused:
            COMMANDS[move](before)
        assert refused.value.code == "wrong_state"


def test_every_command_of_the_table_is_tried() -> None:
    assert set(COMMANDS) == set(hold.MOVES)


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (hold.HEARD, hold.STATES),
        (charges.HEARD, charges.STATES),
        (payout.HEARD, payout.STATES),
    ],
)
def test_every_heard_fact_has_a_row_for_every_state(
    table: moves.Moves, states: tuple[str, ...]
) -> None:
    assert moves.missing_pairs(table, states) == []


# Opening


def test_a_contract_opens_one_hold_a_milestone_with_its_quote() -> None:
    opened = opening.open_for_contract(formed(75_000, 25_000), schedule=DEFAULT, now=NOW)
    first, second = (h for h, _ in opened)
    assert (first.milestone, first.amount, first.state) == (1, Money(75_000), "opened")
    assert first.quote.worker_gets == Money(71_250)
    assert second.milestone == 2
    assert second.fund_by is None
    assert [said((h, facts)) for h, facts in opened] == [["hold.opened"], ["hold.opened"]]
    assert opened[0][1][0].data["client_pays"] == {"amount": 75_000, "currency": "JPY"}


def test_an_opened_hold_waits_for_the_client() -> None:
    assert hold.next_step(a_hold()) == {
        "actor": "client",
        "action": "fund",
        "by": "2026-12-08T09:00:00.000Z",
        "otherwise": "cancelled",
    }


@pytest.mark.parametrize("state", hold.STATES)
def test_a_hold_names_who_is_next_until_it_has_ended(state: str) -> None:
    assert (hold.next_step(a_hold(state)) is None) == (state in hold.FINAL)


# Funding


def test_a_confirmed_charge_funds_the_hold() -> None:
    decision = funding.confirmed(charged(a_hold()), charge_id=CHARGE, now=NOW)
    after, _, entry = decision
    assert (after.state, after.held) == ("funded", 75_000)
    assert said(decision) == ["escrow.funded"]
    assert lines(entry) == {"provider:sandbox": -75_000, after.account: 75_000}
    assert entry is not None
    assert entry.id == f"{after.id}:fund"


@pytest.mark.parametrize("state", hold.STATES)
def test_money_taken_for_a_hold_that_does_not_wait_for_it_goes_to_the_wallet(state: str) -> None:
    asked = charges.intend(OTHER, provider="sandbox", amount=Money(75_000), now=NOW)
    before = a_hold(state)
    before = replace(before, charges=(*before.charges, asked))
    after, facts, entry = funding.confirmed(before, charge_id=OTHER, now=NOW)
    assert after.state == hold.HEARD["charge.confirmed"][state]
    if state == "opened":
        assert after.account in lines(entry)
    else:
        assert facts == []
        assert lines(entry) == {"provider:sandbox": -75_000, f"wallet:{CLIENT}": 75_000}
        assert after.held == before.held


@pytest.mark.parametrize("state", hold.STATES)
def test_a_declined_charge_leaves_the_hold_as_it_is(state: str) -> None:
    asked = charges.intend(OTHER, provider="sandbox", amount=Money(75_000), now=NOW)
    before = replace(a_hold(state), charges=(asked,))
    after, facts = funding.declined(before, charge_id=OTHER, reason="no", now=NOW)
    assert (after.state, facts, after.asked) == (state, [], None)


def test_a_charge_is_answered_once() -> None:
    funded = funding.confirmed(charged(a_hold()), charge_id=CHARGE, now=NOW)[0]
    with pytest.raises(Ignored):
        funding.confirmed(funded, charge_id=CHARGE, now=NOW)
    with pytest.raises(Ignored):
        funding.declined(funded, charge_id=CHARGE, reason="no", now=NOW)


def test_a_charge_that_was_declined_and_is_confirmed_after_all_is_booked() -> None:
    refused = funding.declined(charged(a_hold()), charge_id=CHARGE, reason="no", now=NOW)[0]
    after, _, entry = funding.confirmed(refused, charge_id=CHARGE, now=NOW)
    assert after.state == "funded"
    assert lines(entry)["provider:sandbox"] == -75_000


def test_two_charges_never_run_at_once() -> None:
    waiting = charged(a_hold())
    for refused in (COMMANDS["charge"], COMMANDS["fund"]):
        with pytest.raises(Conflict) as why:
            refused(waiting)
        assert why.value.code == "funding_in_progress"
    assert funding.refusals(waiting, by=CLIENT) == ["funding_in_progress"]


def test_declined_charges_are_bounded() -> None:
    refused = a_hold()
    for n in range(charges.CHARGES_MAX):
        id_ = f"chg_{n:032d}"
        refused = funding.declined(charged(refused, id_), charge_id=id_, reason="no", now=NOW)[0]
    with pytest.raises(Conflict) as why:
        charged(refused)
    assert why.value.code == "too_many_charges"


@pytest.mark.parametrize("move", ["charge", "fund"])
def test_only_the_client_funds(move: str) -> None:
    stranger = replace(a_hold(), client_id=WORKER)
    with pytest.raises(Forbidden) as why:
        COMMANDS[move](stranger)
    assert why.value.code == "not_the_client"
    assert funding.refusals(stranger, by=CLIENT) == ["not_the_client"]


def test_an_unanswered_charge_is_asked_again_less_and_less_often() -> None:
    waiting = charged(a_hold())
    waits = []
    for _ in range(20):
        waiting = funding.unanswered(waiting, charge_id=CHARGE, now=NOW)[0]
        waits.append(waiting.charges[0].ask_at - NOW)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=10)
    assert waits[-1] == charges.LAST_ASK
    step = hold.next_step(waiting)
    assert step is not None
    assert step["actor"] == "system"


def test_funding_from_the_wallet_moves_the_clients_own_money() -> None:
    decision = funding.from_wallet(a_hold(fees=RICH), by=CLIENT, now=NOW)
    after, _, entry = decision
    assert said(decision) == ["escrow.funded"]
    pays = after.quote.client_pays.amount
    assert lines(entry) == {f"wallet:{CLIENT}": -pays, after.account: pays}
    assert after.held == pays


# Ending


def test_a_release_pays_the_worker_less_the_fee() -> None:
    decision = settlement.release(a_hold("funded"), amount=Money(75_000), cause="x", now=NOW)
    after, facts, entry = decision
    assert (after.state, after.released, after.refunded) == ("released", Money(75_000), Money(0))
    assert said(decision) == ["escrow.released"]
    assert facts[0].data["worker_gets"] == {"amount": 71_250, "currency": "JPY"}
    assert facts[0].data["fee"] == {"amount": 3_750, "currency": "JPY"}
    assert lines(entry) == {after.account: -75_000, f"wallet:{WORKER}": 71_250, "fees": 3_750}


def test_a_partial_acceptance_refunds_the_rest() -> None:
    decision = settlement.release(a_hold("funded"), amount=HALF, cause="x", now=NOW)
    after, facts, entry = decision
    assert (after.state, after.released, after.refunded) == ("split", HALF, Money(45_000))
    assert said(decision) == ["escrow.released", "escrow.refunded"]
    assert {fact.data["state"] for fact in facts} == {"split"}
    assert lines(entry) == {
        after.account: -75_000,
        f"wallet:{WORKER}": 28_500,
        f"wallet:{CLIENT}": 45_000,
        "fees": 1_500,
    }


def test_a_partial_acceptance_returns_the_clients_fee_pro_rata_floored() -> None:
    before = a_hold("funded", 1_003, fees=RICH)
    assert before.client_fee == {"fees": 50, "tax:consumption": 4}
    _, facts, entry = settlement.release(before, amount=Money(1_000), cause="x", now=NOW)
    # Of 3 in 1,003 no whole yen of the fee comes back; what the worker bears is on 1,000.
    assert facts[1].data["client_gets"]["amount"] == 3
    assert lines(entry) == {
        before.account: -1_057,
        f"wallet:{WORKER}": 780,
        f"wallet:{CLIENT}": 3,
        "fees": 250,
        "tax:consumption": 24,
    }


def test_a_refund_returns_everything_the_client_paid() -> None:
    before = a_hold("funded", fees=RICH)
    decision = settlement.refund(before, cause="x", now=NOW)
    after, facts, entry = decision
    assert said(decision) == ["escrow.refunded"]
    assert facts[0].data["client_gets"] == before.quote.client_pays.words()
    pays = before.quote.client_pays.amount
    assert lines(entry) == {before.account: -pays, f"wallet:{CLIENT}": pays}
    assert (after.held, after.refunded) == (0, before.amount)


def test_accepting_nothing_of_a_delivery_refunds_it() -> None:
    after, *_ = settlement.release(a_hold("funded"), amount=Money(0), cause="x", now=NOW)
    assert after.state == "refunded"


@pytest.mark.parametrize("amount", [-1, 75_001])
def test_no_more_is_released_than_is_held(amount: int) -> None:
    with pytest.raises(Conflict) as why:
        settlement.release(a_hold("funded"), amount=Money(amount), cause="x", now=NOW)
    assert why.value.code == "more_than_held"


@pytest.mark.parametrize("first", ["release", "refund", "split"])
def test_whatever_ends_a_hold_shares_one_entry(first: str) -> None:
    before = a_hold("funded")
    assert COMMANDS[first](before)[2].id == f"{before.id}:resolve"


@pytest.mark.parametrize("state", hold.STATES)
def test_an_accepted_delivery_is_heard_in_every_state(state: str) -> None:
    before = a_hold(state)
    hear = {"amount": Money(75_000), "event_id": "evt_1", "now": NOW}
    if state == "opened":
        with pytest.raises(NotYet):
            settlement.delivery_accepted(before, **hear)
        return
    after, _, entry = settlement.delivery_accepted(before, **hear)
    assert after.state == hold.HEARD["delivery.accepted"][state]
    assert (entry is not None) == (state == "funded")


@pytest.mark.parametrize("cause", ["sheet.approved", "week.closed"])
def test_the_hours_of_a_week_are_released_and_the_rest_of_it_goes_back(cause: str) -> None:
    worked = 0 if cause == "week.closed" else 4_501
    after, facts, entry = settlement.delivery_accepted(
        a_hold("funded"), amount=Money(worked), event_id="evt_1", cause=cause, now=NOW
    )
    assert (after.released.amount, after.refunded.amount) == (worked, 75_000 - worked)
    assert after.state == ("split" if worked else "refunded")
    assert {fact.data["cause"] for fact in facts if fact.type == "escrow.refunded"} == {cause}
    assert entry


@pytest.mark.parametrize("state", hold.STATES)
def test_a_cancelled_contract_is_heard_in_every_state(state: str) -> None:
    before = a_hold(state)
    after, _, entry = settlement.contract_cancelled(before, reason="x", event_id="evt_1", now=NOW)
    assert after.state == hold.HEARD["contract.cancelled"][state]
    assert (entry is not None) == (state == "funded")


def test_an_event_is_answered_once_and_a_repeated_fact_again() -> None:
    hear = {"amount": Money(75_000), "now": NOW}
    released, facts, _ = settlement.delivery_accepted(a_hold("funded"), event_id="evt_1", **hear)
    with pytest.raises(Ignored):
        settlement.delivery_accepted(released, event_id="evt_1", **hear)
    again, said_again, entry = settlement.delivery_accepted(released, event_id="evt_2", **hear)
    assert (said_again, entry, again.state) == (facts, None, "released")
    with pytest.raises(Ignored):
        settlement.delivery_accepted(again, event_id="evt_2", **hear)
    _, told, _ = settlement.contract_cancelled(again, reason="x", event_id="evt_3", now=NOW)
    assert told == facts


# Entries


@pytest.mark.parametrize(
    "bad",
    [
        (Line(account="a", amount=1), Line(account="b", amount=-2)),
        (Line(account="a", amount=0), Line(account="b", amount=0)),
        (Line(account="a", amount=1), Line(account="a", amount=-1)),
        (),
    ],
)
def test_an_entry_sums_to_zero_over_distinct_accounts(bad: tuple[Line, ...]) -> None:
    with pytest.raises(AssertionError):
        Entry(id="x", kind="x", subject="x", ref="x", currency="JPY", cause="x", lines=bad)


# Payouts

PAYOUT_HEARD: dict[str, Callable[[payout.Payout], Any]] = {
    "payout.sent": lambda p: payout.sent(p, now=NOW),
    "payout.paid": lambda p: payout.paid(p, now=NOW),
    "payout.failed": lambda p: payout.failed(p, reason="no such account", now=NOW),
}


@pytest.mark.parametrize("state", payout.STATES)
@pytest.mark.parametrize("answer", PAYOUT_HEARD)
def test_a_provider_answers_about_a_payout_in_every_state(answer: str, state: str) -> None:
    before = a_payout(state)
    expected = payout.HEARD[answer][state]
    if expected == moves.IGNORE:
        with pytest.raises(Ignored):
            PAYOUT_HEARD[answer](before)
        return
    decision = PAYOUT_HEARD[answer](before)
    assert decision[0].state == expected
    assert said(decision) == [answer]


@pytest.mark.parametrize("state", payout.STATES)
def test_an_unanswered_payout_is_asked_again_unless_it_has_ended(state: str) -> None:
    after, facts = payout.unanswered(a_payout(state), now=NOW)
    assert (after.state, facts) == (state, [])
    assert (payout.next_step(after) is None) == (state in payout.FINAL)


def test_a_payout_leaves_the_wallet_and_comes_back_when_it_fails() -> None:
    new, _, entry = payout.request(
        "pay_1", by=WORKER, amount=Money(1_000), provider="p", minimum=MINIMUM, now=NOW
    )
    assert lines(entry) == {f"wallet:{WORKER}": -1_000, "payout:pay_1": 1_000}
    _, _, back = payout.failed(new, reason="x", now=NOW)
    assert lines(back) == {"payout:pay_1": -1_000, f"wallet:{WORKER}": 1_000}
    _, _, out = payout.paid(new, now=NOW)
    assert lines(out) == {"payout:pay_1": -1_000, "provider:p": 1_000}
    assert back is not None
    assert out is not None
    assert back.id == out.id


@pytest.mark.parametrize(
    ("amount", "code"),
    [(Money(999), "below_minimum"), (Money(5_000, "USD"), "currency_not_offered")],
)
def test_a_payout_has_a_minimum_and_a_currency(amount: Money, code: str) -> None:
    with pytest.raises(Invalid) as why:
        payout.request("pay_1", by=WORKER, amount=amount, provider="p", minimum=MINIMUM, now=NOW)
    assert why.value.code == code


def test_a_sent_payout_is_asked_about_daily_and_goes_to_an_operator_after_three_days() -> None:
    waiting, now = a_payout("sent"), NOW
    actors = []
    for _ in range(4):
        waiting = payout.unanswered(waiting, now=now)[0]
        assert waiting.ask_at == now + timedelta(days=1)
        step = payout.next_step(waiting)
        assert step is not None
        actors.append(step["actor"])
        now += timedelta(days=1)
    assert actors == ["system", "system", "system", "ops"]
