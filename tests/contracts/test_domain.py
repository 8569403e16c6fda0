"""The rules of a contract: every move in every state, and every word of escrow in every state."""

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.domain import acts, contract, hearing, milestone, waiting
from services.contracts.domain.contract import Contract
from shared import catalog
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet, Unknown
from shared.moves import IGNORE, LATER, Outcome, missing_pairs
from tests.contracts.builders import CLIENT, DAY, NOON, STRANGER, WORKER, a_contract, funded, yen

pytestmark = pytest.mark.pure

LATER_ON = NOON + DAY
ROLE = {"deliver": WORKER, "recall": WORKER, "accept": CLIENT, "request_changes": CLIENT}
WORDS: dict[str, dict[str, Any]] = {
    "deliver": {"note": "x", "links": ("https://a.example",)},
    "recall": {},
    "accept": {},
    "request_changes": {"note": "y"},
}
FACT = {
    "deliver": "delivery.submitted",
    "recall": "delivery.recalled",
    "accept": "delivery.accepted",
    "request_changes": "changes.requested",
}


def in_state(state: str, part: str) -> Contract:
    """Return a contract in this state, whose first milestone is in that one."""
    it = funded(a_contract(75_000, 1_000))
    times = {"delivered_at": NOON, "accept_at": NOON + 14 * DAY, "ask_at": NOON + DAY}
    first = replace(it.milestones[0], state=part, **times)
    return replace(it, state=state, milestones=(first, it.milestones[1]))


def act(it: Contract, move: str, *, by: str | None = None, n: int = 1) -> Outcome[Contract]:
    rule = getattr(acts, move)
    return said(rule(it, n=n, by=by or ROLE[move], now=LATER_ON, **WORDS[move]))


def said(outcome: Outcome[Contract]) -> Outcome[Contract]:
    for fact in outcome[1]:
        catalog.said(fact.type, fact.data)
    return outcome


def heard(it: Contract, type_: str, n: int = 1, amount: int = 75_000) -> Outcome[Contract]:
    words: dict[str, Any] = {"type_": type_, "n": n, "amount": yen(amount)}
    return said(hearing.hear_escrow(it, now=LATER_ON, **words))


# acts


@pytest.mark.parametrize("part", milestone.STATES)
@pytest.mark.parametrize("move", milestone.MOVES)
def test_every_move_in_every_state_of_a_milestone(move: str, part: str) -> None:
    it = in_state("active", part)
    if part in milestone.MOVES[move]:
        after, facts = act(it, move)
        assert after.milestones[0].state == milestone.MOVES[move][part]
        assert [f.type for f in facts] == [FACT[move]]
        assert after.milestones[1] == it.milestones[1]
        return
    with pytest.raises(Conflict) as no:
        act(it, move)
    assert no.value.code == ("not_funded" if part == "pending" else "wrong_state")


@pytest.mark.parametrize("state", [s for s in contract.STATES if s != "active"])
@pytest.mark.parametrize("move", milestone.MOVES)
def test_no_move_of_a_milestone_in_a_contract_that_is_not_active(move: str, state: str) -> None:
    for part in milestone.STATES:
        with pytest.raises(Conflict) as no:
            act(in_state(state, part), move)
        code = "not_funded" if state == "awaiting_funding" else "wrong_state"
        assert no.value.code == code


@pytest.mark.parametrize("move", milestone.MOVES)
def test_each_move_belongs_to_one_side_and_no_stranger(move: str) -> None:
    part = next(iter(milestone.MOVES[move]))
    other = CLIENT if ROLE[move] == WORKER else WORKER
    with pytest.raises(Forbidden) as no:
        act(in_state("active", part), move, by=other)
    assert no.value.code == ("not_the_worker" if other == CLIENT else "not_the_client")
    with pytest.raises(Unknown) as nobody:
        act(in_state("active", part), move, by=STRANGER)
    assert nobody.value.code == "no_such_contract"
    with pytest.raises(Unknown) as nothing:
        act(in_state("active", part), move, n=3)
    assert nothing.value.code == "no_such_milestone"


@pytest.mark.parametrize("part", milestone.STATES)
@pytest.mark.parametrize("move", milestone.MOVES)
@pytest.mark.parametrize("by", [CLIENT, WORKER])
def test_what_is_shown_as_refused_is_what_is_refused(move: str, part: str, by: str) -> None:
    for state in contract.STATES:
        it = in_state(state, part)
        try:
            act(it, move, by=by)
            code = None
        except (Conflict, Forbidden) as no:
            code = no.code
        assert acts.refusal(it, 1, move, by) == code


def test_a_delivery_is_accepted_by_silence_after_the_days_that_were_agreed() -> None:
    it, _ = act(funded(a_contract(review_days=5)), "deliver")
    assert it.milestones[0].accept_at == LATER_ON + 5 * DAY


def test_a_recalled_delivery_leaves_nothing_of_itself() -> None:
    before = funded(a_contract())
    after, _ = act(act(before, "deliver")[0], "recall")
    assert after == before


def test_changes_are_asked_for_as_often_as_was_agreed_and_no_more() -> None:
    it = funded(a_contract(revisions=2))
    for round_ in (1, 2):
        it, facts = act(act(it, "deliver")[0], "request_changes")
        assert facts[0].data["round"] == round_
    it, _ = act(it, "deliver")
    with pytest.raises(Conflict) as no:
        act(it, "request_changes")
    assert no.value.code == "no_rounds_left"
    assert act(it, "accept")[0].milestones[0].state == "accepted"


def test_who_is_asked_for_changes_after_the_deadline_has_time_for_them() -> None:
    it, _ = act(funded(a_contract()), "deliver")
    late = it.milestones[0].deliver_by + DAY
    after, _ = said(acts.request_changes(it, n=1, by=CLIENT, note="y", now=late))
    wakes = milestone.wake(after.milestones[0])
    assert wakes is not None
    assert wakes >= late + 7 * DAY


@pytest.mark.parametrize("paid", [1, 74_999, 75_000])
def test_what_is_released_is_what_the_client_accepts(paid: int) -> None:
    it, _ = act(funded(a_contract()), "deliver")
    after, (fact,) = said(
        acts.accept(it, n=1, by=CLIENT, amount=yen(paid), reason="x", now=LATER_ON)
    )
    assert fact.data["amount"] == yen(paid).words()
    assert after.milestones[0].released == yen(paid)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"amount": yen(75_001), "reason": "x"}, "above_amount"),
        ({"amount": yen(74_999)}, "reason_required"),
        ({"amount": yen(74_999), "reason": ""}, "reason_required"),
        ({"amount": replace(yen(1), currency="USD"), "reason": "x"}, "currency_mismatch"),
    ],
)
def test_an_acceptance_in_part_that_is_refused(words: dict[str, Any], code: str) -> None:
    it, _ = act(funded(a_contract()), "deliver")
    with pytest.raises(Invalid) as no:
        acts.accept(it, n=1, by=CLIENT, now=LATER_ON, **words)
    assert no.value.code == code


def test_deliveries_that_wait_are_bounded() -> None:
    most = acts.WAITING_DELIVERIES_MAX
    it = a_contract(*[1_000] * (most + 1))
    for n in range(1, most + 2):
        it = funded(it, n)
    for n in range(1, most + 1):
        it, _ = act(it, "deliver", n=n)
    with pytest.raises(Conflict) as no:
        act(it, "deliver", n=most + 1)
    assert no.value.code == "too_many_waiting"
    it, _ = act(it, "request_changes")
    assert act(it, "deliver")[0].milestones[0].state == "delivered", "one more of its own is none"


# escrow


def test_every_word_of_escrow_has_a_row_for_every_state() -> None:
    assert missing_pairs(hearing.HEARD, contract.STATES) == []
    assert missing_pairs(milestone.HEARD, milestone.STATES) == []
    assert set(milestone.HEARD) <= set(hearing.HEARD)


@pytest.mark.parametrize("part", milestone.STATES)
@pytest.mark.parametrize("state", contract.STATES)
@pytest.mark.parametrize("type_", hearing.HEARD)
def test_every_word_of_escrow_in_every_state(type_: str, state: str, part: str) -> None:
    """It moves the milestone as the tables say, is ignored, or waits; it never fails."""
    it = in_state(state, part)
    steps = (hearing.HEARD[type_][state], milestone.HEARD.get(type_, {}).get(part, IGNORE))
    if steps[0] == LATER or (steps[0] != IGNORE and steps[1] == LATER):
        with pytest.raises(NotYet):
            heard(it, type_)
    elif IGNORE in steps:
        with pytest.raises(Ignored):
            heard(it, type_)
    else:
        after, _ = heard(it, type_, amount=40_000 if "split" in type_ else 75_000)
        assert after.milestones[0].state == steps[1]
        with pytest.raises(Ignored):
            heard(after, type_)


def test_the_first_money_starts_the_contract_and_the_next_does_not() -> None:
    it, facts = heard(a_contract(75_000, 1_000), "escrow.funded")
    assert [f.type for f in facts] == ["milestone.funded", "contract.started"]
    assert (it.state, it.started_at, it.milestones[0].fund_by) == ("active", LATER_ON, None)
    it, facts = heard(it, "escrow.funded", n=2, amount=1_000)
    assert [f.type for f in facts] == ["milestone.funded"]


def test_the_last_payment_completes_the_contract() -> None:
    it = act(act(funded(a_contract()), "deliver")[0], "accept")[0]
    it, facts = heard(it, "escrow.released")
    assert [f.type for f in facts] == ["milestone.paid", "contract.completed"]
    assert (it.state, it.ended_at, waiting.next_of(it)) == ("completed", LATER_ON, None)


def test_a_hold_of_a_milestone_that_is_not_there_is_not_heard() -> None:
    with pytest.raises(Unknown):
        heard(a_contract(), "escrow.funded", n=2)


# reviews


def a_completed_contract() -> Contract:
    it = act(act(funded(a_contract()), "deliver")[0], "accept")[0]
    return heard(it, "escrow.released")[0]


def review(it: Contract, by: str, *, after: int = 0) -> Outcome[Contract]:
    words: dict[str, Any] = {"satisfied": True, "comment": "よい", "now": LATER_ON + after * DAY}
    return said(acts.write_review(it, by=by, review_id=f"rev_{by[:9]}", **words))


def test_the_second_review_reveals_both() -> None:
    it, facts = review(a_completed_contract(), CLIENT)
    assert [f.type for f in facts] == ["review.written"]
    assert it.reviews.seen_by("worker") == []
    it, facts = review(it, WORKER)
    assert [f.type for f in facts] == ["review.written", "review.revealed", "review.revealed"]
    assert [role for role, _ in it.reviews.seen_by("worker")] == ["client", "worker"]


def test_reviews_that_are_refused() -> None:
    done = a_completed_contract()
    once, _ = review(done, CLIENT)
    for it, by, after, code in (
        (a_contract(), CLIENT, 0, "not_completed"),
        (once, CLIENT, 0, "already_reviewed"),
        (done, CLIENT, 14, "review_closed"),
        (
            replace(done, reviews=replace(done.reviews, revealed_at=NOON)),
            CLIENT,
            0,
            "review_closed",
        ),
    ):
        with pytest.raises(Conflict) as no:
            review(it, by, after=after)
        assert no.value.code == code
    with pytest.raises(Unknown):
        review(done, STRANGER)


def test_what_is_written_before_the_reveal_says_nothing_of_its_content() -> None:
    _, (fact,) = review(a_completed_contract(), CLIENT)
    assert not {"satisfied", "comment"} & set(fact.data)
