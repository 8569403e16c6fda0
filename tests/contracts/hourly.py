"""Hourly contracts, and the worlds that the acts of both sides lead to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.contracts.domain import asking, contract, countering, dispute, hours, offer, week
from services.contracts.domain.contract import Contract
from services.contracts.domain.week import Hourly
from shared import ids
from shared.errors import Refused
from tests.contracts.builders import CLIENT, DAY, NOON, OPS, WORKER, an_offer, funded, yen
from tests.contracts.worlds import Act, Hold, World, answer, fund, rule, shape, told, wait

RATE = yen(3_001)
TERMS = Hourly(rate=RATE, cap_hours=20)


def an_hourly_contract(terms: Hourly = TERMS, *, state: str = "active", **over: Any) -> Contract:
    """Return a contract by the hour formed at NOON, a Monday: `awaiting_funding` or `active`."""
    sent = countering.hourly(an_offer(**over), terms, NOON)
    taken, _ = offer.accept(sent, by=WORKER, contract_id=ids.new("con"), now=NOON)
    formed, _ = contract.form(offer.formation(taken), NOON)
    return formed if state == "awaiting_funding" else funded(formed)


def an_hourly_world(terms: Hourly = TERMS, *, deaf: bool = False, **over: Any) -> World:
    """Return a world with an hourly contract whose first week waits for its money."""
    it = an_hourly_contract(terms, state="awaiting_funding", **over)
    holds = {m.hold_id: Hold(m.n, m.amount.amount) for m in it.milestones}
    return World(it, holds, NOON, deaf=deaf)


def note(n: int, minutes: int) -> Act:
    """Return the act that notes time of today."""

    def act(world: World) -> World:
        m = contract.milestone_of(world.contract, n)
        if m.week and len(m.week.times) > 1:
            raise Refused("enough")  # the graph is to be finite
        it, facts = hours.note_time(
            world.contract,
            n=n,
            by=WORKER,
            time_id=f"tim_{len(world.said)}",
            day=week.day_of(world.now),
            minutes=minutes,
            note="設計",
            now=world.now,
        )
        return told(world, it, facts)

    return act


def _few_weeks(act: Act) -> Act:
    """Let a world have three weeks at most that somebody does something in."""

    def narrow(world: World) -> World:
        if len(world.contract.milestones) > 4:
            raise Refused("enough")
        return act(world)

    return narrow


def _rate(by: str) -> Act:
    def act(world: World) -> World:
        if world.contract.asks:
            raise Refused("enough")
        it, facts = asking.propose_rate(
            world.contract, by=by, ask_id="chg_1", reason="-", rate=yen(4_000), now=world.now
        )
        return told(world, it, facts)

    return act


ACTS: dict[str, Act] = {
    name: _few_weeks(act)
    for name, act in {
        "fund 1": fund(1),
        "fund 2": fund(2),
        "fund 3": fund(3),
        "note 1": note(1, 607),
        "note 2": note(2, 20 * 60),
        "remove 1": rule(hours.remove_time, n=1, by=WORKER, time_id="tim_3"),
        "submit 1": rule(hours.submit, n=1, by=WORKER),
        "submit 2": rule(hours.submit, n=2, by=WORKER),
        "recall 1": rule(hours.recall, n=1, by=WORKER),
        "approve 1": rule(hours.approve, n=1, by=CLIENT),
        "return 1": rule(hours.send_back, n=1, by=CLIENT, note="-"),
        "end by client": rule(hours.end, by=CLIENT, reason="-"),
        "end by worker": rule(hours.end, by=WORKER, reason="-"),
        "rate": _rate(WORKER),
        "yes": answer("agree", CLIENT),
        "dispute": rule(
            dispute.open_, by=CLIENT, dispute_id="dsp_1", claim=yen(5_000), reason="extra_work"
        ),
        "propose": rule(dispute.propose, by=WORKER, worker_gets=yen(6_000)),
        "settle": rule(dispute.accept, by=CLIENT),
        "decide": rule(dispute.decide, by=OPS, client_gets=yen(1_000), reason="-"),
        "3 days": wait(3 * DAY),
        "7 days": wait(7 * DAY),
    }.items()
}


def hourly_shape(world: World) -> tuple[Any, ...]:
    """Return what makes two worlds the same but for their times and amounts."""
    it = world.contract
    weeks = tuple(
        (m.week.followed, m.week.minutes > 0, m.week.starts_at <= world.now, m.fund_by is None)
        for m in it.milestones
        if m.week
    )
    return (shape(replace(world, now=NOON)), weeks, it.ending.by if it.ending else None)


QUARTER = timedelta(days=100)
