"""All the ways a contract can go when escrow answers late and in any order.

(`worlds` has an escrow that answers at once, and more that people do.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.domain import acts, hearing, silence, waiting
from services.contracts.domain.contract import Contract
from shared import catalog
from shared.errors import Ignored, Refused
from shared.events import Fact
from shared.moves import Outcome
from tests.contracts.builders import CLIENT, NOON, WORKER, yen

HOUR = timedelta(hours=1)
SPLIT = "escrow.released split"
FINAL = ("completed", "cancelled")


@dataclass(frozen=True)
class Escrow:
    """A hold for each milestone, as escrow has them; `answers` are on their way to contracts."""

    holds: tuple[str, ...]
    answers: tuple[tuple[str, int], ...] = ()

    def fund(self, n: int) -> "Escrow | None":
        """Take the client's money; an earlier milestone that waits for its money goes first."""
        if self.holds[n - 1] != "opened" or "opened" in self.holds[: n - 1]:
            return None
        return self._put(n, "funded", "escrow.funded")

    def hear(self, it: Contract, facts: list[Fact]) -> "Escrow":
        """Release, refund or cancel what the facts say; what is no longer funded stays."""
        after = self
        for fact in facts:
            numbers = [m.n for m in it.milestones if m.hold_id in _named(fact)]
            for n in numbers:
                after = after._resolve(it, fact, n)
        return after

    def _resolve(self, it: Contract, fact: Fact, n: int) -> "Escrow":
        match fact.type, self.holds[n - 1]:
            case "delivery.accepted", "funded":
                whole = fact.data["amount"] == it.milestones[n - 1].amount.words()
                return self._put(n, "released", "escrow.released" if whole else SPLIT)
            case "delivery.accepted", "released":
                return replace(self, answers=(*self.answers, ("escrow.released", n)))
            case "contract.cancelled" | "contract.completed", "funded":
                return self._put(n, "refunded", "escrow.refunded")
            case "contract.cancelled", "refunded":
                return replace(self, answers=(*self.answers, ("escrow.refunded", n)))
            case "contract.cancelled" | "contract.completed", "opened":
                return self._put(n, "cancelled", "hold.cancelled")
        return self

    def _put(self, n: int, state: str, answer: str) -> "Escrow":
        holds = (*self.holds[: n - 1], state, *self.holds[n:])
        return Escrow(holds, (*self.answers, (answer, n)))


def _named(fact: Fact) -> list[str]:
    if fact.type == "delivery.accepted":
        return [fact.data["hold_id"]]
    return list(fact.data.get("hold_ids", []))


@dataclass(frozen=True)
class World:
    """A contract, its money, and the time; `path` says how it came to this."""

    it: Contract
    escrow: Escrow
    now: datetime = NOON
    path: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a difference for what can happen next."""
        it = self.it
        parts = tuple(
            (m.state, m.fund_by is None, m.told_overdue_at is None, m.rounds, m.ask_at is None)
            for m in it.milestones
        )
        reviews = (it.reviews.client is None, it.reviews.worker is None, it.reviews.revealed_at)
        return (it.state, parts, it.reminded, it.refund_ask_at is None, reviews, self.escrow)

    def after(self, what: str, outcome: Outcome[Contract], now: datetime) -> "World":
        """Return the world after a rule has decided; what it said keeps its words."""
        it, facts = outcome
        for fact in facts:
            catalog.said(fact.type, fact.data)
        return World(it, self.escrow.hear(it, facts), now, (*self.path, what))


def begin(it: Contract) -> World:
    """Return the world in which nothing has happened yet."""
    return World(it, Escrow(("opened",) * len(it.milestones)))


def steps(world: World) -> Iterator[World]:
    """Return every world that one act, one answer of escrow, or silence leads to."""
    it, now = world.it, world.now + HOUR
    for what, n, by, words in _all_acts(it):
        try:
            rule = getattr(acts, what)
            yield world.after(f"{what} {n}", rule(it, n=n, by=by, now=now, **words), now)
        except Refused:
            continue
    for m in it.milestones:
        if (escrow := world.escrow.fund(m.n)) is not None:
            yield replace(world, escrow=escrow, path=(*world.path, f"fund {m.n}"))
    for n in range(len(world.escrow.answers)):
        yield hear(world, n)
    if (quiet := be_silent(world)) is not None:
        yield quiet


def _all_acts(it: Contract) -> Iterator[tuple[str, int, str, dict[str, Any]]]:
    for m in it.milestones:
        yield "deliver", m.n, WORKER, {"note": "x"}
        yield "recall", m.n, WORKER, {}
        yield "accept", m.n, CLIENT, {}
        yield "accept", m.n, CLIENT, {"amount": yen(1), "reason": "x"}
        yield "request_changes", m.n, CLIENT, {"note": "x"}


def hear(world: World, which: int = 0) -> World:
    """Let contracts hear one of escrow's answers, in any order."""
    answers = world.escrow.answers
    type_, n = answers[which]
    rest = replace(world.escrow, answers=(*answers[:which], *answers[which + 1 :]))
    world = replace(world, escrow=rest)
    amount = world.it.milestones[n - 1].released or world.it.milestones[n - 1].amount
    try:
        outcome = hearing.hear_escrow(world.it, type_=type_, n=n, amount=amount, now=world.now)
    except Ignored:
        outcome = (world.it, [])
    return world.after(f"{type_} {n}", outcome, world.now)


def be_silent(world: World) -> World | None:
    """Let nobody act until time has its consequence; None when it never has one."""
    at = silence.wake(world.it)
    if at is None:
        return None
    now = max(at, world.now)
    return world.after("silence", silence.resolve(world.it, now=now), now)


def stay_silent(world: World, most: int = 60) -> World:
    """Let nobody but escrow act until nothing happens any more."""
    for _ in range(most):
        while world.escrow.answers:
            world = hear(world)
        quiet = be_silent(world)
        if quiet is None:
            return world
        assert quiet.it != world.it, f"silence changes nothing after {world.path}"
        world = quiet
    raise AssertionError(f"silence does not end after {world.path}")


def everywhere(it: Contract, most: int = 4000) -> list[World]:
    """Return every world that can be reached, each once."""
    start = begin(it)
    found = {start.key: start}
    waiting = [start]
    while waiting and len(found) < most:
        for world in steps(waiting.pop(0)):
            if world.key not in found:
                found[world.key] = world
                waiting.append(world)
    return list(found.values())


def next_of(it: Contract) -> Any:
    """Return who must act on the contract."""
    return waiting.next_of(it)
