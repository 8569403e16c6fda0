"""What ends a contract's hold: the work accepted, the contract cancelled, a dispute divided.

Whatever ends it posts the one journal entry `<hold>:resolve`, so that the first wins; a fact that
comes again is told again how it ended.
"""

from dataclasses import replace
from datetime import datetime

from services.escrow.domain.division import RESOLVE, Share, divide, left
from services.escrow.domain.hold import HEARD, MOVES, Hold, words
from services.escrow.domain.posting import Decision
from shared import moves
from shared.errors import Conflict, Ignored
from shared.events import Fact
from shared.money import Money
from shared.moves import Outcome


def release(hold: Hold, *, amount: Money, cause: str, now: datetime) -> Decision[Hold]:
    """Pay `amount` of it to the worker, less the fee; the rest goes back to the client.

    :raises Conflict: `wrong_state`; `more_than_held`
    """
    rest = left(hold) - amount.amount
    if hold.state == "funded" and (amount.amount < 0 or rest < 0):
        raise Conflict("more_than_held", f"{left(hold)} are held")
    assert hold.worker_id is not None  # noqa: S101
    share = Share(
        worker_id=hold.worker_id, amount=amount.amount, cause=cause, withheld=hold.withheld
    )
    return divide(hold, [share], rest, name=RESOLVE, cause=cause)


def refund(hold: Hold, *, cause: str, now: datetime) -> Decision[Hold]:
    """Give all that is left of it back to the client's wallet, the client's fee too.

    :raises Conflict: `wrong_state`
    """
    return divide(hold, [], left(hold), name=RESOLVE, cause=cause)


def cancel(hold: Hold, *, reason: str, now: datetime) -> Outcome[Hold]:
    """End it before any money came.

    :raises Conflict: `wrong_state`
    """
    state = moves.next_state(MOVES, hold.state, "cancel")
    return replace(hold, state=state), [Fact("hold.cancelled", {**words(hold), "reason": reason})]


def delivery_accepted(
    hold: Hold, *, amount: Money, event_id: str, now: datetime, cause: str = "delivery.accepted"
) -> Decision[Hold]:
    """Hear that the work, or `amount` of it, was accepted; of a week what its hours come to.

    :raises Ignored: this very event has been answered
    :raises NotYet: it is not funded
    """
    state = moves.heard(HEARD, hold.state, cause)
    if state == hold.state:
        return again(hold, event_id)
    return answering(event_id, release(hold, amount=amount, cause=cause, now=now))


def contract_cancelled(
    hold: Hold, *, reason: str, event_id: str, now: datetime, paid: Money | None = None
) -> Decision[Hold]:
    """Hear that there is no contract any more; what was agreed to be `paid` goes to the worker.

    :raises Ignored: this very event has been answered
    """
    cause = "contract.cancelled"
    state = moves.heard(HEARD, hold.state, cause)
    if state == hold.state:
        return again(hold, event_id)
    if state == "refunded":
        amount = paid or Money(0, hold.amount.currency)
        return answering(event_id, release(hold, amount=amount, cause=cause, now=now))
    return answering(event_id, (*cancel(hold, reason=reason, now=now), None))


def divided(
    hold: Hold, *, cause: str, worker_gets: Money, client_gets: Money, event_id: str, now: datetime
) -> Decision[Hold]:
    """Hear how a dispute (`dispute.settled`, `dispute.decided`) divides the whole of it.

    :raises Ignored: this very event has been answered
    :raises NotYet: it is not funded
    :raises Conflict: `not_the_whole`: the two sides do not come to what is held
    """
    if moves.heard(HEARD, hold.state, cause) == hold.state:
        return again(hold, event_id)
    if (worker_gets + client_gets).amount != left(hold):
        raise Conflict("not_the_whole", f"{left(hold)} are to be divided")
    return answering(event_id, release(hold, amount=worker_gets, cause=cause, now=now))


def again(hold: Hold, event_id: str) -> Decision[Hold]:
    """Answer a fact that is said again with how it ended.

    :raises Ignored: this very event has been answered
    """
    if hold.answered == event_id:
        raise Ignored("answered", f"{event_id} has been answered")
    return replace(hold, answered=event_id), list(hold.outcome), None


def answering(event_id: str, decision: Decision[Hold]) -> Decision[Hold]:
    """Keep with the hold how it ended, for whoever asks again."""
    hold, facts, entry = decision
    return replace(hold, outcome=tuple(facts), answered=event_id), facts, entry
