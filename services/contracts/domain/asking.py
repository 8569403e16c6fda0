"""Asking the other side: a later deadline, a further milestone, a milestone or a rate changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.contracts.domain import ask as asks
from services.contracts.domain.ask import Ask, other
from services.contracts.domain.contract import (
    Contract,
    asked_of,
    milestone_of,
    role_of,
    step,
    text_of,
    with_milestone,
)
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.offer import MILESTONES_MAX
from services.contracts.domain.times import timers
from services.contracts.domain.week import Hourly
from shared import clock, ids
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.events import Fact
from shared.money import AMOUNT_MAX, Money
from shared.moves import Outcome

WAITING_MAX = 10
"""Asks that wait at once."""
OPEN_STATES = ("awaiting_funding", "active")
UNDELIVERED = ("pending", "funded", "changes_requested")

PAST = {
    "extension": {
        "agree": "extension.granted",
        "refuse": "extension.refused",
        "lapse": "extension.withdrawn",
    },
    "change": {"agree": "change.agreed", "refuse": "change.refused", "lapse": "change.lapsed"},
}


def ask_extension(
    contract: Contract,
    *,
    by: str,
    ask_id: str,
    n: int,
    deliver_by: datetime,
    reason: str,
    now: datetime,
) -> Outcome[Contract]:
    """Ask for a later deadline of a milestone that is not delivered yet.

    :raises Unknown: a stranger, no such milestone; Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`, `already_asked`, `too_many_waiting`
    :raises Invalid: `not_later`
    """
    if role_of(contract, by) != "worker":
        raise Forbidden("not_the_worker", "only the worker asks for an extension")
    m = _undelivered(contract, n)
    if deliver_by <= m.deliver_by:
        raise Invalid("not_later", f"the deadline is {clock.text(m.deliver_by)}")
    asked = Ask(
        id=ask_id,
        kind="extension",
        by="worker",
        n=n,
        deliver_by=deliver_by,
        reason=reason,
        asked_at=now,
        answer_by=now + timers().extension_answer,
    )
    contract = _with_new(contract, asked)
    said = {**_extension(contract, asked), "reason": reason, "answer_by": text_of(asked.answer_by)}
    return contract, [Fact("extension.requested", said)]


def propose(
    contract: Contract,
    *,
    by: str,
    ask_id: str,
    reason: str,
    n: int | None = None,
    title: str | None = None,
    amount: Money | None = None,
    deliver_by: datetime | None = None,
    fault: str | None = None,
    now: datetime,
) -> Outcome[Contract]:
    """Propose a further milestone (no `n`: title, amount and deadline), or a change of one.

    The amount changes only before it is funded, and gets smaller only with a recorded fault.

    :raises Unknown: a stranger, no such milestone
    :raises Conflict: `wrong_state`, `funded_already`, `too_many_milestones`, `already_asked`,
        `too_many_waiting`
    :raises Invalid: `nothing_changed`, `currency_mismatch`, `fault_required`
    """
    asked = Ask(
        id=ask_id,
        kind="add" if n is None else "change",
        by=role_of(contract, by),
        n=n,
        title=title,
        amount=amount,
        deliver_by=deliver_by,
        fault=fault,
        reason=reason,
        asked_at=now,
        answer_by=now + timers().extension_answer,
    )
    _check_change(contract, asked)
    contract = _with_new(contract, asked)
    said = {
        **_change(contract, asked),
        "kind": asked.kind,
        "milestone": n,
        "new_title": title,
        "amount": amount.words() if amount else None,
        "deliver_by": text_of(deliver_by),
        "reason": reason,
        "fault": fault,
        "answer_by": clock.text(asked.answer_by),
    }
    return contract, [Fact("change.proposed", said)]


def propose_rate(
    contract: Contract,
    *,
    by: str,
    ask_id: str,
    reason: str,
    rate: Money | None = None,
    weekly_cap_hours: int | None = None,
    now: datetime,
) -> Outcome[Contract]:
    """Propose another rate or weekly cap, for the weeks that are not funded yet.

    No work was done for them, so that a lower rate is no reduction of what was earned.

    :raises Unknown: a stranger
    :raises Conflict: `not_hourly`, `wrong_state`, `already_asked`, `too_many_waiting`
    :raises Invalid: `nothing_changed`, `currency_mismatch`, `over_the_limit`
    """
    asked = Ask(
        id=ask_id,
        kind="rate",
        by=role_of(contract, by),
        amount=rate,
        cap_hours=weekly_cap_hours,
        reason=reason,
        asked_at=now,
        answer_by=now + timers().extension_answer,
    )
    _new_terms(contract, asked)
    contract = _with_new(contract, asked)
    said = {
        **_change(contract, asked),
        "kind": "rate",
        "amount": rate.words() if rate else None,
        "weekly_cap_hours": weekly_cap_hours,
        "reason": reason,
        "answer_by": clock.text(asked.answer_by),
    }
    return contract, [Fact("change.proposed", said)]


def answer(
    contract: Contract, *, ask_id: str, by: str, move: str, now: datetime
) -> Outcome[Contract]:
    """Agree to what was asked, or refuse it.

    :raises Unknown: a stranger, nothing like that was asked; Forbidden: the asker itself
    :raises Conflict: `wrong_state`: it was answered, or the milestone is past it
    """
    role = role_of(contract, by)
    asked = find(contract, ask_id)
    if role == asked.by:
        raise Forbidden(f"not_the_{other(role)}", f"only the {other(role)} may answer this")
    over = asks.answered(asked, move, now)
    contract = replace(contract, asks=asks.with_ask(contract.asks, over))
    facts = [_answer_fact(contract, over, move)]
    if move == "agree":
        contract, more = _apply(contract, over)
        facts += more
    return contract, facts


def lapse(contract: Contract, asked: Ask, now: datetime) -> Outcome[Contract]:
    """Let an unanswered ask be (the timer): nothing changes."""
    over = asks.answered(asked, "lapse", now)
    contract = replace(contract, asks=asks.with_ask(contract.asks, over))
    return contract, [_answer_fact(contract, over, "lapse")]


def find(contract: Contract, ask_id: str) -> Ask:
    """Return what was asked.

    :raises Unknown: `no_such_extension` or `no_such_change`
    """
    found = next((a for a in contract.asks if a.id == ask_id), None)
    if found is None:
        name = "extension" if ask_id.startswith("ext_") else "change"
        raise Unknown(f"no_such_{name}", f"there is no such {name}")
    return found


def refusal(contract: Contract, asked: Ask, by: str) -> str | None:
    """Return the code with which this caller's answer would be refused, or None."""
    try:
        answer(contract, ask_id=asked.id, by=by, move="agree", now=asked.asked_at)
    except (Conflict, Forbidden, Unknown) as no:
        return no.code
    return None


def _apply(contract: Contract, asked: Ask) -> Outcome[Contract]:
    if asked.kind == "extension":
        m = _undelivered(contract, asked.n or 0)
        assert asked.deliver_by, "an extension has a deadline"  # noqa: S101
        m = replace(m, deliver_by=asked.deliver_by, told_overdue_at=None)
        return with_milestone(contract, m), []
    if asked.kind == "rate":
        return _re_rated(contract, _new_terms(contract, asked))
    _check_change(contract, asked)
    if asked.kind == "add":
        return _added(contract, asked)
    m = _undelivered(contract, asked.n or 0)
    new = replace(
        m,
        title=asked.title or m.title,
        amount=asked.amount or m.amount,
        deliver_by=asked.deliver_by or m.deliver_by,
    )
    if asked.deliver_by:
        new = replace(new, told_overdue_at=None)
    changed = with_milestone(contract, new)
    facts = [] if new.amount == m.amount else [_priced("milestone.changed", contract, new)]
    return changed, facts


def _added(contract: Contract, asked: Ask) -> Outcome[Contract]:
    assert asked.title, "a new milestone has a title"  # noqa: S101
    assert asked.amount, "a new milestone has an amount"  # noqa: S101
    assert asked.deliver_by, "a new milestone has a deadline"  # noqa: S101
    n = len(contract.milestones) + 1
    m = Milestone(
        n=n,
        title=asked.title,
        amount=asked.amount,
        deliver_by=asked.deliver_by,
        hold_id=ids.derived("hld", contract.id, str(n)),
    )
    contract = replace(contract, milestones=(*contract.milestones, m))
    return contract, [_priced("milestone.added", contract, m)]


def _priced(type_: str, contract: Contract, m: Milestone) -> Fact:
    said = {
        "mode": contract.mode,
        "amount": m.amount.words(),
        "deliver_by": clock.text(m.deliver_by),
        "fund_by": text_of(m.fund_by),
    }
    return step(type_, contract, m, said)


def _new_terms(contract: Contract, asked: Ask) -> Hourly:
    if contract.hourly is None:
        raise Conflict("not_hourly", "this is work at a fixed price")
    if contract.state not in OPEN_STATES:
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    rate, cap = asked.amount or contract.hourly.rate, asked.cap_hours or contract.hourly.cap_hours
    if rate.currency != contract.hourly.rate.currency:
        raise Invalid("currency_mismatch", f"this contract is in {contract.hourly.rate.currency}")
    new = replace(contract.hourly, rate=rate, cap_hours=cap)
    if new == contract.hourly:
        raise Invalid("nothing_changed", "say what is to be different")
    if new.week_costs.amount > AMOUNT_MAX:
        raise Invalid("over_the_limit", f"a week is at most {AMOUNT_MAX}")
    return new


def _re_rated(contract: Contract, terms: Hourly) -> Outcome[Contract]:
    """Return the contract on new terms; what of it is not funded yet is quoted anew."""
    contract, facts = replace(contract, hourly=terms), list[Fact]()
    for m in contract.milestones:
        if m.state == "pending" and m.week and m.fund_by:
            week = replace(m.week, rate=terms.rate, cap_minutes=terms.cap_hours * 60)
            new = replace(m, week=week, amount=terms.week_costs)
            contract = with_milestone(contract, new)
            facts.append(_priced("milestone.changed", contract, new))
    return contract, facts


def _check_change(contract: Contract, asked: Ask) -> None:
    _check_open(contract)
    currency = contract.milestones[0].amount.currency
    if asked.amount and asked.amount.currency != currency:
        raise Invalid("currency_mismatch", f"this contract is in {currency}")
    if asked.n is None:
        if len(contract.milestones) >= MILESTONES_MAX:
            raise Conflict("too_many_milestones", f"a contract has {MILESTONES_MAX} at most")
        return
    m = _undelivered(contract, asked.n)
    new = (asked.title or m.title, asked.amount or m.amount, asked.deliver_by or m.deliver_by)
    if new == (m.title, m.amount, m.deliver_by):
        raise Invalid("nothing_changed", "say what is to be different")
    if asked.amount and asked.amount != m.amount:
        if m.state != "pending":
            raise Conflict("funded_already", "its money is held: the amount stays")
        if asked.amount.amount < m.amount.amount and not asked.fault:
            raise Invalid("fault_required", f"paying less needs a fault: {', '.join(asks.FAULTS)}")


def _undelivered(contract: Contract, n: int) -> Milestone:
    _check_open(contract)
    m = milestone_of(contract, n)
    if m.state not in UNDELIVERED:
        raise Conflict("wrong_state", f"this milestone is {m.state}", state=m.state)
    return m


def _check_open(contract: Contract) -> None:
    if contract.hourly:
        raise Conflict("hourly_contract", "hourly work has weeks: its rate and cap may change")
    if contract.state not in OPEN_STATES:
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)


def _with_new(contract: Contract, asked: Ask) -> Contract:
    waiting = asks.waiting(contract.asks)
    if any((a.kind, a.n) == (asked.kind, asked.n) and a.kind != "add" for a in waiting):
        raise Conflict("already_asked", "the same is asked already and waits for its answer")
    if len(waiting) >= WAITING_MAX:
        raise Conflict("too_many_waiting", f"{WAITING_MAX} asks wait for an answer")
    return replace(contract, asks=asks.with_ask(contract.asks, asked))


def _answer_fact(contract: Contract, asked: Ask, move: str) -> Fact:
    if asked.kind == "extension":
        return Fact(PAST["extension"][move], _extension(contract, asked))
    return Fact(PAST["change"][move], _change(contract, asked))


def _extension(contract: Contract, asked: Ask) -> dict[str, Any]:
    m = milestone_of(contract, asked.n or 0)
    return {
        **asked_of(contract, asked.by),
        "milestone": m.n,
        "hold_id": m.hold_id,
        "extension_id": asked.id,
        "deliver_by": text_of(asked.deliver_by),
    }


def _change(contract: Contract, asked: Ask) -> Mapping[str, Any]:
    return {**asked_of(contract, asked.by), "change_id": asked.id}
