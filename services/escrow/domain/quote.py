"""What each side pays and gets: a quote is every step of applying a schedule to an amount.

All arithmetic is on integers of minor units; a rate is a rational number, so nothing is rounded but
where a step says so. A person with a pencil comes to the same figures: `floor(base x rate)`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from services.escrow.domain.schedule import ALWAYS, AMOUNT, MODES, Levy, Schedule, Tier
from shared.errors import Invalid
from shared.money import Money

FLOOR = "floor"
EXACT = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a quote; `amount` (minor units) is what this side bears by it."""

    name: str
    base: int
    rate: str
    amount: int
    rounding: str
    note: str
    account: str

    def words(self) -> dict[str, Any]:
        """Return it as a caller sees it."""
        names = ("name", "base", "rate", "amount", "rounding", "note")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an agreed amount means to both sides, by every step."""

    amount: Money
    mode: str
    profile: str
    schedule_id: str
    schedule_version: int
    client_steps: tuple[Step, ...] = ()
    worker_steps: tuple[Step, ...] = ()

    @property
    def client_pays(self) -> Money:
        """Return the amount and what the client bears on top."""
        return self._money(self.amount.amount + total(self.client_steps))

    @property
    def worker_gets(self) -> Money:
        """Return the amount less what the worker bears."""
        return self._money(self.amount.amount - total(self.worker_steps))

    @property
    def fee(self) -> Money:
        """Return what both sides bear together."""
        return self._money(total(self.client_steps) + total(self.worker_steps))

    def _money(self, amount: int) -> Money:
        return Money(amount, self.amount.currency)

    def words(self) -> dict[str, Any]:
        """Return it as a caller sees it."""
        return {
            "amount": self.amount.words(),
            "mode": self.mode,
            "profile": self.profile,
            "schedule": {"id": self.schedule_id, "version": self.schedule_version},
            "client": {
                "pays": self.client_pays.words(),
                "steps": [s.words() for s in self.client_steps],
            },
            "worker": {
                "gets": self.worker_gets.words(),
                "steps": [s.words() for s in self.worker_steps],
            },
        }


def of(schedule: Schedule, amount: Money, mode: str, *, withheld: bool = False) -> Quote:
    """Quote an agreed amount; `withheld`: income tax is kept back of what the worker gets.

    :raises Invalid: `unknown_mode`
    """
    if mode not in MODES:
        raise Invalid("unknown_mode", f"a mode is one of {', '.join(MODES)}")
    return Quote(
        amount=amount,
        mode=mode,
        profile=schedule.profile,
        schedule_id=schedule.id,
        schedule_version=schedule.version,
        client_steps=_steps(schedule, "client", amount.amount, mode),
        worker_steps=_never_more_than(
            amount.amount, _steps(schedule, "worker", amount.amount, mode, withheld=withheld)
        ),
    )


def nothing(schedule: Schedule, amount: Money, mode: str) -> Quote:
    """Return the quote of what is not to be paid for: it has no steps."""
    return Quote(
        amount=amount,
        mode=mode,
        profile=schedule.profile,
        schedule_id=schedule.id,
        schedule_version=schedule.version,
    )


def joined(parts: Sequence[Quote]) -> Quote:
    """Return the quote of several amounts together: every step of each."""
    amount = Money(sum(p.amount.amount for p in parts), parts[0].amount.currency)
    return replace(
        parts[0],
        amount=amount,
        client_steps=tuple(step for part in parts for step in part.client_steps),
        worker_steps=tuple(step for part in parts for step in part.worker_steps),
    )


def times(one: Quote, count: int) -> Quote:
    """Return the quote of the same amount `count` times: one, and the same for the others."""
    return replace(
        one,
        amount=Money(one.amount.amount * count, one.amount.currency),
        client_steps=(*one.client_steps, *_others(one.client_steps, count - 1)),
        worker_steps=(*one.worker_steps, *_others(one.worker_steps, count - 1)),
    )


def _others(steps: Iterable[Step], others: int) -> list[Step]:
    steps = list(steps)
    names = {step.account: step.name for step in steps}
    return [
        Step(
            name=names[account],
            base=amount,
            rate=str(others),
            amount=amount * others,
            rounding=EXACT,
            note=f"the same for each of the other {others}",
            account=account,
        )
        for account, amount in by_account(steps).items()
        if others
    ]


def with_tax(amount: Money, rate: Fraction) -> tuple[Money, Step]:
    """Return an amount that was said without consumption tax with it, and the step that adds it."""
    tax = amount.amount * rate.numerator // rate.denominator
    step = Step(
        name="consumption_tax",
        base=amount.amount,
        rate=rate_text(rate),
        amount=tax,
        rounding=FLOOR,
        note="the worker's consumption tax, a part of the agreed amount",
        account="",
    )
    return Money(amount.amount + tax, amount.currency), step


def total(steps: Iterable[Step]) -> int:
    """Return what these steps take together, in minor units."""
    return sum(s.amount for s in steps)


def by_account(steps: Iterable[Step]) -> dict[str, int]:
    """Return whose these steps become: ledger account -> minor units."""
    sums: dict[str, int] = {}
    for step in steps:
        sums[step.account] = sums.get(step.account, 0) + step.amount
    return {account: amount for account, amount in sums.items() if amount}


def _steps(
    schedule: Schedule, side: str, amount: int, mode: str, *, withheld: bool = False
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for levy in schedule.levies:
        if levy.side == side and mode in levy.modes and (withheld or levy.applies == ALWAYS):
            steps += _apply(levy, amount if levy.base == AMOUNT else _sum_of(levy.base, steps))
    return tuple(steps)


def _sum_of(name: str, steps: Iterable[Step]) -> int:
    return total(s for s in steps if s.name == name)


def _apply(levy: Levy, base: int) -> list[Step]:
    parts = _slab(levy.tiers, base) if levy.slab else _parts(levy.tiers, base)
    steps = [
        _step(levy, base=part, rate=rate, amount=part * rate.numerator // rate.denominator)
        for part, rate in parts
    ]
    raw = total(steps)
    if base and raw < levy.minimum:
        steps.append(_bound(levy, raw, levy.minimum, "raised to the minimum"))
    if levy.cap is not None and raw > levy.cap:
        steps.append(_bound(levy, raw, levy.cap, "lowered to the cap"))
    return steps


def _parts(tiers: tuple[Tier, ...], base: int) -> list[tuple[int, Fraction]]:
    parts, low = [], 0
    for tier in tiers:
        high = base if tier.up_to is None else min(base, tier.up_to)
        if high > low:
            parts.append((high - low, tier.rate))
            low = high
    return parts


def _slab(tiers: tuple[Tier, ...], base: int) -> list[tuple[int, Fraction]]:
    fitting = (t for t in tiers if t.up_to is None or base <= t.up_to)
    return [(base, next(fitting).rate)] if base else []


def _step(levy: Levy, *, base: int, rate: Fraction, amount: int) -> Step:
    return Step(
        name=levy.name,
        base=base,
        rate=rate_text(rate),
        amount=amount,
        rounding=FLOOR,
        note=levy.note,
        account=levy.account,
    )


def _bound(levy: Levy, raw: int, wanted: int, note: str) -> Step:
    return Step(
        name=levy.name,
        base=wanted,
        rate="1",
        amount=wanted - raw,
        rounding=EXACT,
        note=f"{note}: {wanted} in place of {raw}",
        account=levy.account,
    )


def _never_more_than(amount: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Nobody owes for having worked: what minimums take ends at the amount itself.

    The last levy gives way first.
    """
    over = total(steps) - amount
    relief = []
    for account, taken in reversed(by_account(steps).items()):
        if over <= 0:
            break
        less = min(over, taken)
        last = next(s for s in reversed(steps) if s.account == account)
        relief.append(_relief(last, less))
        over -= less
    return (*steps, *relief)


def _relief(last: Step, less: int) -> Step:
    return Step(
        name=last.name,
        base=less,
        rate="-1",
        amount=-less,
        rounding=EXACT,
        note=f"not more than the amount: {less} less",
        account=last.account,
    )


def rate_text(rate: Fraction) -> str:
    """Say a rate: `0.05`, or `1/11` where decimals have no end."""
    twos_and_fives = rate.denominator
    digits = 0
    while 10**digits % twos_and_fives:
        digits += 1
        if digits > 12:
            return f"{rate.numerator}/{rate.denominator}"
    if not digits:
        return str(rate.numerator)
    scaled = rate.numerator * 10**digits // rate.denominator
    return f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}}"
