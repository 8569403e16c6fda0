"""A dispute about what is held: a claim, evidence, proposals, and an end in any case.

The respondent answers with a proposal, else the claim stands. Either side may accept the other's
last proposal at any time. An operator decides, with the reason in writing; one who is late is
escalated, and after that the money is split as the respondent, who answered, last proposed.

Of hourly work it is about the weeks whose sheets are handed in, else about what has been worked in
the others; all work pauses meanwhile, and goes on when that money is divided.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.contracts.domain import milestone as parts
from services.contracts.domain.ask import other
from services.contracts.domain.contract import (
    Contract,
    asked_of,
    parties,
    role_of,
    step,
    with_milestone,
)
from services.contracts.domain.endings import held_by, shared_out, withdrawn
from services.contracts.domain.parting import Dispute, Ended, Proposal
from services.contracts.domain.times import timers
from shared import clock
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.events import Fact
from shared.money import Money
from shared.moves import Moves, Outcome, next_state

REASONS = (
    *("not_delivered", "late", "not_as_agreed", "quality", "plagiarism", "rights", "no_response"),
    *("extra_work", "conduct", "other"),
)
EVIDENCE_MAX = 50
PROPOSALS_MAX = 50

STATES = ("opened", "answered", "escalated", "settled", "decided")
OPEN = STATES[:3]
MOVES: Moves = {
    "propose": {"opened": "opened", "answered": "answered", "escalated": "escalated"},
    "answer": {"opened": "answered", "answered": "answered", "escalated": "escalated"},
    "give_evidence": {state: state for state in OPEN},
    "accept": dict.fromkeys(OPEN, "settled"),
    "decide": dict.fromkeys(OPEN, "decided"),  # ops; the timers
    "escalate": {"answered": "escalated"},  # the timer
}


def open_(
    contract: Contract,
    *,
    by: str,
    dispute_id: str,
    claim: Money,
    reason: str,
    note: str = "",
    now: datetime,
) -> Outcome[Contract]:
    """Dispute what is held: `claim` is what the caller wants of it.

    :raises Unknown: a stranger; Conflict: `wrong_state`, `nothing_held`
    :raises Invalid: `above_amount`, `currency_mismatch`
    """
    role = role_of(contract, by)
    if contract.state != "active":
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    disputed = disputed_weeks(contract)
    held = held_by(contract, disputed)
    if not held.amount:
        raise Conflict("nothing_held", "there is no money to dispute about")
    gets = _share_of_worker(held, claim, role)
    first = Proposal(number=1, worker_gets=gets, at=now)
    found = Dispute(
        id=dispute_id,
        by=role,
        reason=reason,
        note=note,
        claim=claim,
        held=held,
        opened_at=now,
        due=now + timers().dispute_answer,
        client=first if role == "client" else None,
        worker=first if role == "worker" else None,
        weeks=disputed,
    )
    past = _with_the_last(contract)
    contract = replace(contract, state="disputed", dispute=found, past_disputes=past)
    contract = withdrawn(contract, now)
    said = {
        **_words(contract, role),
        "claim": claim.words(),
        "reason": reason,
        "note": note,
        "answer_by": clock.text(now + timers().dispute_answer),
    }
    return contract, [Fact("dispute.opened", said)]


def _with_the_last(contract: Contract) -> tuple[Ended, ...]:
    """Return how every dispute ended that the contract has had, the last one too."""
    last = contract.dispute
    if last is None:
        return contract.past_disputes
    assert last.worker_gets is not None, "a contract is active after the end of a dispute"  # noqa: S101
    assert last.ended_at is not None, "what is divided has ended"  # noqa: S101
    assert last.ended_by is not None, "what is divided was divided by somebody"  # noqa: S101
    ended = Ended(
        id=last.id,
        by=last.by,
        reason=last.reason,
        state=last.state,
        held=last.held,
        worker_gets=last.worker_gets,
        opened_at=last.opened_at,
        ended_at=last.ended_at,
        ended_by=last.ended_by,
    )
    return (*contract.past_disputes, ended)


def disputed_weeks(contract: Contract) -> tuple[int, ...]:
    """Return the weeks that a dispute of hourly work is about: none of work at a fixed price."""
    worked = [
        m for m in contract.milestones if m.week and m.state in parts.HELD and m.at_stake.amount
    ]
    handed_in = [m for m in worked if m.state != "funded"]
    return tuple(m.n for m in handed_in or worked)


def propose(
    contract: Contract,
    *,
    by: str,
    worker_gets: Money | None = None,
    client_gets: Money | None = None,
    note: str = "",
    now: datetime,
) -> Outcome[Contract]:
    """Propose how to divide what is held; the respondent's first proposal is their answer.

    :raises Unknown: a stranger; Conflict: `wrong_state`, `too_many_proposals`
    :raises Invalid: `share_required`, `above_amount`, `currency_mismatch`, `shares_sum`
    """
    role, found = role_of(contract, by), _of(contract)
    state = next_state(MOVES, found.state, "propose" if role == found.by else "answer")
    if found.proposals >= PROPOSALS_MAX:
        raise Conflict("too_many_proposals", f"{PROPOSALS_MAX} proposals were made")
    gets = _worker_gets(found.held, worker_gets, client_gets)
    made = Proposal(number=found.proposals + 1, worker_gets=gets, at=now)
    due = now + timers().dispute_decide if state != found.state else found.due
    found = replace(found, state=state, due=due, proposals=made.number)
    found = replace(found, client=made) if role == "client" else replace(found, worker=made)
    said = {
        **_words(replace(contract, dispute=found), role),
        "proposal": made.number,
        "worker_gets": gets.words(),
        "client_gets": (found.held - gets).words(),
        "note": note,
    }
    return replace(contract, dispute=found), [Fact("dispute.proposed", said)]


def give_evidence(
    contract: Contract, *, by: str, note: str, links: tuple[str, ...] = (), now: datetime
) -> Outcome[Contract]:
    """Say what speaks for one's side; it is in the log and in the bundle for ever.

    :raises Unknown: a stranger; Conflict: `wrong_state`, `too_much_evidence`
    """
    role, found = role_of(contract, by), _of(contract)
    next_state(MOVES, found.state, "give_evidence")
    if found.evidence >= EVIDENCE_MAX:
        raise Conflict("too_much_evidence", f"{EVIDENCE_MAX} pieces of evidence were given")
    contract = replace(contract, dispute=replace(found, evidence=found.evidence + 1))
    said = {**_words(contract, role), "note": note, "links": list(links)}
    return contract, [Fact("dispute.evidence", said)]


def accept(
    contract: Contract, *, by: str, proposal: int | None = None, now: datetime
) -> Outcome[Contract]:
    """Accept the other side's last proposal (their claim is the first): that ends it.

    :raises Unknown: a stranger
    :raises Conflict: `wrong_state`, `no_proposal`, `proposal_changed`: it is not this one any more
    """
    role, found = role_of(contract, by), _of(contract)
    next_state(MOVES, found.state, "accept")
    theirs = found.proposal_of(other(role))
    if theirs is None:
        raise Conflict("no_proposal", "the other side has proposed nothing yet")
    if proposal is not None and proposal != theirs.number:
        raise Conflict("proposal_changed", f"their last proposal is number {theirs.number}")
    return _end(contract, "settled", theirs.worker_gets, role, None, now)


def decide(
    contract: Contract,
    *,
    by: str,
    worker_gets: Money | None = None,
    client_gets: Money | None = None,
    reason: str,
    now: datetime,
) -> Outcome[Contract]:
    """Decide as an operator, with the reason in writing.

    :raises Forbidden: `own_dispute`: a party is no judge
    :raises Conflict: `wrong_state`; Invalid: `share_required`, `above_amount`,
        `currency_mismatch`, `shares_sum`
    """
    if by in (contract.client_id, contract.worker_id):
        raise Forbidden("own_dispute", "nobody decides their own dispute")
    found = _of(contract)
    next_state(MOVES, found.state, "decide")
    gets = _worker_gets(found.held, worker_gets, client_gets)
    return _end(contract, "decided", gets, "ops", reason, now)


def silence(contract: Contract, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to."""
    found = _of(contract)
    mine = found.proposal_of(found.by)
    theirs = found.proposal_of(other(found.by)) or mine
    assert mine, "who opens a dispute claims something"  # noqa: S101
    assert theirs, "who opens a dispute claims something"  # noqa: S101
    match found.state:
        case "opened":
            why = f"the {other(found.by)} did not answer in time: the claim stands"
            claimed = _share_of_worker(found.held, found.claim, found.by)
            return _end(contract, "decided", claimed, "silence", why, now)
        case "answered":
            due = now + timers().dispute_decide
            contract = replace(contract, dispute=replace(found, state="escalated", due=due))
            said = {**parties(contract), "dispute_id": found.id, "decide_by": clock.text(due)}
            return contract, [Fact("dispute.escalated", said)]
        case "escalated":
            why = f"nobody decided in time: as the {other(found.by)}, who answered, proposed"
            return _end(contract, "decided", theirs.worker_gets, "silence", why, now)
    again = replace(found, due=now + parts.ASK_AGAIN)
    contract = replace(contract, dispute=again)
    if not found.weeks:
        contract = _nothing_for_latecomers(contract)
    return contract, _divided(contract)


def next_of(contract: Contract) -> dict[str, Any] | None:
    """Return who must act, by when, and what happens otherwise."""
    found = _of(contract)
    if found.due is None:
        return None
    actor, action, otherwise = {
        "opened": (other(found.by), "answer_dispute", "claim_stands"),
        "answered": ("ops", "decide", "escalated"),
        "escalated": ("ops", "decide", "split_as_proposed"),
    }.get(found.state, ("system", "pay", "asked_again"))
    by = clock.text(found.due)
    return {"actor": actor, "action": action, "by": by, "otherwise": otherwise}


def refusal(contract: Contract, by: str, move: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        role = role_of(contract, by)
        if move == "dispute":
            if contract.state != "active":
                return "wrong_state"
            return None if held_by(contract).amount else "nothing_held"
        found = _of(contract)
        next_state(MOVES, found.state, move)
        if move == "accept" and found.proposal_of(other(role)) is None:
            return "no_proposal"
    except (Conflict, Unknown) as no:
        return no.code
    return None


def _end(
    contract: Contract, state: str, gets: Money, by: str, reason: str | None, now: datetime
) -> Outcome[Contract]:
    found = replace(
        _of(contract),
        state=state,
        worker_gets=gets,
        ended_by=by,
        decision=reason,
        ended_at=now,
        due=now + parts.ASK_AGAIN,
    )
    contract = shared_out(replace(contract, dispute=found), gets, found.weeks)
    return contract, _divided(contract)


def _nothing_for_latecomers(contract: Contract) -> Contract:
    """Give back what was funded after the end of the dispute: nobody works for it any more."""
    late = [m for m in contract.milestones if m.state in parts.HELD and m.decided is None]
    for m in late:
        contract = with_milestone(contract, replace(m, decided=Money(0, m.amount.currency)))
    return contract


def _divided(contract: Contract) -> list[Fact]:
    """Say how each hold is divided; together they are what was disputed."""
    found = _of(contract)
    facts = []
    for m in contract.milestones:
        if m.state not in parts.HELD or m.decided is None:
            continue
        said = {
            "worker_gets": m.decided.words(),
            "client_gets": (m.amount - m.decided).words(),
            "by": found.ended_by,
        }
        if found.state == "decided":
            said["reason"] = found.decision
        facts.append(step(f"dispute.{found.state}", contract, m, said))
    return facts


def _of(contract: Contract) -> Dispute:
    if contract.dispute is None:
        raise Conflict("not_disputed", "there is no dispute")
    return contract.dispute


def _words(contract: Contract, by: str) -> dict[str, Any]:
    return {**asked_of(contract, by), "dispute_id": _of(contract).id}


def _share_of_worker(held: Money, claim: Money, role: str) -> Money:
    _check_share(held, claim)
    return claim if role == "worker" else held - claim


def _worker_gets(held: Money, worker: Money | None, client: Money | None) -> Money:
    if worker is None and client is None:
        raise Invalid("share_required", "say worker_gets, or client_gets")
    for share in (worker, client):
        if share is not None:
            _check_share(held, share)
    if worker is not None and client is not None and worker + client != held:
        raise Invalid("shares_sum", f"the shares sum to {held.amount}")
    return worker if worker is not None else held - client  # type: ignore[operator]


def _check_share(held: Money, share: Money) -> None:
    if share.currency != held.currency:
        raise Invalid("currency_mismatch", f"this contract is in {held.currency}")
    if share.amount > held.amount:
        raise Invalid("above_amount", f"{held.amount} is held")
