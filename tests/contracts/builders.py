"""Offers and contracts in any state, built by their own rules; a test names what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.contracts.domain import acts, contract, hearing, offer
from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import Offer, Planned
from services.contracts.domain.times import timers
from shared import ids
from shared.money import Money

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

CLIENT = ids.derived("mem", "client")
WORKER = ids.derived("mem", "worker")
STRANGER = ids.derived("mem", "stranger")
OPS = ids.derived("mem", "ops")
TITLE = "喫茶店のホームページ制作"


def yen(amount: int) -> Money:
    """Return this many yen."""
    return Money(amount, "JPY")


def planned(*amounts: int) -> tuple[Planned, ...]:
    """Return milestones of these amounts, ten days apart."""
    return tuple(
        Planned(title=f"第{n}回", amount=yen(amount), deliver_by=NOON + 10 * n * DAY)
        for n, amount in enumerate(amounts, start=1)
    )


def an_offer(*amounts: int, **over: Any) -> Offer:
    """Return an offer of CLIENT to WORKER that was sent at NOON."""
    parts = planned(*(amounts or (75_000,)))
    words: dict[str, Any] = {
        "id": ids.new("off"),
        "state": "sent",
        "client_id": CLIENT,
        "worker_id": WORKER,
        "title": TITLE,
        "scope": "五ページ。写真はこちらで用意します。",
        "amount": yen(sum(p.amount.amount for p in parts)),
        "deliver_by": parts[-1].deliver_by,
        "milestones": parts,
        "sent_at": NOON,
        "answer_by": NOON + timers().offer_answer,
        **over,
    }
    return Offer(**words)


def a_contract(*amounts: int, state: str = "awaiting_funding", **over: Any) -> Contract:
    """Return a contract formed at NOON: `awaiting_funding`, `active` or with `delivered` work."""
    sent = an_offer(*amounts, **over)
    taken, _ = offer.accept(sent, by=sent.worker_id, contract_id=ids.new("con"), now=NOON)
    formed, _ = contract.form(offer.formation(taken), NOON)
    if state == "awaiting_funding":
        return formed
    formed = funded(formed)
    if state == "active":
        return formed
    return acts.deliver(formed, n=1, by=sent.worker_id, note="完成しました。", now=NOON)[0]


def funded(it: Contract, n: int = 1, now: datetime = NOON) -> Contract:
    """Return the contract after the money of a milestone has come."""
    amount = it.milestones[n - 1].amount
    return hearing.hear_escrow(it, type_="escrow.funded", n=n, amount=amount, now=now)[0]
