"""A contract in which nothing happens: both are told, and then it ends.

Of work at a fixed price with a far deadline. Anything that one of the two does in the contract is a
sign of life, and saying that it goes on is enough. (Hourly work has its own rule, in `weeks`.)
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.contracts.domain.contract import Contract, parties, role_of
from services.contracts.domain.endings import cancelled
from services.contracts.domain.times import timers
from shared import clock
from shared.errors import Conflict, Unknown
from shared.events import Fact
from shared.moves import Outcome


def last_sign(contract: Contract) -> datetime:
    """Return when one of the two last did something that the contract knows of."""
    asked = contract.cancellation
    signs: list[datetime | None] = [
        contract.formed_at,
        contract.started_at,
        contract.confirmed_at,
        *(at for m in contract.milestones for at in (m.funded_at, m.delivered_at)),
        *(at for a in contract.asks for at in (a.asked_at, a.answered_at)),
        *((asked.asked_at, asked.answered_at) if asked else ()),
    ]
    return max(at for at in signs if at is not None)


def due(contract: Contract) -> datetime | None:
    """Return when silence next has a consequence; only work under way can be idle."""
    if contract.state != "active" or contract.hourly:
        return None
    told, sign = contract.idle_told_at, last_sign(contract)
    if told and told > sign:
        return told + timers().idle_end
    return sign + timers().idle_notice


def silence(contract: Contract, now: datetime) -> Outcome[Contract]:
    """Tell both that nothing happens; or end what both were told of: what is held goes back."""
    told = contract.idle_told_at
    if told and told > last_sign(contract):
        return cancelled(contract, "idle", now)
    contract = replace(contract, idle_told_at=now)
    ends_at = clock.text(now + timers().idle_end)
    said = {**parties(contract), "ends_at": ends_at, "otherwise": "cancelled"}
    return contract, [Fact("contract.idle", said)]


def confirm(contract: Contract, *, by: str, now: datetime) -> Outcome[Contract]:
    """Say that the work goes on: the time until somebody asks again begins anew.

    :raises Unknown: a stranger; Conflict: `wrong_state`
    """
    role = role_of(contract, by)
    if contract.state != "active":
        raise Conflict("wrong_state", f"the contract is {contract.state}", state=contract.state)
    said = {**parties(contract), "by": role}
    return replace(contract, confirmed_at=now), [Fact("contract.confirmed", said)]


def next_of(contract: Contract, at: datetime) -> dict[str, Any]:
    """Return what is waited for: a sign of life of either; the worker has the work in hand."""
    told = contract.idle_told_at
    otherwise = "cancelled" if told and told > last_sign(contract) else "idle"
    return {"actor": "worker", "action": "confirm", "by": clock.text(at), "otherwise": otherwise}


def refusal(contract: Contract, by: str) -> str | None:
    """Return the code with which this caller would be refused, or None."""
    try:
        role_of(contract, by)
    except Unknown as no:
        return no.code
    return None if contract.state == "active" else "wrong_state"
