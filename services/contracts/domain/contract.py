"""A contract between a client and a worker: funded, worked on, delivered, accepted, paid.

Every rule that a person causes takes `by` (a member id) and answers a stranger as if there were no
such contract. Every state that waits names its timer in `wake`; `silence` is the rule of that
moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.domain import milestone as parts
from services.contracts.domain import review
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.review import Reviews
from shared import clock
from shared.errors import Conflict, Forbidden, Ignored, Invalid, Unknown
from shared.events import Event, Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

REMIND_AFTER = (timedelta(days=1), timedelta(days=3), timedelta(days=6))
FUND_TIME = timedelta(days=7)
NEXT_FUND_TIME = timedelta(days=14)
WAITING_DELIVERIES_MAX = 10
"""Deliveries that wait for the client at once; it bounds the document."""

STATES = ("awaiting_funding", "active", "disputed", "completed", "cancelled")
HEARD: Moves = {
    # The milestone's own table decides the milestone; this one whether the contract is concerned.
    "escrow.funded": {
        "awaiting_funding": "active",
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": IGNORE,  # escrow, hearing contract.cancelled on a funded hold, refunds
    },
    "escrow.released": {
        "awaiting_funding": LATER,
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
    "escrow.refunded": {
        "awaiting_funding": LATER,
        "active": "active",
        "disputed": "disputed",
        "completed": IGNORE,
        "cancelled": "cancelled",
    },
    "hold.cancelled": {
        "awaiting_funding": IGNORE,
        "active": IGNORE,
        "disputed": IGNORE,
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The handshake and what came of it."""

    id: str
    state: str
    offer_id: str
    client_id: str
    worker_id: str
    title: str
    scope: str
    mode: str
    milestones: tuple[Milestone, ...]
    review_days: int
    revisions: int
    formed_at: datetime
    job_id: str | None = None
    proposal_id: str | None = None
    listing_id: str | None = None
    reminded: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_reason: str | None = None
    refund_ask_at: datetime | None = None
    reviews: Reviews = field(default_factory=Reviews)


# how it begins


def of_acceptance(event: Event, now: datetime) -> Outcome[Contract]:
    """Form the contract that `offer.accepted` says (our own fact, heard as the repair)."""
    return form(event.data, now)


def form(said: Mapping[str, Any], now: datetime) -> Outcome[Contract]:
    """Form a contract from the words of its offer; the first milestone waits for its money."""
    fund_by = clock.parse(said["fund_by"])
    milestones = tuple(
        Milestone(
            n=m["n"],
            title=m["title"],
            amount=Money.of(m["amount"]),
            deliver_by=clock.parse(m["deliver_by"]),
            hold_id=m["hold_id"],
            fund_by=fund_by if m["n"] == 1 else None,
        )
        for m in said["milestones"]
    )
    contract = Contract(
        id=said["contract_id"],
        state="awaiting_funding",
        offer_id=said["offer_id"],
        client_id=said["client_id"],
        worker_id=said["worker_id"],
        title=said["title"],
        scope=said["scope"],
        mode=said["mode"],
        milestones=milestones,
        review_days=said["review_days"],
        revisions=said["revisions"],
        formed_at=now,
        job_id=said["job_id"],
        proposal_id=said["proposal_id"],
        listing_id=said["listing_id"],
    )
    return contract, [Fact("contract.formed", dict(said))]


# what people do


def deliver(
    contract: Contract, *, n: int, by: str, note: str, links: tuple[str, ...] = (), now: datetime
) -> Outcome[Contract]:
    """Hand in the work of a milestone; from now on the client's silence accepts it.

    :raises Unknown: a stranger, or no such milestone; Forbidden: `not_the_worker`
    :raises Conflict: `not_funded` before the money is there, `wrong_state`
    """
    m = _may(contract, n, "deliver", by)
    if sum(other.state == "delivered" for other in contract.milestones) >= WAITING_DELIVERIES_MAX:
        raise Conflict("too_many_waiting", "let the client inspect what is delivered first")
    m = replace(
        m,
        state=next_state(parts.MOVES, m.state, "deliver"),
        delivered_at=now,
        accept_at=now + timedelta(days=contract.review_days),
        note=note,
        links=links,
    )
    said = {"accepted_at": _text(m.accept_at), "note": note, "links": list(links)}
    return _with(contract, m), [_step("delivery.submitted", contract, m, said)]


def recall(contract: Contract, *, n: int, by: str, now: datetime) -> Outcome[Contract]:
    """Take a delivery back before the client has answered it.

    :raises Unknown, Forbidden, Conflict: as `deliver`
    """
    m = _may(contract, n, "recall", by)
    state = next_state(parts.MOVES, m.state, "recall")
    m = replace(m, state=state, delivered_at=None, accept_at=None, note="", links=())
    return _with(contract, m), [_step("delivery.recalled", contract, m)]


def request_changes(
    contract: Contract, *, n: int, by: str, note: str, now: datetime
) -> Outcome[Contract]:
    """Send a delivery back, within the rounds that the contract has.

    :raises Unknown, Forbidden: as `deliver`; Conflict: `wrong_state`, `no_rounds_left`
    """
    m = _may(contract, n, "request_changes", by)
    state = next_state(parts.MOVES, m.state, "request_changes")
    m = replace(m, state=state, rounds=m.rounds + 1, changes_note=note, accept_at=None)
    if m.told_overdue_at or m.deliver_by < now:
        # The worker must have time for what is asked: the overdue clock starts anew.
        m = replace(m, told_overdue_at=now)
    return _with(contract, m), [
        _step("changes.requested", contract, m, {"round": m.rounds, "note": note})
    ]


def accept(
    contract: Contract,
    *,
    n: int,
    by: str,
    amount: Money | None = None,
    reason: str | None = None,
    now: datetime,
) -> Outcome[Contract]:
    """Accept a delivery: its amount is released, or a smaller one with the reason for it.

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
    return _accepted(contract, m, released, "client", reason, now)


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
    said = {**_parties(contract), **_reviewed(contract, role, written)}
    facts = [Fact("review.written", said)]
    return _revealed(contract, facts, now) if reviews.both else (contract, facts)


# what is heard


def hear_escrow(
    contract: Contract,
    *,
    type_: str,
    n: int,
    amount: Money,
    now: datetime,
) -> Outcome[Contract]:
    """Follow what escrow says of a milestone's hold.

    :raises Ignored: it changes nothing here, as the tables say
    """
    state = heard(HEARD, contract.state, type_)
    m = _milestone(contract, n)
    moved = heard(parts.HEARD, m.state, type_)
    match moved:
        case "funded":
            return _funded(contract, m, state, now)
        case "paid":
            return _paid(contract, m, amount, now)
        case _:
            return _refunded(contract, m, now)


def _funded(contract: Contract, m: Milestone, state: str, now: datetime) -> Outcome[Contract]:
    m = replace(m, state="funded", funded_at=now, fund_by=None)
    starts = contract.state == "awaiting_funding"
    contract = _with(replace(contract, state=state), m)
    facts = [_step("milestone.funded", contract, m, {"deliver_by": clock.text(m.deliver_by)})]
    if starts:
        contract = replace(contract, started_at=now)
        facts.append(Fact("contract.started", words(contract)))
    return contract, facts


def _paid(contract: Contract, m: Milestone, amount: Money, now: datetime) -> Outcome[Contract]:
    m = replace(m, state="paid", released=amount, ask_at=None, note="", links=(), changes_note="")
    contract = _with(contract, m)
    facts = [_step("milestone.paid", contract, m, {"amount": amount.words()})]
    waiting = [other for other in contract.milestones if other.state == "pending"]
    if all(other.state in ("paid", "refunded", "split") for other in contract.milestones):
        return _completed(contract, facts, now)
    if waiting and waiting[0].fund_by is None:
        turn = replace(waiting[0], fund_by=now + NEXT_FUND_TIME)
        contract = _with(contract, turn)
    return contract, facts


def _refunded(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    contract = _with(contract, replace(m, state="refunded", note="", links=(), changes_note=""))
    if contract.state == "cancelled":
        left = any(
            x.state in ("funded", "delivered", "changes_requested") for x in contract.milestones
        )
        return replace(contract, refund_ask_at=contract.refund_ask_at if left else None), []
    if all(other.state in ("paid", "refunded", "split") for other in contract.milestones):
        return _completed(contract, [], now)
    return contract, []


# what silence does


def wake(contract: Contract) -> datetime | None:
    """Return when silence next has a consequence."""
    match contract.state:
        case "awaiting_funding":
            fund_by = contract.milestones[0].fund_by or contract.formed_at + FUND_TIME
            return min(_reminder_at(contract) or fund_by, fund_by)
        case "active":
            times = [at for m in contract.milestones if (at := parts.wake(m))]
            return min(times, default=None)
        case "completed":
            return review.closes_at(contract.reviews, contract.ended_at)
        case "cancelled":
            return contract.refund_ask_at
    return None


def silence(contract: Contract, *, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to by now.

    :raises Ignored: `not_due`: somebody has moved in the meantime
    """
    at = wake(contract)
    if at is None or now < at:
        raise Ignored("not_due", "nothing is due by now")
    match contract.state:
        case "awaiting_funding":
            if now < (contract.milestones[0].fund_by or contract.formed_at + FUND_TIME):
                return _remind(contract, now)
            return _cancelled(contract, "unfunded", now)
        case "completed":
            return _revealed(contract, [], now)
        case "cancelled":
            again = replace(contract, refund_ask_at=now + parts.ASK_AGAIN)
            return again, [_cancellation(again)]
    due = min(
        (m for m in contract.milestones if (t := parts.wake(m)) and t <= now),
        key=lambda m: parts.wake(m) or now,
    )
    return _milestone_silence(contract, due, now)


def _milestone_silence(contract: Contract, m: Milestone, now: datetime) -> Outcome[Contract]:
    match m.state:
        case "delivered":
            return _accepted(contract, m, m.amount, "silence", None, now)
        case "accepted":
            m = replace(m, ask_at=now + parts.ASK_AGAIN)
            return _with(contract, m), [_acceptance(contract, m)]
        case "pending":
            return _completed(contract, [], now)
    if m.told_overdue_at:
        return _cancelled(contract, "overdue", now)
    m = replace(m, told_overdue_at=now)
    said = {"cancelled_at": clock.text(now + parts.OVERDUE_TIME)}
    return _with(contract, m), [_step("milestone.overdue", contract, m, said)]


def _reminder_at(contract: Contract) -> datetime | None:
    if contract.reminded >= len(REMIND_AFTER):
        return None
    return contract.formed_at + REMIND_AFTER[contract.reminded]


def _remind(contract: Contract, now: datetime) -> Outcome[Contract]:
    due = sum(contract.formed_at + after <= now for after in REMIND_AFTER)
    contract = replace(contract, reminded=due)
    waits = next_of(contract)
    assert waits, "a contract that awaits its funding waits for its client"  # noqa: S101
    return contract, [Fact("contract.reminded", {**_parties(contract), "milestone": 1, **waits})]


# how it ends


def _accepted(
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
    return _with(contract, m), [_acceptance(contract, m, reason)]


def _acceptance(contract: Contract, m: Milestone, reason: str | None = None) -> Fact:
    amount = m.released or m.amount
    said = {"amount": amount.words(), "by": m.accepted_by, "reason": reason}
    return _step("delivery.accepted", contract, m, said)


def _cancelled(contract: Contract, reason: str, now: datetime) -> Outcome[Contract]:
    held = any(m.state in ("funded", "changes_requested") for m in contract.milestones)
    contract = replace(
        contract,
        state="cancelled",
        cancel_reason=reason,
        ended_at=now,
        refund_ask_at=now + parts.ASK_AGAIN if held else None,
    )
    return contract, [_cancellation(contract)]


def _cancellation(contract: Contract) -> Fact:
    unpaid = [
        m.hold_id for m in contract.milestones if m.state not in ("paid", "refunded", "split")
    ]
    said = {"reason": contract.cancel_reason, "hold_ids": unpaid}
    return Fact("contract.cancelled", {**words(contract), **said})


def _completed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    contract = replace(contract, state="completed", ended_at=now)
    left = [m.hold_id for m in contract.milestones if m.state == "pending"]
    said = {"review_by": clock.text(now + review.WINDOW), "hold_ids": left}
    return contract, [*facts, Fact("contract.completed", {**words(contract), **said})]


def _revealed(contract: Contract, facts: list[Fact], now: datetime) -> Outcome[Contract]:
    shown = [
        Fact(
            "review.revealed",
            {
                **_parties(contract),
                **_reviewed(contract, role, written),
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


# how it looks


def next_of(contract: Contract) -> dict[str, Any] | None:
    """Return who must act, by when, and what happens otherwise; the most urgent milestone's."""
    if contract.state == "awaiting_funding":
        by = _text(contract.milestones[0].fund_by)
        return {"actor": "client", "action": "fund", "by": by, "otherwise": "cancelled"}
    if contract.state == "cancelled" and contract.refund_ask_at:
        by = _text(contract.refund_ask_at)
        return {"actor": "system", "action": "refund", "by": by, "otherwise": "asked_again"}
    if contract.state != "active":
        return None
    waits = [w for m in contract.milestones if (w := next_of_milestone(m))]
    return min(waits, key=lambda w: str(w["by"]), default=None)


def next_of_milestone(m: Milestone) -> dict[str, Any] | None:
    """Return the same for one milestone."""
    at = _text(parts.wake(m))
    match m.state:
        case "pending" if m.fund_by:
            return {"actor": "client", "action": "fund", "by": at, "otherwise": "completed"}
        case "funded" | "changes_requested":
            otherwise = "cancelled" if m.told_overdue_at else "overdue"
            return {"actor": "worker", "action": "deliver", "by": at, "otherwise": otherwise}
        case "delivered":
            return {"actor": "client", "action": "inspect", "by": at, "otherwise": "accepted"}
        case "accepted":
            return {"actor": "system", "action": "pay", "by": at, "otherwise": "asked_again"}
    return None


def answered(contract: Contract, now: datetime) -> Contract:
    """Return the contract after escrow has answered what it waits for (for the dry run)."""
    for m in contract.milestones:
        if m.state == "accepted":
            return _paid(contract, m, m.released or m.amount, now)[0]
        if contract.state == "cancelled" and m.state in ("funded", "changes_requested"):
            contract = _refunded(contract, m, now)[0]
    return contract


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


def role_of(contract: Contract, by: str) -> str:
    """Return `client` or `worker`.

    :raises Unknown: a stranger learns nothing
    """
    if by == contract.client_id:
        return "client"
    if by == contract.worker_id:
        return "worker"
    raise Unknown("no_such_contract", "there is no such contract")


def words(contract: Contract) -> dict[str, Any]:
    """Return what every fact of the contract as a whole says."""
    return {
        **_parties(contract),
        "offer_id": contract.offer_id,
        "job_id": contract.job_id,
        "proposal_id": contract.proposal_id,
        "listing_id": contract.listing_id,
    }


# the small parts

ROLE = {"deliver": "worker", "recall": "worker", "accept": "client", "request_changes": "client"}


def _may(contract: Contract, n: int, move: str, by: str) -> Milestone:
    role = role_of(contract, by)
    if role != ROLE[move]:
        raise Forbidden(f"not_the_{ROLE[move]}", f"only the {ROLE[move]} may do this")
    m = _milestone(contract, n)
    if contract.state == "awaiting_funding" or (
        contract.state == "active" and m.state == "pending"
    ):
        raise Conflict("not_funded", "work begins when the money is held", state=contract.state)
    if contract.state != "active":
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    if move == "request_changes" and m.state == "delivered" and m.rounds >= contract.revisions:
        raise Conflict("no_rounds_left", f"{contract.revisions} rounds of changes were agreed")
    return m


def _milestone(contract: Contract, n: int) -> Milestone:
    if not 1 <= n <= len(contract.milestones):
        raise Unknown("no_such_milestone", "there is no such milestone")
    return contract.milestones[n - 1]


def _with(contract: Contract, m: Milestone) -> Contract:
    milestones = tuple(m if other.n == m.n else other for other in contract.milestones)
    return replace(contract, milestones=milestones)


def _parties(contract: Contract) -> dict[str, Any]:
    return {
        "contract_id": contract.id,
        "client_id": contract.client_id,
        "worker_id": contract.worker_id,
        "title": contract.title,
    }


def _step(
    type_: str, contract: Contract, m: Milestone, said: Mapping[str, Any] | None = None
) -> Fact:
    step = {**_parties(contract), "milestone": m.n, "hold_id": m.hold_id}
    return Fact(type_, {**step, **(said or {})})


def _reviewed(contract: Contract, role: str, written: review.Review) -> dict[str, str]:
    sides = (contract.client_id, contract.worker_id)
    reviewer, reviewee = sides if role == "client" else sides[::-1]
    return {"review_id": written.id, "reviewer_id": reviewer, "reviewee_id": reviewee}


def _text(at: datetime | None) -> str | None:
    return None if at is None else clock.text(at)
