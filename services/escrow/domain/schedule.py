"""A marketplace's fees as data: who bears what, on what, at which rates, whose it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

MODES = ("project", "competition", "task", "storefront")
ALWAYS = "always"
WITHHOLDING = "withholding"
SIDES = ("client", "worker")
AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate, and how far it reaches: up to and with `up_to` minor units, None without end."""

    rate: Fraction
    up_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Levy:
    """One fee or tax of a schedule: who bears it, on what, at which rates, and whose it becomes.

    `base` is `amount` or the name of an earlier levy of the same side (a tax on the fee). With
    `slab` the whole base goes at the rate of the tier it falls in; else each part at its own rate.
    One that `applies` for withholding is left out unless tax is to be withheld of this work.
    """

    name: str
    side: str
    account: str
    tiers: tuple[Tier, ...]
    slab: bool = False
    base: str = AMOUNT
    minimum: int = 0
    cap: int | None = None
    modes: tuple[str, ...] = MODES
    note: str = ""
    applies: str = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A marketplace's fees from one date on; levies apply in the order they stand in."""

    profile: str
    id: str
    version: int
    levies: tuple[Levy, ...] = ()
    effective_from: str = ""

    def withholds(self, mode: str) -> bool:
        """Say whether tax can be withheld of work in this mode."""
        return any(one.applies == WITHHOLDING and mode in one.modes for one in self.levies)


def read(
    words: Mapping[str, Any], profile: str, withholding: Mapping[str, Any] | None = None
) -> Schedule:
    """Read one of the `[[schedules]]` of a profile; its `[withholding]` is a levy of each.

    :raises ValueError: it names an unknown side or mode, a base that is no earlier levy, or tiers
        that do not rise to one without end
    """
    levies: list[Levy] = []
    for group in words.get("levies", ()):
        levies.append(_levy_of(group, {one.name for one in levies if one.side == group["side"]}))
    if withholding is not None:
        levies.append(_levy_of({**withholding, **_WITHHELD}, set()))
    since: date | None = words.get("effective_from")
    return Schedule(
        profile=profile,
        id=words["id"],
        version=words["version"],
        levies=tuple(levies),
        effective_from=since.isoformat() if since else "",
    )


_WITHHELD = {
    "name": "withholding_tax",
    "side": "worker",
    "account": "tax:withholding",
    "applies": WITHHOLDING,
}


def _levy_of(words: Mapping[str, Any], earlier: set[str]) -> Levy:
    tiers = tuple(Tier(Fraction(t["rate"]), t.get("up_to")) for t in words["tiers"])
    modes = tuple(words.get("modes", MODES))
    ends = [t.up_to for t in tiers]
    if words["side"] not in SIDES:
        raise ValueError(f"{words['name']}: a side is client or worker")
    if unknown := set(modes) - set(MODES):
        raise ValueError(f"{words['name']}: no such mode: {', '.join(sorted(unknown))}")
    if words.get("base", AMOUNT) not in {AMOUNT, *earlier}:
        raise ValueError(f"{words['name']}: its base is no earlier levy of this side")
    bounds = [end for end in ends[:-1] if end is not None]
    if not ends or ends[-1] is not None or len(bounds) != len(ends) - 1 or bounds != sorted(bounds):
        raise ValueError(f"{words['name']}: tiers rise, and the last has no end")
    return Levy(
        name=words["name"],
        side=words["side"],
        account=words["account"],
        tiers=tiers,
        slab=words.get("slab", False),
        base=words.get("base", AMOUNT),
        minimum=words.get("minimum", 0),
        cap=words.get("cap"),
        modes=modes,
        note=words.get("note", ""),
        applies=words.get("applies", ALWAYS),
    )
