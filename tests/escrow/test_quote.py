"""Quotes: the parts make up the whole, and a person with a pencil comes to the same."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escrow.domain import funding, quote, schedule, settlement
from services.escrow.domain.schedule import Levy, Schedule, Tier
from shared.errors import Invalid
from shared.money import AMOUNT_MAX, Money
from tests.escrow.builders import CLIENT, DEFAULT, NOW, RICH, a_hold

pytestmark = pytest.mark.pure

AMOUNTS = st.integers(1, AMOUNT_MAX)
RATES = st.builds(Fraction, st.integers(0, 3_000), st.just(10_000)) | st.just(Fraction(1, 11))


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 10**7), max_size=3)))
    return (*(Tier(draw(RATES), end) for end in ends), Tier(draw(RATES)))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    levies = []
    for n in range(draw(st.integers(0, 4))):
        side = draw(st.sampled_from(schedule.SIDES))
        bases = ["amount", *(one.name for one in levies if one.side == side)]
        levy = Levy(
            name=f"levy_{n}",
            side=side,
            account=draw(st.sampled_from(["fees", "tax:consumption", "tax:withholding"])),
            tiers=draw(tiers()),
            slab=draw(st.booleans()),
            base=draw(st.sampled_from(bases)),
            minimum=draw(st.integers(0, 1_000)),
            cap=draw(st.none() | st.integers(1_000, 10**6)),
        )
        levies.append(levy)
    return Schedule(profile="any", id="any", version=1, levies=tuple(levies))


@given(schedules(), AMOUNTS)
def test_the_parts_make_up_the_whole(fees: Schedule, amount: int) -> None:
    quoted = quote.of(fees, Money(amount), "project")
    assert quoted.client_pays.amount == amount + quote.total(quoted.client_steps)
    assert quoted.worker_gets.amount + quote.total(quoted.worker_steps) == amount
    assert quoted.worker_gets.amount >= 0
    assert quoted.client_pays - quoted.worker_gets == quoted.fee


@given(schedules(), AMOUNTS)
def test_a_person_can_recompute_every_floored_step(fees: Schedule, amount: int) -> None:
    quoted = quote.of(fees, Money(amount), "project")
    for step in (*quoted.client_steps, *quoted.worker_steps):
        if step.rounding == "floor":
            assert step.amount == Fraction(step.rate) * step.base // 1


@given(schedules(), AMOUNTS, st.data())
def test_a_settled_hold_leaves_nothing_and_pays_nobody_twice(
    fees: Schedule, amount: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, amount))
    funded = funding.from_wallet(a_hold(amount=amount, fees=fees), by=CLIENT, now=NOW)[0]
    after, _, entry = settlement.release(funded, amount=Money(part), cause="x", now=NOW)
    assert entry is not None
    assert sum(line.amount for line in entry.lines) == 0
    assert all(line.amount > 0 for line in entry.lines if line.account != funded.account)
    assert next(x.amount for x in entry.lines if x.account == funded.account) == -funded.held
    assert after.released + after.refunded == after.amount
    assert after.held == 0


@given(RATES)
def test_a_rate_is_said_exactly(rate: Fraction) -> None:
    assert Fraction(quote.rate_text(rate)) == rate


def test_the_default_profile_takes_five_percent_of_the_worker() -> None:
    words = quote.of(DEFAULT, Money(75_019), "project").words()
    assert words["schedule"] == {"id": "default", "version": 1}
    assert words["client"] == {"pays": {"amount": 75_019, "currency": "JPY"}, "steps": []}
    assert words["worker"]["gets"] == {"amount": 71_269, "currency": "JPY"}
    assert words["worker"]["steps"] == [
        {
            "name": "system_fee",
            "base": 75_019,
            "rate": "0.05",
            "amount": 3_750,
            "rounding": "floor",
            "note": "5 %, consumption tax included",
        }
    ]


def test_each_part_goes_at_its_own_rate() -> None:
    steps = quote.of(RICH, Money(300_000), "project").worker_steps
    assert [(s.name, s.base, s.rate, s.amount) for s in steps] == [
        ("system_fee", 100_000, "0.2", 20_000),
        ("system_fee", 100_000, "0.1", 10_000),
        ("system_fee", 100_000, "0.05", 5_000),
        ("tax_on_fee", 35_000, "0.1", 3_500),
    ]


def a_levy(**words: Any) -> dict[str, Any]:
    return {
        "name": "fee",
        "side": "worker",
        "account": "fees",
        "tiers": [{"rate": "0.22", "up_to": 20_000}, {"rate": "0.16"}],
        **words,
    }


def worker_gets(amount: int, *levies: dict[str, Any], mode: str = "project") -> int:
    fees = schedule.read({"id": "x", "version": 1, "levies": list(levies)}, "x")
    return quote.of(fees, Money(amount), mode).worker_gets.amount


def test_a_slab_takes_the_whole_at_one_rate() -> None:
    assert worker_gets(20_000, a_levy(slab=True)) == 15_600
    assert worker_gets(20_001, a_levy(slab=True)) == 16_801


def test_a_minimum_raises_and_a_cap_lowers() -> None:
    assert worker_gets(1_000, a_levy(minimum=500)) == 500
    assert worker_gets(10_000, a_levy(cap=1_000)) == 9_000


def test_nobody_owes_for_having_worked() -> None:
    assert worker_gets(300, a_levy(minimum=500)) == 0


def test_a_levy_is_for_its_modes() -> None:
    assert worker_gets(1_000, a_levy(modes=["task"])) == 1_000
    assert worker_gets(1_000, a_levy(modes=["task"]), mode="task") == 780


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(Invalid) as why:
        quote.of(DEFAULT, Money(1), "barter")
    assert why.value.code == "unknown_mode"


@pytest.mark.parametrize(
    "bad",
    [
        {"side": "nobody"},
        {"modes": ["barter"]},
        {"base": "later"},
        {"tiers": []},
        {"tiers": [{"rate": "0.1", "up_to": 5}]},
        {"tiers": [{"rate": "0.1"}, {"rate": "0.2"}]},
        {"tiers": [{"rate": "0.1", "up_to": 9}, {"rate": "0.1", "up_to": 5}, {"rate": "0.2"}]},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_at_the_start(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fee"):
        worker_gets(1, a_levy(**bad))
