"""Ending a contract before its work is done: by agreement, by silence, or alone after a notice.

Who asks may offer the worker a part of what is held. Silence is not the same on both sides of a
delivery: while nothing is delivered the contract is cancelled; what is delivered stands.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.domain.ask import other
from services.contracts.domain.contract import Contract, asked_of, role_of, words
from services.contracts.domain.endings import cancelled, held_by
from services.contracts.domain.parting import Cancellation
from services.contracts.domain.times import timers
from shared import clock
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.events import Fact
from shared.money import Money
from shared.moves import Moves, Outcome, next_state

MOVES: Moves = {
    "agree": {"asked": "agreed"},
    "refuse": {"asked": "refused"},
    "lapse": {"asked": "lapsed"},
}
LONG = timedelta(days=183)
NOTICE = timedelta(days=30)
"""A client who ends a contract of six months or more gives notice (Freelance Act, article 16)."""


def request(
    contract: Contract, *, by: str, reason: str, pay: Money | None = None, now: datetime
) -> Outcome[Contract]:
    """Ask the other side to end the contract; `pay` of what is held goes to the worker.

    A client who was told of an overdue delivery so long ago that the profile's notice has passed
    needs nobody's agreement: the contract is cancelled at once.

    :raises Unknown: a stranger
    :raises Conflict: `wrong_state`, `already_asked`, `hourly_contract`: it is ended
    :raises Invalid: `above_amount`, `currency_mismatch`
    """
    role = role_of(contract, by)
    if contract.state not in ("awaiting_funding", "active"):
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    if contract.hourly and contract.state == "active":
        raise Conflict("hourly_contract", "end it: the week that runs is settled")
    if contract.cancellation and contract.cancellation.state == "asked":
        raise Conflict("already_asked", "a cancellation waits for its answer")
    _check_pay(contract, pay)
    if role == "client" and alone_from(contract, now):
        return cancelled(contract, "overdue", now, pay)
    time = timers().cancellation_answer
    if role == "client" and is_long(contract, now):
        time = max(time, NOTICE)
    asked = Cancellation(by=role, reason=reason, pay=pay, asked_at=now, answer_by=now + time)
    contract = replace(contract, cancellation=asked)
    said = {
        "reason": reason,
        "pay": pay.words() if pay else None,
        "answer_by": clock.text(asked.answer_by),
        "otherwise": otherwise(contract),
    }
    return contract, [Fact("cancellation.requested", {**_asked(contract, asked), **said})]


def agree(contract: Contract, *, by: str, now: datetime) -> Outcome[Contract]:
    """End the contract as it was asked; what of the money is not for the worker goes back.

    :raises Unknown: a stranger; Forbidden: the asker itself; Conflict: `wrong_state`
    """
    contract, asked = _answer(contract, by, "agree", now)
    return cancelled(contract, "agreed", now, asked.pay)


def refuse(contract: Contract, *, by: str, now: datetime) -> Outcome[Contract]:
    """Go on with the contract.

    :raises Unknown: a stranger; Forbidden: the asker itself; Conflict: `wrong_state`
    """
    contract, asked = _answer(contract, by, "refuse", now)
    return contract, [Fact("cancellation.refused", _asked(contract, asked))]


def lapse(contract: Contract, asked: Cancellation, now: datetime) -> Outcome[Contract]:
    """Do what silence leads to; only what a client offered of their own will is paid."""
    if otherwise(contract) == "cancelled":
        return cancelled(contract, "unanswered", now, asked.pay if asked.by == "client" else None)
    over = replace(asked, state="lapsed", answered_at=now)
    contract = replace(contract, cancellation=over)
    return contract, [Fact("cancellation.lapsed", _asked(contract, over))]


def otherwise(contract: Contract) -> str:
    """Return what silence leads to: `cancelled`, or `delivery_stands`."""
    delivered = any(m.state in ("delivered", "accepted") for m in contract.milestones)
    return "delivery_stands" if delivered else "cancelled"


def alone_from(contract: Contract, now: datetime) -> bool:
    """Say whether the client may cancel alone by now: overdue, told, and the notice has passed."""
    if otherwise(contract) != "cancelled":
        return False
    notice = timers().overdue_notice
    told = [m.told_overdue_at for m in contract.milestones if m.state in UNDELIVERED]
    return any(at is not None and now >= at + notice for at in told)


UNDELIVERED = ("funded", "changes_requested")


def is_long(contract: Contract, now: datetime) -> bool:
    """Say whether this contract runs for six months or more, or has by now."""
    if contract.hourly:
        return max(contract.hourly.until or now, now) - contract.formed_at >= LONG
    return max(m.deliver_by for m in contract.milestones) - contract.formed_at >= LONG


def refusal(contract: Contract, by: str, move: str, now: datetime) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        if move == "request":
            request(contract, by=by, reason="-", now=now)
        else:
            _answer(contract, by, move, now)
    except (Conflict, Forbidden, Unknown) as no:
        return no.code
    return None


def next_of(contract: Contract, asked: Cancellation) -> dict[str, Any]:
    """Return who must answer, by when, and what happens otherwise."""
    return {
        "actor": other(asked.by),
        "action": "answer_cancellation",
        "by": clock.text(asked.answer_by),
        "otherwise": otherwise(contract),
    }


def _answer(contract: Contract, by: str, move: str, now: datetime) -> tuple[Contract, Cancellation]:
    role = role_of(contract, by)
    asked = contract.cancellation
    if asked is None:
        raise Conflict("nothing_asked", "nobody has asked to cancel")
    if role == asked.by:
        raise Forbidden(f"not_the_{other(role)}", f"only the {other(role)} may answer this")
    asked = replace(asked, state=next_state(MOVES, asked.state, move), answered_at=now)
    return replace(contract, cancellation=asked), asked


def _asked(contract: Contract, asked: Cancellation) -> dict[str, Any]:
    return {**words(contract), **asked_of(contract, asked.by)}


def _check_pay(contract: Contract, pay: Money | None) -> None:
    if pay is None:
        return
    held = held_by(contract)
    if pay.currency != held.currency:
        raise Invalid("currency_mismatch", f"this contract is in {held.currency}")
    if pay.amount > held.amount:
        raise Invalid("above_amount", f"{held.amount} is held")
