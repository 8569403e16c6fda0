"""Every shipped marketplace: its published figures, and each step recomputed with a pencil."""

import tomllib
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escrow import profiles
from services.escrow.domain import quote
from services.escrow.domain.schedule import MODES, Schedule
from shared.money import Money
from tests.escrow.builders import NOW

pytestmark = pytest.mark.pure
FOLDER = Path("deploy/profiles")
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def words_of(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


PROFILES = {name: profiles.read(words_of(name)) for name in NAMES}
SCHEDULES = [fees for profile in PROFILES.values() for fees in profile.schedules]


def fees_of(name: str, at: datetime = NOW) -> Schedule:
    return PROFILES[name].schedule_at(at)


def test_the_seven_are_there() -> None:
    assert {
        "default",
        "lancers",
        "crowdworks",
        "bizseek",
        "craudia",
        "coconala",
        "skima",
    } == set(NAMES)


# What the client pays and the worker gets of an amount with tax, worked out by hand from the
# published rules.
PUBLISHED = [
    ("default", "project", 100_000, 100_000, 95_000),
    ("default", "task", 33, 33, 32),
    # 16.5 % and 5.5 %, each rounded down: 16.5 % of 12,345 is 2,036.925, 5.5 % is 678.975.
    ("lancers", "project", 100_000, 105_500, 83_500),
    ("lancers", "task", 12_345, 13_023, 10_309),
    ("lancers", "storefront", 1, 1, 1),
    # 20,000 + 10,000 + 5,000 and a tenth of it in tax.
    ("crowdworks", "project", 300_000, 300_000, 261_500),
    ("crowdworks", "competition", 100_000, 100_000, 78_000),
    # 20 % of 33 is 6 (6.6), its tax 0 (0.6).
    ("crowdworks", "task", 33, 33, 27),
    ("crowdworks", "task", 250_000, 250_000, 195_000),
    # 11,000 + 5,500.
    ("bizseek", "project", 200_000, 200_000, 183_500),
    # 7,500 + 5,000 + 45,000 + 30,000.
    ("craudia", "project", 2_000_000, 2_000_000, 1_912_500),
    ("coconala", "storefront", 10_000, 10_550, 7_800),
    # The cliff: 22 % of all, then 16 % of all, then 11 % of all.
    ("skima", "storefront", 20_000, 20_000, 15_600),
    ("skima", "storefront", 20_001, 20_001, 16_801),
    ("skima", "storefront", 50_000, 50_000, 42_000),
    ("skima", "storefront", 50_001, 50_001, 44_501),
]


@pytest.mark.parametrize(("name", "mode", "amount", "pays", "gets"), PUBLISHED)
def test_the_published_figures(name: str, mode: str, amount: int, pays: int, gets: int) -> None:
    quoted = quote.of(fees_of(name), Money(amount), mode)

    assert (quoted.client_pays.amount, quoted.worker_gets.amount) == (pays, gets)


def pencil(step: dict[str, Any]) -> int:
    """Work one step out as a person does, in decimals, without the engine."""
    numerator, _, denominator = step["rate"].partition("/")
    exact = Decimal(step["base"]) * Decimal(numerator) / Decimal(denominator or 1)
    return int(exact.to_integral_value(ROUND_FLOOR))


AMOUNTS = st.one_of(st.integers(1, 3_000_000), st.integers(1, 10**12))


@given(st.sampled_from(SCHEDULES), AMOUNTS, st.sampled_from(MODES), st.booleans())
def test_every_schedule_can_be_recomputed_from_its_steps(
    fees: Schedule, amount: int, mode: str, withheld: bool
) -> None:
    said = quote.of(fees, Money(amount), mode, withheld=withheld).words()
    client, worker = said["client"], said["worker"]

    assert all(pencil(step) == step["amount"] for step in client["steps"] + worker["steps"])
    assert client["pays"]["amount"] == amount + sum(map(pencil, client["steps"]))
    assert worker["gets"]["amount"] == amount - sum(map(pencil, worker["steps"]))
    # The parts that a levy's tiers make of its base are the base again.
    for fee, tax in (("system_fee", "tax_on_fee"), ("task_fee", "tax_on_task_fee")):
        if taxed := [step for step in worker["steps"] if step["name"] == tax]:
            assert taxed[0]["base"] == sum(map(pencil, _named(worker["steps"], fee)))
    for name in {step["name"] for step in client["steps"] + worker["steps"]}:
        if not name.startswith("tax_on"):
            steps = _named(client["steps"] + worker["steps"], name)
            assert sum(step["base"] for step in steps) == amount


def _named(steps: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [step for step in steps if step["name"] == name]


# What each marketplace publishes, as one sum each: worked out without schedules, tiers or steps.


def _parts(amount: int, *tiers: tuple[int, int], rest: int) -> int:
    """Take per mille of each part, each rounded down: `(up to, per mille)`."""
    taken = low = 0
    for high, per_mille in tiers:
        taken += max(min(amount, high) - low, 0) * per_mille // 1000
        low = high
    return taken + max(amount - low, 0) * rest // 1000


def _crowdworks(amount: int, mode: str) -> int:
    marginal = _parts(amount, (100_000, 200), (200_000, 100), rest=50)
    fee = amount // 5 if mode == "task" else marginal
    return fee + fee // 10


WORKER_BEARS = {
    "default": lambda amount, _: amount // 20,
    "lancers": lambda amount, _: amount * 165 // 1000,
    "crowdworks": _crowdworks,
    "bizseek": lambda amount, _: _parts(amount, (100_000, 110), rest=55),
    "craudia": lambda amount, _: _parts(
        amount, (50_000, 150), (100_000, 100), (1_000_000, 50), rest=30
    ),
    "coconala": lambda amount, _: amount * 22 // 100,
    "skima": lambda amount, _: (
        amount * (22 if amount <= 20_000 else 16 if amount <= 50_000 else 11) // 100
    ),
}
CLIENT_BEARS = {"lancers": 55, "coconala": 55}


@given(st.sampled_from(NAMES), AMOUNTS, st.sampled_from(MODES))
def test_the_seven_take_what_they_publish_and_no_yen_more(
    name: str, amount: int, mode: str
) -> None:
    quoted = quote.of(fees_of(name), Money(amount), mode)

    assert quoted.worker_gets.amount == amount - min(WORKER_BEARS[name](amount, mode), amount)
    assert quoted.client_pays.amount == amount + amount * CLIENT_BEARS.get(name, 0) // 1000


MARGINAL = [fees for fees in SCHEDULES if not any(levy.slab for levy in fees.levies)]


@given(st.sampled_from(MARGINAL), AMOUNTS, st.sampled_from(MODES), st.booleans())
def test_more_work_never_pays_less_where_no_slab_is(
    fees: Schedule, amount: int, mode: str, withheld: bool
) -> None:
    """But for the rounding: a yen more may be the whole yen for a fee and for its tax as well."""
    less = quote.of(fees, Money(amount), mode, withheld=withheld)
    more = quote.of(fees, Money(amount + 1), mode, withheld=withheld)
    roundings = len({step.name for step in more.worker_steps})

    assert more.worker_gets.amount >= less.worker_gets.amount + min(1 - roundings, 0)
    assert more.fee.amount >= less.fee.amount
    assert more.client_pays.amount > less.client_pays.amount


@pytest.mark.parametrize("fees", SCHEDULES, ids=lambda f: f"{f.id}-{f.version}")
def test_slabs_fall_where_the_file_says_and_nowhere_else(fees: Schedule) -> None:
    """At a slab's end one yen more is charged less: a cliff in the worker's favour."""
    ends = {t.up_to for levy in fees.levies if levy.slab for t in levy.tiers if t.up_to}
    takes = [quote.of(fees, Money(n), "storefront").fee.amount for n in range(1, 60_003)]
    cliffs = {n for n in range(1, 60_001) if takes[n] < takes[n - 1]}

    assert cliffs == ends
    assert bool(ends) == (fees.profile == "skima")


@pytest.mark.parametrize(
    ("amount", "withheld"),
    [
        (10_000, 1_021),
        (9_999, 1_020),  # 1,020.8979
        (1_000_000, 102_100),
        (1_000_001, 102_100),  # 0.2042 of the last yen
        (1_500_000, 204_200),
    ],
)
def test_tax_is_withheld_as_the_tax_office_has_it(amount: int, withheld: int) -> None:
    plain = quote.of(fees_of("crowdworks"), Money(amount), "project")
    kept = quote.of(fees_of("crowdworks"), Money(amount), "project", withheld=True)

    steps = [s for s in kept.worker_steps if s.name == "withholding_tax"]
    assert sum(s.amount for s in steps) == withheld
    assert {s.account for s in steps} == {"tax:withholding"}
    assert kept.worker_gets.amount == plain.worker_gets.amount - withheld
    assert kept.client_pays == plain.client_pays


def test_tax_is_withheld_only_in_the_modes_of_the_profile() -> None:
    assert fees_of("crowdworks").withholds("project")
    assert not fees_of("crowdworks").withholds("task")
    assert not fees_of("skima").withholds("project")
    task = quote.of(fees_of("crowdworks"), Money(10_000), "task", withheld=True)
    assert task == quote.of(fees_of("crowdworks"), Money(10_000), "task")


def test_a_schedule_applies_from_its_day_in_japan() -> None:
    last_evening = datetime(2022, 9, 30, 14, 59, 59, tzinfo=UTC)
    midnight = datetime(2022, 9, 30, 15, 0, tzinfo=UTC)

    before, after = fees_of("lancers", last_evening), fees_of("lancers", midnight)

    assert (before.version, after.version) == (1, 2)
    assert quote.of(before, Money(300_000), "project").worker_gets.amount == 265_000
    assert quote.of(after, Money(300_000), "project").worker_gets.amount == 250_500


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2023, 9, 30), "1"),
        (date(2026, 9, 30), "0.8"),
        (date(2026, 10, 1), "0.7"),
        (date(2030, 9, 30), "0.5"),
        (date(2031, 10, 1), "0"),
    ],
)
def test_the_deductible_share_falls_by_date(day: date, share: str) -> None:
    assert PROFILES["default"].invoicing.deductible(day) == Fraction(share)


def test_consumption_tax_is_added_to_an_amount_without_it() -> None:
    whole, step = quote.with_tax(Money(1_234), Fraction("0.1"))

    assert (whole.amount, step.base, step.rate, step.amount) == (1_357, 1_234, "0.1", 123)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedules": []},
        {"schedules": [{"id": "x", "version": 2}, {"id": "x", "version": 1}]},
        {"payouts": {"minimum": {"XXX": 1}}},
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"order|currency"):
        profiles.read({**words_of("default"), **wrong})
