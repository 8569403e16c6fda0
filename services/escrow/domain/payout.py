"""A payout: a member's balance on its way to their bank, through the provider.

The money leaves the wallet when it is asked for, and comes back when the provider fails. A request
waits for the system, which asks the provider; a sent payout is asked about at once and then daily,
and after three days an operator is to look as well. What a bank gives back for somebody who has
been erased lies in a wallet that nobody empties: an operator sets it aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.escrow.domain.posting import Decision, Entry, Line, wallet
from shared import clock, moves
from shared.errors import Conflict, Invalid
from shared.events import Fact
from shared.money import Money
from shared.moves import IGNORE, Moves, Outcome

STATES = ("requested", "sent", "paid", "failed")
FINAL = ("paid", "failed")

MOVES: Moves = {
    "send": {"requested": "sent"},
    "ask_again": {"requested": "requested", "sent": "sent"},
    "set_aside": {"failed": "failed"},
}

# The provider's answers may overtake our own note that it was sent. What has ended stays so.
HEARD: Moves = {
    "payout.sent": {"requested": "sent", "sent": IGNORE, "paid": IGNORE, "failed": IGNORE},
    "payout.paid": {"requested": "paid", "sent": "paid", "paid": IGNORE, "failed": IGNORE},
    # A bank may give a payout back days after it was said to be paid.
    "payout.failed": {"requested": "failed", "sent": "failed", "paid": "failed", "failed": IGNORE},
}

RETRY_FIRST = timedelta(seconds=5)
RETRY_MOST = timedelta(hours=1)
ASK_EVERY = timedelta(days=1)
OPERATOR_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A member's request to be paid; `ask_at` is when the provider is asked next.

    `to` is the member's destination at the provider, `ref` the provider's own id of the payout;
    `attempt` counts what it refused only for now.
    """

    id: str
    member_id: str
    amount: Money
    provider: str
    requested_at: datetime
    ask_at: datetime | None
    state: str = "requested"
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    tries: int = 0
    late: bool = False
    reason: str = ""
    to: str = ""
    ref: str = ""
    attempt: int = 0
    set_aside_at: datetime | None = None
    set_aside_why: str = ""

    @property
    def account(self) -> str:
        """Return the ledger account whose balance this document is."""
        return f"payout:{self.id}"

    @property
    def held(self) -> int:
        """Return what the ledger holds for it, in minor units."""
        return 0 if self.state in FINAL else self.amount.amount


def request(
    id_: str,
    *,
    by: str,
    amount: Money,
    provider: str,
    minimum: Mapping[str, int],
    now: datetime,
    to: str = "",
) -> Decision[Payout]:
    """Ask for a payout; the ledger refuses what the wallet does not hold.

    :raises Invalid: `currency_not_offered`; `below_minimum`
    """
    if amount.currency not in minimum:
        raise Invalid("currency_not_offered", f"{amount.currency} is not paid out here")
    if amount.amount < (least := minimum[amount.currency]):
        raise Invalid("below_minimum", f"the least is {least} {amount.currency}", minimum=least)
    payout = Payout(
        id=id_, member_id=by, amount=amount, provider=provider, requested_at=now, ask_at=now, to=to
    )
    entry = _entry(payout, "request", "payout", source=wallet(by), target=payout.account)
    return payout, [Fact("payout.requested", _words(payout))], entry


def sent(payout: Payout, *, now: datetime, ref: str = "") -> Outcome[Payout]:
    """Hear that the provider has taken it on; it is asked about it at once.

    :raises Ignored: it was heard before
    """
    state = moves.heard(HEARD, payout.state, "payout.sent")
    on_its_way = replace(payout, state=state, sent_at=now, ask_at=now, tries=0)
    return replace(on_its_way, ref=ref or payout.ref), [Fact("payout.sent", _words(payout))]


def paid(payout: Payout, *, now: datetime) -> Decision[Payout]:
    """Hear that the money has arrived.

    :raises Ignored: it was heard before
    """
    state = moves.heard(HEARD, payout.state, "payout.paid")
    done = replace(payout, state=state, ended_at=now, ask_at=None)
    entry = _settled(payout, "payout_paid", to=f"provider:{payout.provider}")
    return done, [Fact("payout.paid", _words(payout))], entry


def failed(payout: Payout, *, reason: str, now: datetime) -> Decision[Payout]:
    """Hear that it did not arrive, or came back later; the money is back in the wallet.

    :raises Ignored: it was heard before
    """
    state = moves.heard(HEARD, payout.state, "payout.failed")
    done = replace(payout, state=state, ended_at=now, ask_at=None, reason=reason)
    if payout.state == "paid":
        bank, home = f"provider:{payout.provider}", wallet(payout.member_id)
        entry = _entry(payout, "returned", "payout_returned", source=bank, target=home)
    else:
        entry = _settled(payout, "payout_failed", to=wallet(payout.member_id))
    return done, [Fact("payout.failed", {**_words(payout), "reason": reason})], entry


def set_aside(payout: Payout, *, reason: str, now: datetime) -> Decision[Payout]:
    """Move what came back from the wallet into suspense: it stays owed, to whom is to be shown.

    :raises Conflict: `wrong_state`: it did not come back, or was set aside before
    """
    state = moves.next_state(MOVES, payout.state, "set_aside")
    if payout.set_aside_at:
        at = clock.text(payout.set_aside_at)
        raise Conflict("wrong_state", f"it was set aside at {at}", state=state)
    aside = replace(payout, state=state, set_aside_at=now, set_aside_why=reason)
    home, to = wallet(payout.member_id), f"suspense:{payout.id}"
    return aside, [], _entry(payout, "set_aside", "payout_set_aside", source=home, target=to)


def unanswered(payout: Payout, *, now: datetime, not_now: bool = False) -> Outcome[Payout]:
    """Note that the provider was asked in vain, or refused for now; it is asked again."""
    if payout.state in FINAL:
        return payout, []
    state = moves.next_state(MOVES, payout.state, "ask_again")
    wait = ASK_EVERY
    if payout.state == "requested":
        wait = min(RETRY_FIRST * 2 ** min(payout.tries, 20), RETRY_MOST)
    late = payout.sent_at is not None and now >= payout.sent_at + OPERATOR_AFTER
    asked = replace(payout, state=state, tries=payout.tries + 1, ask_at=now + wait, late=late)
    return replace(asked, attempt=payout.attempt + not_now), []


def next_step(payout: Payout) -> dict[str, Any] | None:
    """Return who must act, by when, and what silence leads to; None when it has ended."""
    if payout.ask_at is None:
        return None
    by = clock.text(payout.ask_at)
    if payout.state == "requested":
        return {"actor": "system", "action": "send", "by": by, "otherwise": "asked_again"}
    actor = "ops" if payout.late else "system"
    return {"actor": actor, "action": "ask_provider", "by": by, "otherwise": "asked_again"}


def _words(payout: Payout) -> dict[str, Any]:
    return {
        "payout_id": payout.id,
        "member_id": payout.member_id,
        "amount": payout.amount.words(),
    }


def _settled(payout: Payout, kind: str, *, to: str) -> Entry:
    return _entry(payout, "settle", kind, source=payout.account, target=to)


def _entry(payout: Payout, name: str, kind: str, *, source: str, target: str) -> Entry:
    amount = payout.amount.amount
    return Entry(
        id=f"{payout.id}:{name}",
        kind=kind,
        subject=payout.id,
        ref=payout.id,
        currency=payout.amount.currency,
        cause=kind,
        lines=(Line(account=source, amount=-amount), Line(account=target, amount=amount)),
    )
