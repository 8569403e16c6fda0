"""A contract with the escrow it talks to: acts go in, silence passes, the money is counted.

The escrow here is a plain model of what escrow promises: a hold per milestone, first word wins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.domain import (
    acts,
    asking,
    cancelling,
    dispute,
    hearing,
    silence,
    waiting,
)
from services.contracts.domain.contract import Contract
from shared import catalog, clock
from shared.errors import Ignored, NotYet, Refused
from shared.events import Fact
from shared.money import Money
from tests.contracts.builders import CLIENT, DAY, NOON, OPS, WORKER, a_contract, yen


@dataclass(frozen=True)
class Hold:
    """`opened funded released refunded split cancelled`; amounts in yen."""

    n: int
    amount: int
    state: str = "opened"
    paid: int = 0
    back: int = 0


@dataclass(frozen=True)
class World:
    """A contract, its holds by id, all that was said so far, and the time.

    A `deaf` escrow misses the first word about what becomes of each hold.
    """

    contract: Contract
    holds: dict[str, Hold]
    now: datetime
    said: tuple[Fact, ...] = ()
    acts: tuple[str, ...] = ()
    deaf: bool = False
    missed: frozenset[str] = frozenset()

    @property
    def over(self) -> bool:
        """Say whether nothing will ever happen by itself any more."""
        return silence.wake(self.contract) is None


def a_world(*amounts: int, deaf: bool = False) -> World:
    """Return a contract that was formed at NOON; its holds are open."""
    it = a_contract(*amounts)
    holds = {m.hold_id: Hold(m.n, m.amount.amount) for m in it.milestones}
    return World(it, holds, NOON, deaf=deaf)


Act = Callable[[World], World]


def rule(does: Callable[..., Any], **words: Any) -> Act:
    """Return the act that applies a rule of the contract."""

    def act(world: World) -> World:
        contract, facts = does(world.contract, now=world.now, **words)
        return told(world, contract, facts)

    return act


def answer(move: str, by: str) -> Act:
    """Return the act that answers what was asked last."""

    def act(world: World) -> World:
        ask_id = world.contract.asks[-1].id if world.contract.asks else "ext_none"
        words = {"ask_id": ask_id, "by": by, "move": move}
        contract, facts = asking.answer(world.contract, now=world.now, **words)
        return told(world, contract, facts)

    return act


def fund(n: int) -> Act:
    """Return the act that pays a milestone in."""

    def act(world: World) -> World:
        if n > len(world.contract.milestones):
            raise Refused("no_such_milestone")
        hold_id = world.contract.milestones[n - 1].hold_id
        hold = world.holds[hold_id]
        if hold.state != "opened":
            raise Refused("wrong_state")
        if any(h.state == "opened" and h.n < n for h in world.holds.values()):
            raise Refused("out_of_turn")
        holds = {**world.holds, hold_id: replace(hold, state="funded")}
        return _heard(replace(world, holds=holds), hold_id, "escrow.funded", hold.amount)

    return act


def wait(time: timedelta) -> Act:
    """Return the act of letting time pass."""

    def act(world: World) -> World:
        until = world.now + time
        while (at := silence.wake(world.contract)) and at <= until:
            world = one_silence(world)
        return replace(world, now=until)

    return act


def _ask(by: str, **words: Any) -> Act:
    def act(world: World) -> World:
        asks = asking.ask_extension if words.get("ext") else asking.propose
        number = len(world.said)
        told_ = {k: v for k, v in words.items() if k != "ext"}
        prefix = "ext" if words.get("ext") else "chg"
        if len(world.contract.milestones) > 2 or len(world.contract.asks) > 1:
            raise Refused("enough")  # the graph is to be finite
        contract, facts = asks(
            world.contract, by=by, ask_id=f"{prefix}_{number}", reason="-", now=world.now, **told_
        )
        return told(world, contract, facts)

    return act


LATE = NOON + 40 * DAY
ACTS: dict[str, Act] = {
    "fund 1": fund(1),
    "fund 2": fund(2),
    "deliver 1": rule(acts.deliver, n=1, by=WORKER, note="-"),
    "deliver 2": rule(acts.deliver, n=2, by=WORKER, note="-"),
    "recall 1": rule(acts.recall, n=1, by=WORKER),
    "changes 1": rule(acts.request_changes, n=1, by=CLIENT, note="-"),
    "accept 1": rule(acts.accept, n=1, by=CLIENT),
    "accept part": rule(acts.accept, n=1, by=CLIENT, amount=yen(7), reason="late"),
    "accept 2": rule(acts.accept, n=2, by=CLIENT),
    "extension": _ask(WORKER, ext=True, n=1, deliver_by=LATE),
    "change": _ask(CLIENT, n=2, amount=yen(60_000), deliver_by=LATE),
    "further": _ask(WORKER, title="追加", amount=yen(5_000), deliver_by=LATE),
    "yes by client": answer("agree", CLIENT),
    "no by client": answer("refuse", CLIENT),
    "yes by worker": answer("agree", WORKER),
    "cancel by client": rule(cancelling.request, by=CLIENT, reason="-", pay=yen(10_000)),
    "cancel by worker": rule(cancelling.request, by=WORKER, reason="-"),
    "agree to cancel": rule(cancelling.agree, by=WORKER),
    "refuse to cancel": rule(cancelling.refuse, by=WORKER),
    "dispute by client": rule(
        dispute.open_, by=CLIENT, dispute_id="dsp_1", claim=yen(30_000), reason="plagiarism"
    ),
    "dispute by worker": rule(
        dispute.open_, by=WORKER, dispute_id="dsp_1", claim=yen(30_000), reason="no_response"
    ),
    "propose by client": rule(dispute.propose, by=CLIENT, worker_gets=yen(1_000)),
    "propose by worker": rule(dispute.propose, by=WORKER, worker_gets=yen(20_000)),
    "accept settlement": rule(dispute.accept, by=CLIENT),
    "decide": rule(dispute.decide, by=OPS, client_gets=yen(5_000), reason="-"),
    "8 days": wait(8 * DAY),
    "20 days": wait(20 * DAY),
}


def told(world: World, contract: Contract, facts: list[Fact]) -> World:
    """Return the world after a contract has said this and escrow has done its part."""
    for fact in facts:
        catalog.said(fact.type, fact.data)
    world = replace(world, contract=contract, said=(*world.said, *facts))
    for fact in facts:
        world = _escrow(world, fact)
    return world


def one_silence(world: World) -> World:
    """Return the world after the next thing that silence does."""
    at = silence.wake(world.contract)
    assert at, "something waits"
    now = max(at, world.now)
    contract, facts = silence.resolve(world.contract, now=now)
    return told(replace(world, now=now), contract, facts)


def in_silence(world: World) -> World:
    """Return the world after everybody has been silent for ever; every wait names its actor."""
    for _ in range(90):
        if world.over:
            return world
        if world.contract.state != "completed":  # a review window only closes
            waits = waiting.next_of(world.contract)
            assert waits, world.acts
            assert waits["by"], world.acts
        world = one_silence(world)
    raise AssertionError(f"no end: {world.acts}")


def _escrow(world: World, fact: Fact) -> World:
    said = fact.data
    match fact.type:
        case "milestone.added" | "week.planned":
            hold = Hold(said["milestone"], said["amount"]["amount"])
            return replace(world, holds={**world.holds, said["hold_id"]: hold})
        case "milestone.changed":
            hold = world.holds[said["hold_id"]]
            if hold.state != "opened":
                return world
            changed = replace(hold, amount=said["amount"]["amount"])
            return replace(world, holds={**world.holds, said["hold_id"]: changed})
        case "delivery.accepted" | "sheet.approved" | "week.closed":
            return _divide(world, said["hold_id"], said["amount"]["amount"])
        case "dispute.settled" | "dispute.decided":
            hold = world.holds[said["hold_id"]]
            shares = said["worker_gets"]["amount"], said["client_gets"]["amount"]
            assert sum(shares) == hold.amount
            return _divide(world, said["hold_id"], shares[0])
        case "contract.cancelled":
            parts = {p["hold_id"]: p["amount"]["amount"] for p in said["parts"]}
            assert set(parts) <= set(said["hold_ids"])
            for hold_id in said["hold_ids"]:
                world = _divide(world, hold_id, parts.get(hold_id, 0))
        case "contract.completed":
            for hold_id in said["hold_ids"]:
                world = _divide(world, hold_id, 0)
    return world


def _divide(world: World, hold_id: str, paid: int) -> World:
    hold = world.holds[hold_id]
    if hold.state == "opened":
        return replace(world, holds={**world.holds, hold_id: replace(hold, state="cancelled")})
    if hold.state != "funded":
        return world
    if world.deaf and hold_id not in world.missed:
        return replace(world, missed=world.missed | {hold_id})
    back = hold.amount - paid
    state = "released" if not back else "refunded" if not paid else "split"
    ended = replace(hold, state=state, paid=paid, back=back)
    world = replace(world, holds={**world.holds, hold_id: ended})
    split = " split" if state == "split" else ""
    if paid:
        world = _heard(world, hold_id, f"escrow.released{split}", paid)
    return _heard(world, hold_id, f"escrow.refunded{split}", back) if back else world


def _heard(world: World, hold_id: str, type_: str, amount: int) -> World:
    n = world.holds[hold_id].n
    try:
        contract, facts = hearing.hear_escrow(
            world.contract, type_=type_, n=n, amount=Money(amount), now=world.now
        )
    except Ignored:
        return world
    except NotYet as why:
        raise AssertionError(world.acts) from why
    return told(world, contract, facts)


def steps(world: World, table: dict[str, Act] | None = None) -> Iterator[tuple[str, World]]:
    """Return every act that is possible now, and what comes of it."""
    for name, act in (table or ACTS).items():
        try:
            after = act(world)
        except Refused:
            continue
        yield name, replace(after, acts=(*world.acts, name))


def shape(world: World) -> tuple[Any, ...]:
    """Return what makes two worlds the same but for their times and amounts."""
    it = world.contract
    asked, found = it.cancellation, it.dispute
    waits = waiting.next_of(it)
    return (
        it.state,
        tuple(
            (m.state, m.fund_by is None, m.told_overdue_at is None, m.rounds < 2)
            for m in it.milestones
        ),
        tuple(sorted((a.kind, a.by) for a in it.asks if a.state == "asked")),
        asked.by if asked and asked.state == "asked" else None,
        (found.by, found.state, found.proposals > 1) if found else None,
        tuple(h.state for h in world.holds.values()),
        waits["action"] if waits else None,
        world.now > NOON + 40 * DAY,
    )


def text(world: World) -> str:
    """Return how a world came to be, for a test that fails."""
    return f"{' > '.join(world.acts)} at {clock.text(world.now)}"
