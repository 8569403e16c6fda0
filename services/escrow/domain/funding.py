"""How a hold is funded: by card, through a charge that the provider answers, or from the wallet."""

from dataclasses import replace
from datetime import datetime

from services.escrow.domain import charge as charges
from services.escrow.domain.charge import Charge
from services.escrow.domain.division import RESOLVE, Share, divide
from services.escrow.domain.hold import HEARD, MOVES, Hold, words
from services.escrow.domain.posting import Decision, Entry, Line, wallet
from shared import moves
from shared.errors import Conflict, Forbidden
from shared.events import Fact
from shared.moves import Outcome


def charge(
    hold: Hold, *, by: str, charge_id: str, provider: str, now: datetime, source: str = ""
) -> Outcome[Hold]:
    """Keep the intent to take the client's money by card, before the provider is asked.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`; `funding_in_progress`: a charge waits for its answer;
        `too_many_charges`
    """
    state = _may_fund(hold, by, "charge")
    if len(hold.charges) >= charges.CHARGES_MAX:
        raise Conflict("too_many_charges", f"{charges.CHARGES_MAX} charges were declined")
    pays = hold.quote.client_pays
    intent = charges.intend(charge_id, provider=provider, amount=pays, now=now, source=source)
    return replace(hold, state=state, charges=(*hold.charges, intent)), []


def from_wallet(hold: Hold, *, by: str, now: datetime) -> Decision[Hold]:
    """Fund it with the client's own balance; the ledger refuses what the balance does not hold.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `funding_in_progress`
    """
    state = _may_fund(hold, by, "fund")
    pays = hold.quote.client_pays.amount
    source = Line(account=wallet(by), amount=-pays, steps=hold.quote.client_steps)
    return _in(replace(hold, state=state), source, "wallet")


def await_transfer(
    hold: Hold, *, by: str, provider: str, number: str, now: datetime
) -> Outcome[Hold]:
    """Keep the virtual account to which the client may pay it; the hold waits as before.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`, `funding_in_progress`
    """
    state = _may_fund(hold, by, "charge")
    return replace(hold, state=state, transfer=(provider, number)), []


def by_transfer(hold: Hold, *, deposit_id: str, now: datetime) -> Decision[Hold]:
    """Fund it with a transfer that has come into the client's wallet.

    :raises Conflict: `wrong_state`, `funding_in_progress`
    """
    state = _may_fund(hold, hold.client_id, "fund")
    pays = hold.quote.client_pays.amount
    source = Line(account=wallet(hold.client_id), amount=-pays, steps=hold.quote.client_steps)
    return _in(replace(hold, state=state), source, "bank_transfer", cause=deposit_id)


def confirmed(hold: Hold, *, charge_id: str, now: datetime, ref: str = "") -> Decision[Hold]:
    """Hear that the provider has taken the client's money.

    :raises Ignored: it was heard before
    """
    paid = charges.answered(of(hold, charge_id), "charge.confirmed", ref=ref)
    state = moves.heard(HEARD, hold.state, "charge.confirmed")
    kept = replace(hold, state=state, charges=_with(hold, paid))
    source = Line(account=f"provider:{paid.provider}", amount=-paid.amount.amount)
    if hold.state == "opened":
        return _in(kept, source, "card", cause=charge_id)
    return kept, [], _deposit(hold, source, paid)


def declined(
    hold: Hold, *, charge_id: str, reason: str, now: datetime, ref: str = ""
) -> Outcome[Hold]:
    """Hear that the provider will not take the money; the hold waits for the client again.

    :raises Ignored: it was heard before
    """
    asked = of(hold, charge_id)
    refused = charges.answered(asked, "charge.declined", reason=reason, ref=ref)
    state = moves.heard(HEARD, hold.state, "charge.declined")
    return replace(hold, state=state, charges=_with(hold, refused)), []


def unanswered(
    hold: Hold, *, charge_id: str, now: datetime, ref: str = "", secret: str = ""
) -> Outcome[Hold]:
    """Note that the provider does not know yet, or waits for the client (`secret`)."""
    waiting = of(hold, charge_id)
    if waiting.state != "asked":
        return hold, []
    again = charges.unanswered(waiting, now=now, ref=ref, secret=secret)
    return replace(hold, charges=_with(hold, again)), []


def refusals(hold: Hold, *, by: str) -> list[str]:
    """Return the codes of why this caller may not fund it now; none: they may."""
    reasons = []
    if by != hold.client_id:
        reasons.append("not_the_client")
    if hold.state not in MOVES["fund"]:
        reasons.append("wrong_state")
    elif hold.asked:
        reasons.append("funding_in_progress")
    return reasons


def of(hold: Hold, charge_id: str) -> Charge:
    """Return a charge of this hold; asking for one it never made is a bug."""
    return next(c for c in hold.charges if c.id == charge_id)


def _may_fund(hold: Hold, by: str, move: str) -> str:
    if by != hold.client_id:
        raise Forbidden("not_the_client", "the client funds")
    state = moves.next_state(MOVES, hold.state, move)
    if hold.asked:
        raise Conflict("funding_in_progress", "the provider has not answered the last charge yet")
    return state


def _with(hold: Hold, changed: Charge) -> tuple[Charge, ...]:
    return tuple(changed if c.id == changed.id else c for c in hold.charges)


def _in(funded: Hold, source: Line, method: str, *, cause: str = "") -> Decision[Hold]:
    """Book what has come in; a tip goes on to the worker in the same entry."""
    entry = _entry(funded, source, cause or method)
    if not funded.tip:
        return funded, [_funded(funded, method)], entry
    assert funded.worker_id is not None  # noqa: S101
    share = Share(worker_id=funded.worker_id, amount=funded.amount.amount, cause="tip.given")
    given, facts, onward = divide(funded, [share], 0, name=RESOLVE, cause="tip.given")
    assert onward is not None  # noqa: S101
    beyond = tuple(line for line in onward.lines if line.account != funded.account)
    through = replace(entry, kind="tip", lines=(source, *beyond))
    said = [_funded(funded, method), *facts]
    return replace(given, outcome=tuple(facts)), said, through


def _funded(hold: Hold, method: str) -> Fact:
    pays = hold.quote.client_pays.words()
    return Fact("escrow.funded", {**words(hold), "client_pays": pays, "method": method})


def _entry(hold: Hold, source: Line, cause: str) -> Entry:
    return Entry(
        id=f"{hold.id}:fund",
        kind="fund",
        subject=hold.id,
        ref=hold.ref,
        currency=hold.amount.currency,
        cause=cause,
        lines=(source, Line(account=hold.account, amount=-source.amount)),
    )


def _deposit(hold: Hold, source: Line, paid: Charge) -> Entry:
    return Entry(
        id=f"{paid.id}:deposit",
        kind="deposit",
        subject=hold.id,
        ref=hold.ref,
        currency=hold.amount.currency,
        cause=f"hold_{hold.state}",
        lines=(source, Line(account=wallet(hold.client_id), amount=-source.amount)),
    )
