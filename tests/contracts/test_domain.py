"""Contracts and milestones: every act in every state, every fact of escrow in every state."""

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.domain import acts, ask, cancelling, contract, dispute, hearing, offer
from services.contracts.domain import milestone as parts
from services.contracts.domain.contract import Contract
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet, Unknown
from shared.moves import IGNORE, LATER, Moves, missing_pairs
from tests.contracts.builders import CLIENT, DAY, NOON, STRANGER, WORKER, a_contract, yen

pytestmark = pytest.mark.pure

MOVES = {
    "deliver": lambda it, by: acts.deliver(it, n=1, by=by, note="-", now=NOON),
    "recall": lambda it, by: acts.recall(it, n=1, by=by, now=NOON),
    "accept": lambda it, by: acts.accept(it, n=1, by=by, now=NOON),
    "request_changes": lambda it, by: acts.request_changes(it, n=1, by=by, note="-", now=NOON),
}
ESCROW = (
    *("escrow.funded", "escrow.released", "escrow.released split"),
    *("escrow.refunded", "escrow.refunded split"),
)


def with_state(state: str, of_contract: str = "active") -> Contract:
    """Return a contract whose only milestone is in this state."""
    it = a_contract(state="active")
    (m,) = it.milestones
    return replace(it, state=of_contract, milestones=(replace(m, state=state, accept_at=NOON),))


@pytest.mark.parametrize("state", parts.STATES)
@pytest.mark.parametrize("move", MOVES)
def test_every_act_in_every_state_of_a_milestone(move: str, state: str) -> None:
    it = with_state(state)
    by, other = (WORKER, CLIENT) if acts.ROLE[move] == "worker" else (CLIENT, WORKER)
    with pytest.raises(Forbidden):
        MOVES[move](it, other)
    with pytest.raises(Unknown):
        MOVES[move](it, STRANGER)
    if state in parts.MOVES[move]:
        after, facts = MOVES[move](it, by)
        assert after.milestones[0].state == parts.MOVES[move][state]
        assert len(facts) == 1
    else:
        with pytest.raises(Conflict):
            MOVES[move](it, by)


@pytest.mark.parametrize("state", [s for s in contract.STATES if s != "active"])
@pytest.mark.parametrize("move", MOVES)
def test_nothing_is_done_in_a_contract_that_is_not_active(move: str, state: str) -> None:
    by = WORKER if acts.ROLE[move] == "worker" else CLIENT
    with pytest.raises(Conflict):
        MOVES[move](with_state("funded", state), by)


@pytest.mark.parametrize(
    ("table", "states"),
    [(hearing.HEARD, contract.STATES), (parts.HEARD, parts.STATES)],
)
def test_every_fact_of_escrow_has_a_row_for_every_state(
    table: Moves, states: tuple[str, ...]
) -> None:
    assert missing_pairs(table, states) == []


@pytest.mark.parametrize("state", parts.STATES)
@pytest.mark.parametrize("of_contract", contract.STATES)
@pytest.mark.parametrize("type_", ESCROW)
def test_every_fact_of_escrow_in_every_state(type_: str, of_contract: str, state: str) -> None:
    it = with_state(state, of_contract)
    words: dict[str, Any] = {"type_": type_, "n": 1, "amount": it.milestones[0].amount}
    rows = hearing.HEARD[type_][of_contract], parts.HEARD[type_][state]
    if LATER in rows[:1]:
        with pytest.raises(NotYet):
            hearing.hear_escrow(it, now=NOON, **words)
    elif IGNORE in rows:
        with pytest.raises(Ignored):
            hearing.hear_escrow(it, now=NOON, **words)
    else:
        after, _ = hearing.hear_escrow(it, now=NOON, **words)
        assert after.milestones[0].state == rows[1]


@pytest.mark.parametrize(
    ("moves", "states"),
    [
        (offer.MOVES, offer.STATES),
        (parts.MOVES, parts.STATES),
        (ask.MOVES, ask.STATES),
        (cancelling.MOVES, ask.STATES),
        (dispute.MOVES, dispute.STATES),
    ],
)
def test_a_table_leads_only_to_states_there_are(moves: Moves, states: tuple[str, ...]) -> None:
    for row in moves.values():
        assert {*row, *row.values()} <= set(states)


def test_paying_less_needs_its_reason_and_keeps_the_fault() -> None:
    it = a_contract(state="delivered")
    with pytest.raises(Invalid) as no:
        acts.accept(it, n=1, by=CLIENT, amount=yen(1), now=NOON)
    assert no.value.code == "reason_required"
    for fault, kept in ((None, "not_as_agreed"), ("late", "late")):
        _, (fact,) = acts.accept(
            it, n=1, by=CLIENT, amount=yen(1), reason="二週間遅れ", fault=fault, now=NOON
        )
        assert (fact.data["fault"], fact.data["reason"]) == (kept, "二週間遅れ")
    _, (whole,) = acts.accept(it, n=1, by=CLIENT, now=NOON)
    assert whole.data["fault"] is None


def test_rounds_of_changes_are_counted() -> None:
    it = a_contract(state="active")
    for _ in range(it.revisions):
        it, _ = acts.deliver(it, n=1, by=WORKER, note="-", now=NOON)
        it, _ = acts.request_changes(it, n=1, by=CLIENT, note="-", now=NOON + DAY)
    it, _ = acts.deliver(it, n=1, by=WORKER, note="-", now=NOON)
    with pytest.raises(Conflict) as no:
        acts.request_changes(it, n=1, by=CLIENT, note="-", now=NOON)
    assert no.value.code == "no_rounds_left"
