"""What leaves a job's hold, part by part: approved slots, prizes, what is for nobody any more.

Each part is one journal entry named by what it is for (an assignment, the closing); the first that
speaks of it wins, and whoever speaks again is told again. `booked` is the kind of the entry that is
there already, None when there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.escrow.domain.division import RESOLVE, Share, divide, left, refunded, released
from services.escrow.domain.hold import HEARD, Hold, words
from services.escrow.domain.opening import refused
from services.escrow.domain.posting import Decision, wallet
from services.escrow.domain.settlement import again, answering, cancel, refund
from shared import moves
from shared.events import Fact


@dataclass(frozen=True, slots=True)
class Booked:
    """The entry that is there already: its kind, and what each account got by it."""

    kind: str
    amounts: Mapping[str, int]


def part(
    hold: Hold,
    *,
    type_: str,
    name: str,
    share: Share | None,
    back: int,
    booked: Booked | None,
    now: datetime,
) -> Decision[Hold]:
    """Hear that a part is to be released (`share`) or goes `back` to the client.

    :raises NotYet: it is not funded
    """
    moves.heard(HEARD, hold.state, type_)
    if booked is not None:
        return hold, [_told_again(hold, name, share, back, booked)], None
    shares = [share] if share else []
    amount = sum(s.amount for s in shares) + back
    if not amount:
        return hold, [], None
    if hold.state != "funded" or amount > left(hold):
        return hold, [refused(words(hold), "more_than_held")], None
    return divide(hold, shares, back, name=name, cause=name)


def _told_again(hold: Hold, name: str, share: Share | None, back: int, booked: Booked) -> Fact:
    if booked.kind != ("released" if share else "refunded"):
        return refused(words(hold), f"already_{booked.kind}")
    if share is None:
        returned = booked.amounts.get(wallet(hold.client_id), 0)
        return refunded(hold, back=back, returned=returned, cause=name)
    gets = booked.amounts.get(wallet(share.worker_id), 0)
    return released(
        hold, worker_id=share.worker_id, amount=share.amount, gets=gets, cause=share.cause
    )


def settled(
    hold: Hold, *, type_: str, shares: Sequence[Share], event_id: str, now: datetime
) -> Decision[Hold]:
    """Hear how all that is left is divided: to winners, among entrants, or back to the client.

    :raises Ignored: this very event has been answered
    :raises NotYet: it is not funded
    """
    if moves.heard(HEARD, hold.state, type_) == hold.state:
        return again(hold, event_id)
    rest = left(hold) - sum(s.amount for s in shares)
    if rest < 0:
        return hold, [refused(words(hold), "more_than_held")], None
    return answering(event_id, divide(hold, shares, rest, name=RESOLVE, cause=type_))


def job_cancelled(hold: Hold, *, reason: str, event_id: str, now: datetime) -> Decision[Hold]:
    """Hear that there is no job any more: what is left goes back.

    :raises Ignored: this very event has been answered
    """
    state = moves.heard(HEARD, hold.state, "job.cancelled")
    if state == hold.state:
        return again(hold, event_id)
    if state == "refunded":
        return answering(event_id, refund(hold, cause="job.cancelled", now=now))
    return answering(event_id, (*cancel(hold, reason=reason, now=now), None))
