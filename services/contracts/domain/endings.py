"""How a milestone or a contract ends: accepted, cancelled, completed, its reviews revealed."""

from dataclasses import replace
from datetime import datetime

from services.contracts.domain import ask as asks
from services.contracts.domain import milestone as parts
from services.contracts.domain import review
from services.contracts.domain.contract import Contract, parties, step, with_milestone, words
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.week import Week
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
    *,
    fault: str | None = None,
) -> Outcome[Contract]:
    """Accept a delivery: `released` of its amount, by the client or by `silence` (`how`)."""
    m = replace(
        m,
        state=next_state(parts.MOVES, m.state, "accept"),
        accepted_by=how,
        released=released,
        accept_at=None,
        ask_at=now + parts.ASK_AGAIN,
    )
    return with_milestone(contract, m), [acceptance(contract, m, reason, fault)]


def acceptance(
    contract: Contract, m: Milestone, reason: str | None = None, fault: str | None = None
) -> Fact:
    """Say that a delivery was accepted; said again until escrow has answered."""
    if m.week:
        return settlement(contract, m, m.week)
    amount = m.released or m.amount
    said = {"amount": amount.words(), "by": m.accepted_by, "reason": reason, "fault": fault}
    return step("delivery.accepted", contract, m, said)


def settled(
    contract: Contract, m: Milestone, move: str, how: str, now: datetime
) -> Outcome[Contract]:
    """Settle a week of hourly work (`approve`, or `close` without hours): they are paid."""
    m = replace(
        m,
        state=next_state(parts.MOVES_OF_WEEK, m.state, move),
        accepted_by=how,
        released=m.at_stake,
        accept_at=None,
        ask_at=now + parts.ASK_AGAIN,
    )
    return with_milestone(contract, m), [acceptance(contract, m)]


def settlement(contract: Contract, m: Milestone, week: Week) -> Fact:
    """Say what the hours of a week come to; said again until escrow has answered."""
    said = {"amount": week.pay.words(), "minutes": week.minutes, "by": m.accepted_by}
    return step("sheet.approved" if week.minutes else "week.closed", contract, m, said)


def cancelled(
    contract: Contract, reason: str, now: datetime, pay: Money | None = None
) -> Outcome[Contract]:
    """End the contract; `pay` of what is held goes to the worker, the rest back to the client.

    Less may be held than when it was offered: then all that is left.
    """
    contract = withdrawn(contract, now)
    if pay:
        contract = shared_out(contract, min(pay, held_by(contract)))
    waits = any(m.state in (*parts.HELD, "accepted") for m in contract.milestones)
    contract = replace(
        contract,
        state="cancelled",
        cancel_reason=reason,
        ended_at=now,
        refund_ask_at=now + parts.ASK_AGAIN if waits else None,
    )
    return contract, [cancellation(contract)]


def cancellation(contract: Contract) -> Fact:
    """Say what escrow is to do; what was accepted before is paid, and not named here."""
    unpaid = [m for m in contract.milestones if m.state not in (*parts.ENDED, "accepted")]
    said = {
        "reason": contract.cancel_reason,
        "hold_ids": [m.hold_id for m in unpaid],
        "parts": [
            {"hold_id": m.hold_id, "amount": m.decided.words()}
            for m in unpaid
            if m.decided and m.decided.amount
        ],
    }
    return Fact("contract.cancelled", {**words(contract), **said})


def completed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    """End the contract with what was paid, after these facts; holds never funded are let go."""
    contract = replace(withdrawn(contract, now), state="completed", ended_at=now)
    left = [m.hold_id for m in contract.milestones if m.state == "pending"]
    said = {"review_by": clock.text(review.closes(now)), "hold_ids": left}
    return contract, [*facts, Fact("contract.completed", {**words(contract), **said})]


def held_by(contract: Contract, weeks: tuple[int, ...] = ()) -> Money:
    """Return the money that is held and that nobody has decided about; of these weeks, or all."""
    held = [
        m.at_stake.amount
        for m in contract.milestones
        if m.state in parts.HELD and (m.n in weeks or not weeks)
    ]
    return Money(sum(held), contract.milestones[0].amount.currency)


def shared_out(contract: Contract, pay: Money, weeks: tuple[int, ...] = ()) -> Contract:
    """Give this much of what is held to the worker, milestone by milestone in their order.

    With `weeks`, of what is held for these alone.
    """
    left, milestones = pay, []
    for m in contract.milestones:
        if m.state in parts.HELD and (m.n in weeks or not weeks):
            part = min(left, m.at_stake)
            m, left = replace(m, decided=part), left - part
        milestones.append(m)
    assert not left.amount, "nobody is given more than is held"  # noqa: S101
    return replace(contract, milestones=tuple(milestones))


def withdrawn(contract: Contract, now: datetime) -> Contract:
    """Let nothing wait any more that one side asked of the other."""
    asked = contract.cancellation
    if asked and asked.state == "asked":
        asked = replace(asked, state="lapsed", answered_at=now)
    return replace(contract, asks=asks.lapsed(contract.asks, now), cancellation=asked)


def revealed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    """Show what both sides have written, after these facts."""
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
    """Return the words that name a review, its author and whom it is about."""
    sides = (contract.client_id, contract.worker_id)
    reviewer, reviewee = sides if role == "client" else sides[::-1]
    return {"review_id": written.id, "reviewer_id": reviewer, "reviewee_id": reviewee}
