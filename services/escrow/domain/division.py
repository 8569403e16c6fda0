"""How money leaves a funded hold: shares to workers less their fees, the rest back to the client.

A division may take a part of the hold or all that is left in it; each is one journal entry, named
by what it is for, so that the first wins. The client's own fee goes with the money, pro rata and
rounded down; the last part takes the rest, so that nothing stays behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from services.escrow.domain import quote as quotes
from services.escrow.domain.hold import MOVES, Hold, words
from services.escrow.domain.posting import Decision, Entry, Line, lines, wallet
from services.escrow.domain.quote import Quote, Step, by_account
from shared import moves
from shared.errors import Conflict
from shared.events import Fact
from shared.money import Money

RESOLVE = "resolve"
"""The name of a division that is meant to be the only one of its hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of a hold is for one worker, in minor units before any fee.

    `cause`: the entry or assignment that earned it, or what ended the hold. `withheld`: income tax
    is kept back of it.
    """

    worker_id: str
    amount: int
    cause: str
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fees:
    """Of what the client paid on top: what goes back now, and what is kept for good now."""

    back: Mapping[str, int]
    kept: Mapping[str, int]

    def left(self, there: Mapping[str, int]) -> dict[str, int]:
        """Return what is still to be settled."""
        gone = {a: self.back.get(a, 0) + self.kept.get(a, 0) for a in there}
        return {a: fee - gone[a] for a, fee in there.items() if fee != gone[a]}


def left(hold: Hold) -> int:
    """Return what of the agreed amount is still in it, in minor units."""
    return hold.amount.amount - hold.released.amount - hold.refunded.amount


def divide(
    hold: Hold, shares: Sequence[Share], back: int, *, name: str, cause: str
) -> Decision[Hold]:
    """Pay these shares and give `back` minor units to the client, as the entry `<hold>:<name>`.

    :raises Conflict: `wrong_state`; `more_than_held`
    """
    moves.next_state(MOVES, hold.state, "part")
    shares = [share for share in shares if share.amount]
    paid = sum(share.amount for share in shares)
    if min(back, *(s.amount for s in shares), 0) < 0 or paid + back > left(hold):
        raise Conflict("more_than_held", f"{left(hold)} are left of {hold.amount.amount}")
    after = replace(
        hold,
        released=hold.released + Money(paid, hold.amount.currency),
        refunded=hold.refunded + Money(back, hold.amount.currency),
    )
    fees = _fees(hold, paid, back, last=not left(after))
    after = replace(after, state=_state(after), client_fee=fees.left(hold.client_fee))
    quoted = [(s, _quoted(hold, s)) for s in shares]
    returned = back + sum(fees.back.values())
    facts = [
        released(
            after,
            worker_id=share.worker_id,
            amount=share.amount,
            gets=quote.worker_gets.amount,
            cause=share.cause,
        )
        for share, quote in quoted
    ]
    if back or not shares:
        facts.append(refunded(after, back=back, returned=returned, cause=cause))
    return after, facts, _entry(hold, quoted, fees, returned, name=name, cause=cause, after=after)


def _state(after: Hold) -> str:
    if left(after):
        return moves.next_state(MOVES, "funded", "part")
    if not after.refunded.amount:
        return moves.next_state(MOVES, "funded", "release")
    return moves.next_state(MOVES, "funded", "split" if after.released.amount else "refund")


def _quoted(hold: Hold, share: Share) -> Quote:
    amount = Money(share.amount, hold.amount.currency)
    return quotes.of(hold.schedule, amount, hold.quote.mode, withheld=share.withheld)


def _fees(hold: Hold, paid: int, back: int, *, last: bool) -> _Fees:
    whole = by_account(hold.quote.client_steps)
    there = hold.client_fee
    if last and not paid:
        return _Fees(back=dict(there), kept={})
    returned = _pro_rata(hold, whole, back)
    if last:
        return _Fees(back=returned, kept={a: fee - returned.get(a, 0) for a, fee in there.items()})
    return _Fees(back=returned, kept=_pro_rata(hold, whole, paid))


def _pro_rata(hold: Hold, whole: Mapping[str, int], part: int) -> dict[str, int]:
    return {a: fee * part // hold.amount.amount for a, fee in whole.items()}


def released(after: Hold, *, worker_id: str, amount: int, gets: int, cause: str) -> Fact:
    """Return what is said of a share that was paid; amounts in minor units."""
    currency = after.amount.currency
    data = {
        **words(after),
        "worker_id": worker_id,
        "amount": Money(amount, currency).words(),
        "state": after.state,
        "worker_gets": Money(gets, currency).words(),
        "fee": Money(amount - gets, currency).words(),
        "cause": cause,
    }
    return Fact("escrow.released", data)


def refunded(after: Hold, *, back: int, returned: int, cause: str) -> Fact:
    """Return what is said of what went back; `returned` has the client's fee in it."""
    currency = after.amount.currency
    data = {
        **words(after),
        "amount": Money(back, currency).words(),
        "state": after.state,
        "client_gets": Money(returned, currency).words(),
        "cause": cause,
    }
    return Fact("escrow.refunded", data)


def _entry(
    hold: Hold,
    quoted: Iterable[tuple[Share, Quote]],
    fees: _Fees,
    returned: int,
    *,
    name: str,
    cause: str,
    after: Hold,
) -> Entry:
    people: dict[str, Line] = {}
    taken = dict(fees.kept)
    for share, quote in quoted:
        account = wallet(share.worker_id)
        people[account] = _joined(people.get(account), account, quote.worker_steps, quote)
        for fee_account, amount in by_account(quote.worker_steps).items():
            taken[fee_account] = taken.get(fee_account, 0) + amount
    home = wallet(hold.client_id)
    if home in people:  # a client is no worker of their own, but a sum of lines must have one each
        raise Conflict("own_work", "a client is not paid out of their own hold")
    steps = _steps_back(hold, fees, returned)
    people[home] = Line(account=home, amount=returned, kind="refunded", steps=steps)
    platform = [Line(account=account, amount=amount) for account, amount in taken.items()]
    moved = returned + sum(line.amount for line in people.values() if line.account != home)
    moved += sum(taken.values())
    return Entry(
        id=f"{hold.id}:{name}",
        kind=after.state if name == RESOLVE else _kind(people, home),
        subject=hold.id,
        ref=hold.ref,
        currency=hold.amount.currency,
        cause=cause,
        lines=lines([Line(account=hold.account, amount=-moved), *people.values(), *platform]),
    )


def _steps_back(hold: Hold, fees: _Fees, returned: int) -> tuple[Step, ...]:
    """Return how a refund comes about: the amount, and what of each fee goes with it.

    The steps have no account: they explain money that was never the platform's.
    """
    back = returned - sum(fees.back.values())
    share = Fraction(back, hold.amount.amount)
    whole = by_account(hold.quote.client_steps)
    found = [_back("amount_returned", back, Fraction(1), back)] if back else []
    for account, fee in fees.back.items():
        pro_rata = fee == int(whole.get(account, 0) * share)
        base, rate = (whole[account], share) if pro_rata else (fee, Fraction(1))
        found.append(_back("fee_returned", base, rate, fee))
    return tuple(step for step in found if step.amount)


def _back(name: str, base: int, rate: Fraction, amount: int) -> Step:
    exact = rate == 1
    return Step(
        name=name,
        base=base,
        rate=quotes.rate_text(rate),
        amount=amount,
        rounding=quotes.EXACT if exact else quotes.FLOOR,
        note="goes back to the client",
        account="",
    )


def _joined(there: Line | None, account: str, steps: tuple[Step, ...], quote: Quote) -> Line:
    """Return one worker's line; who won two prizes has one line with the steps of both."""
    gets = quote.worker_gets.amount
    if there is None:
        return Line(account=account, amount=gets, kind="released", steps=steps)
    return replace(there, amount=there.amount + gets, steps=(*there.steps, *steps))


def _kind(people: Mapping[str, Line], home: str) -> str:
    return "released" if len(people) > 1 else "refunded"
