"""What the two parties do. A stranger is answered as if there were no such contract."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.domain import milestone as parts
from services.contracts.domain import review
from services.contracts.domain.contract import (
    Contract,
    milestone_of,
    parties,
    role_of,
    step,
    text_of,
    with_milestone,
)
from services.contracts.domain.endings import accepted, revealed, reviewed
from services.contracts.domain.milestone import Milestone
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.events import Fact
from shared.money import Money
from shared.moves import Outcome, next_state

WAITING_DELIVERIES_MAX = 8
"""Milestones whose delivery somebody has still to answer; their texts bound the document."""
WAITING = ("delivered", "changes_requested", "accepted")

ROLE = {"deliver": "worker", "recall": "worker", "accept": "client", "request_changes": "client"}


def deliver(
    contract: Contract, *, n: int, by: str, note: str, links: tuple[str, ...] = (), now: datetime
) -> Outcome[Contract]:
    """Hand in the work of a milestone; from now on the client's silence accepts it.

    :raises Unknown: a stranger, or no such milestone; Forbidden: `not_the_worker`
    :raises Conflict: `not_funded` before the money is there, `wrong_state`
    """
    m = _may(contract, n, "deliver", by)
    others = [other for other in contract.milestones if other.n != n and other.state in WAITING]
    if len(others) >= WAITING_DELIVERIES_MAX:
        raise Conflict("too_many_waiting", "let the client inspect what is delivered first")
    m = replace(
        m,
        state=next_state(parts.MOVES, m.state, "deliver"),
        delivered_at=now,
        accept_at=now + timedelta(days=contract.review_days),
        note=note,
        links=links,
        changes_note="",
    )
    said = {"accepted_at": text_of(m.accept_at), "note": note, "links": list(links)}
    return with_milestone(contract, m), [step("delivery.submitted", contract, m, said)]


def recall(contract: Contract, *, n: int, by: str, now: datetime) -> Outcome[Contract]:
    """Take a delivery back before the client has answered it.

    :raises Unknown, Forbidden, Conflict: as `deliver`
    """
    m = _may(contract, n, "recall", by)
    state = next_state(parts.MOVES, m.state, "recall")
    m = replace(m, state=state, delivered_at=None, accept_at=None, note="", links=())
    said = {"deliver_by": text_of(parts.wake(m))}
    return with_milestone(contract, m), [step("delivery.recalled", contract, m, said)]


def request_changes(
    contract: Contract, *, n: int, by: str, note: str, now: datetime
) -> Outcome[Contract]:
    """Send a delivery back, within the rounds that the contract has.

    :raises Unknown, Forbidden: as `deliver`; Conflict: `wrong_state`, `no_rounds_left`
    """
    m = _may(contract, n, "request_changes", by)
    state = next_state(parts.MOVES, m.state, "request_changes")
    m = replace(
        m,
        state=state,
        rounds=m.rounds + 1,
        changes_note=note,
        accept_at=None,
        note="",
        links=(),
    )
    if m.told_overdue_at or m.deliver_by < now:
        # The worker must have time for what is asked: the overdue clock starts anew.
        m = replace(m, told_overdue_at=now)
    said = {"round": m.rounds, "note": note, "deliver_by": text_of(parts.wake(m))}
    return with_milestone(contract, m), [step("changes.requested", contract, m, said)]


def accept(
    contract: Contract,
    *,
    n: int,
    by: str,
    amount: Money | None = None,
    reason: str | None = None,
    fault: str | None = None,
    now: datetime,
) -> Outcome[Contract]:
    """Accept a delivery: its amount is released, or a smaller one with the reason for it.

    The law allows a smaller one only for a fault of the worker's: it is kept with the reason, as
    `not_as_agreed` when no other is named.

    :raises Unknown, Forbidden: as `deliver`; Conflict: `wrong_state`
    :raises Invalid: `above_amount`, `currency_mismatch`, `reason_required`
    """
    m = _may(contract, n, "accept", by)
    released = amount or m.amount
    if released.currency != m.amount.currency:
        raise Invalid("currency_mismatch", f"this milestone is in {m.amount.currency}")
    if released.amount > m.amount.amount:
        raise Invalid("above_amount", "more than this milestone holds")
    if released != m.amount and not reason:
        raise Invalid("reason_required", "paying less than agreed needs its reason in writing")
    if released == m.amount:
        return accepted(contract, m, released, "client", reason, now)
    fault = fault or "not_as_agreed"
    return accepted(contract, m, released, "client", reason, now, fault=fault)


def write_review(
    contract: Contract, *, by: str, review_id: str, satisfied: bool, comment: str, now: datetime
) -> Outcome[Contract]:
    """Review the other side; nobody sees it before both have written or the time is over.

    :raises Unknown: a stranger; Conflict: `not_completed`, `review_closed`, `already_reviewed`
    """
    role = role_of(contract, by)
    if contract.state != "completed" or contract.ended_at is None:
        raise Conflict("not_completed", "reviews are written when a contract is completed")
    written = review.Review(id=review_id, satisfied=satisfied, comment=comment, at=now)
    reviews = review.write(contract.reviews, role, written, ended_at=contract.ended_at, now=now)
    contract = replace(contract, reviews=reviews)
    said = {**parties(contract), **reviewed(contract, role, written)}
    facts = [Fact("review.written", said)]
    return revealed(contract, facts, now) if reviews.both else (contract, facts)


def refusal(contract: Contract, n: int, move: str, by: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        m = _may(contract, n, move, by)
        next_state(parts.MOVES, m.state, move)
    except (Forbidden, Conflict, Unknown) as no:
        return no.code
    return None


def review_refusal(contract: Contract, by: str, now: datetime) -> str | None:
    """Return the code with which this caller's review would be refused, or None."""
    try:
        write_review(contract, by=by, review_id="rev_", satisfied=True, comment="-", now=now)
    except (Conflict, Unknown) as no:
        return no.code
    return None


def _may(contract: Contract, n: int, move: str, by: str) -> Milestone:
    role = role_of(contract, by)
    if role != ROLE[move]:
        raise Forbidden(f"not_the_{ROLE[move]}", f"only the {ROLE[move]} may do this")
    m = milestone_of(contract, n)
    check_running(contract, m)
    if m.week:
        raise Conflict("hourly_contract", "hours are noted and handed in by the week")
    if move == "request_changes" and m.state == "delivered" and m.rounds >= contract.revisions:
        raise Conflict("no_rounds_left", f"{contract.revisions} rounds of changes were agreed")
    return m


def check_running(contract: Contract, m: Milestone) -> None:
    """Pass when this milestone may be worked on.

    :raises Conflict: `not_funded`, `wrong_state`
    """
    if contract.state == "awaiting_funding" or (
        contract.state == "active" and m.state == "pending"
    ):
        raise Conflict("not_funded", "work begins when the money is held", state=contract.state)
    if contract.state != "active":
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
