"""How a funded hold ends: released to the worker less the fee, refunded to the client, or both.

Whatever ends a hold posts the one journal entry `<hold>:resolve`, so that the first wins. The
client's own fee comes back pro rata for what is refunded, floored; the last part takes the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.escrow.domain import quote as quotes
from services.escrow.domain.hold import HEARD, MOVES, Hold, words
from services.escrow.domain.posting import Decision, Entry, Line, lines, wallet
from services.escrow.domain.quote import Quote, by_account, total
from shared import moves
from shared.errors import Conflict, Ignored
from shared.events import Fact
from shared.money import Money
from shared.moves import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Who gets what of a hold, in minor units; the parts sum to what is held."""

    paid: Quote | None
    kept_fee: Mapping[str, int]
    refunded: int

    @property
    def fee(self) -> int:
        return sum(self.kept_fee.values()) + (total(self.paid.worker_steps) if self.paid else 0)


def release(hold: Hold, *, amount: Money, cause: str, now: datetime) -> Decision[Hold]:
    """Pay `amount` of it to the worker, less the fee; the rest goes back to the client.

    :raises Conflict: `wrong_state`; `more_than_held`
    """
    rest = hold.amount - amount
    if amount.amount < 0 or rest.amount < 0:
        raise Conflict("more_than_held", f"{hold.amount.amount} are held")
    if not amount.amount:
        return refund(hold, cause=cause, now=now)
    state = moves.next_state(MOVES, hold.state, "split" if rest.amount else "release")
    back = _fee_back(hold, rest.amount)
    parts = _Parts(
        paid=quotes.of(hold.schedule, amount, hold.quote.mode),
        kept_fee={account: fee - back.get(account, 0) for account, fee in hold.client_fee.items()},
        refunded=rest.amount + sum(back.values()),
    )
    settled = replace(hold, state=state, released=amount, refunded=rest, client_fee={})
    facts = [_released(settled, parts, cause)]
    if rest.amount:
        facts.append(_refunded(settled, parts, cause))
    return settled, facts, _entry(hold, parts, cause, kind=state)


def refund(hold: Hold, *, cause: str, now: datetime) -> Decision[Hold]:
    """Give all of it back to the client's wallet, the client's fee too.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, hold.state, "refund")
    parts = _Parts(paid=None, kept_fee={}, refunded=hold.held)
    settled = replace(hold, state=state, refunded=hold.amount, client_fee={})
    return settled, [_refunded(settled, parts, cause)], _entry(hold, parts, cause, kind=state)


def cancel(hold: Hold, *, reason: str, now: datetime) -> Outcome[Hold]:
    """End it before any money came.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, hold.state, "cancel")
    return replace(hold, state=state), [Fact("hold.cancelled", {**words(hold), "reason": reason})]


def delivery_accepted(hold: Hold, *, amount: Money, event_id: str, now: datetime) -> Decision[Hold]:
    """Hear that the work, or `amount` of it, was accepted.

    :raises Ignored: this very event has been answered
    :raises NotYet: it is not funded
    """
    state = moves.heard(HEARD, hold.state, "delivery.accepted")
    if state == hold.state:
        return _again(hold, event_id)
    return _answering(event_id, release(hold, amount=amount, cause="delivery.accepted", now=now))


def contract_cancelled(hold: Hold, *, reason: str, event_id: str, now: datetime) -> Decision[Hold]:
    """Hear that there is no contract any more.

    :raises Ignored: this very event has been answered
    """
    state = moves.heard(HEARD, hold.state, "contract.cancelled")
    if state == hold.state:
        return _again(hold, event_id)
    if state == "refunded":
        return _answering(event_id, refund(hold, cause="contract.cancelled", now=now))
    return _answering(event_id, (*cancel(hold, reason=reason, now=now), None))


def _again(hold: Hold, event_id: str) -> Decision[Hold]:
    if hold.answered == event_id:
        raise Ignored("answered", f"{event_id} has been answered")
    return replace(hold, answered=event_id), list(hold.outcome), None


def _answering(event_id: str, decision: Decision[Hold]) -> Decision[Hold]:
    hold, facts, entry = decision
    return replace(hold, outcome=tuple(facts), answered=event_id), facts, entry


def _fee_back(hold: Hold, refunded: int) -> dict[str, int]:
    whole = hold.amount.amount
    return {account: fee * refunded // whole for account, fee in hold.client_fee.items()}


def _released(hold: Hold, parts: _Parts, cause: str) -> Fact:
    assert parts.paid is not None  # noqa: S101
    data = {
        **words(hold),
        "amount": hold.released.words(),
        "state": hold.state,
        "worker_gets": parts.paid.worker_gets.words(),
        "fee": Money(parts.fee, hold.amount.currency).words(),
        "cause": cause,
    }
    return Fact("escrow.released", data)


def _refunded(hold: Hold, parts: _Parts, cause: str) -> Fact:
    data = {
        **words(hold),
        "amount": hold.refunded.words(),
        "state": hold.state,
        "client_gets": Money(parts.refunded, hold.amount.currency).words(),
        "cause": cause,
    }
    return Fact("escrow.refunded", data)


def _entry(hold: Hold, parts: _Parts, cause: str, *, kind: str) -> Entry:
    taken = dict(parts.kept_fee)
    people = [Line(account=wallet(hold.client_id), amount=parts.refunded, kind="refunded")]
    if paid := parts.paid:
        assert hold.worker_id is not None  # noqa: S101
        gets = paid.worker_gets.amount
        people.append(
            Line(
                account=wallet(hold.worker_id),
                amount=gets,
                kind="released",
                steps=paid.worker_steps,
            )
        )
        for account, amount in by_account(paid.worker_steps).items():
            taken[account] = taken.get(account, 0) + amount
    platform = [Line(account=account, amount=amount) for account, amount in taken.items()]
    return Entry(
        id=f"{hold.id}:resolve",
        kind=kind,
        subject=hold.id,
        ref=hold.ref,
        currency=hold.amount.currency,
        cause=cause,
        lines=lines([Line(account=hold.account, amount=-hold.held), *people, *platform]),
    )
