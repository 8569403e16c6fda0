"""How a milestone or a contract ends: accepted, cancelled, completed, its reviews revealed."""

from dataclasses import replace
from datetime import datetime

from services.contracts.domain import milestone as parts
from services.contracts.domain import review
from services.contracts.domain.contract import Contract, parties, step, with_milestone, words
from services.contracts.domain.milestone import Milestone
from shared import clock
from shared.events import Fact
from shared.money import Money
from shared.moves import Outcome, next_state


def accepted(
    contract: Contract,
    m: Milestone,
    released: Money,
    how: str,
    reason: str | None,
    now: datetime,
) -> Outcome[Contract]:
    m = replace(
        m,
        state=next_state(parts.MOVES, m.state, "accept"),
        accepted_by=how,
        released=released,
        accept_at=None,
        ask_at=now + parts.ASK_AGAIN,
    )
    return with_milestone(contract, m), [acceptance(contract, m, reason)]


def acceptance(contract: Contract, m: Milestone, reason: str | None = None) -> Fact:
    amount = m.released or m.amount
    said = {"amount": amount.words(), "by": m.accepted_by, "reason": reason}
    return step("delivery.accepted", contract, m, said)


def cancelled(contract: Contract, reason: str, now: datetime) -> Outcome[Contract]:
    held = any(m.state in ("funded", "changes_requested") for m in contract.milestones)
    contract = replace(
        contract,
        state="cancelled",
        cancel_reason=reason,
        ended_at=now,
        refund_ask_at=now + parts.ASK_AGAIN if held else None,
    )
    return contract, [cancellation(contract)]


def cancellation(contract: Contract) -> Fact:
    unpaid = [
        m.hold_id for m in contract.milestones if m.state not in ("paid", "refunded", "split")
    ]
    said = {"reason": contract.cancel_reason, "hold_ids": unpaid}
    return Fact("contract.cancelled", {**words(contract), **said})


def completed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    contract = replace(contract, state="completed", ended_at=now)
    left = [m.hold_id for m in contract.milestones if m.state == "pending"]
    said = {"review_by": clock.text(now + review.WINDOW), "hold_ids": left}
    return contract, [*facts, Fact("contract.completed", {**words(contract), **said})]


def revealed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    shown = [
        Fact(
            "review.revealed",
            {
                **parties(contract),
                **reviewed(contract, role, written),
                "reviewer_role": role,
                "satisfied": written.satisfied,
                "comment": written.comment,
                "written_at": clock.text(written.at),
            },
        )
        for role, written in contract.reviews.written()
    ]
    contract = replace(contract, reviews=replace(contract.reviews, revealed_at=now))
    return contract, [*facts, *shown]


def reviewed(contract: Contract, role: str, written: review.Review) -> dict[str, str]:
    sides = (contract.client_id, contract.worker_id)
    reviewer, reviewee = sides if role == "client" else sides[::-1]
    return {"review_id": written.id, "reviewer_id": reviewer, "reviewee_id": reviewee}
