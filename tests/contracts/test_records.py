"""Offers, contracts and messages as documents: what goes in comes out, whatever it has become."""

import contextlib
from collections import Counter
from dataclasses import fields, replace
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions

from services.contracts.domain import acts, asking, countering, hearing, hours, idle, silence
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.offer import MILESTONES_MAX, STATES, Offer
from services.contracts.domain.review import Review
from services.contracts.domain.sheet import Line
from services.contracts.domain.week import ENTRIES_MAX, WEEKS_MAX, Hourly, Time
from services.contracts.records import CONTRACTS, KINDS, LINES, MESSAGES, OFFERS
from shared import ids
from shared.documents import OUTBOX_MAX, Doc, Kind, newborn, stamp
from shared.errors import Conflict
from shared.moderation import Seen
from shared.money import AMOUNT_MAX
from tests.contracts.builders import CLIENT, DAY, NOON, WORKER, a_contract, an_offer, funded, yen
from tests.contracts.hourly import an_hourly_contract
from tests.contracts.test_disputes import an_end

pytestmark = pytest.mark.pure

OPTIONS: CodecOptions[Doc] = CodecOptions(tz_aware=True)


def through_mongo(kind: Kind[Any], thing: Any) -> Any:
    """Return a thing after it was written and read, as MongoDB does it."""
    return kind.from_doc(bson.decode(bson.encode(kind.to_doc(thing)), OPTIONS))


def contracts() -> list[Contract]:
    """Return contracts that have come far enough for each field to hold something."""
    it = a_contract(10_000, 20_000)
    found = [it, silence.resolve(it, now=NOON + DAY)[0]]
    it = funded(funded(it), 2)
    found.append(it)
    found.append(silence.resolve(it, now=NOON + 30 * DAY)[0])
    it, _ = acts.deliver(it, n=1, by=WORKER, note="x", links=("https://a.example",), now=NOON)
    found.append(it)
    asked, _ = acts.request_changes(it, n=1, by=CLIENT, note="y", now=NOON)
    found.append(asked)
    it, _ = acts.accept(it, n=1, by=CLIENT, amount=yen(7), reason="z", now=NOON)
    found.append(it)
    words: dict[str, Any] = {"type_": "escrow.released", "n": 1, "amount": yen(7)}
    it, _ = hearing.hear_escrow(it, now=NOON, **words)
    found.append(it)
    found.append(silence.resolve(a_contract(), now=NOON + 20 * DAY)[0])
    done = _completed(a_contract())
    written = Review(id="rev_1", satisfied=True, comment="よい", at=NOON)
    found += [done, replace(done, reviews=replace(done.reviews, client=written))]
    return found


def _completed(it: Contract) -> Contract:
    it, _ = acts.deliver(funded(it), n=1, by=WORKER, note="x", now=NOON)
    it, _ = acts.accept(it, n=1, by=CLIENT, now=NOON)
    amount = it.milestones[0].amount
    words: dict[str, Any] = {"type_": "escrow.released", "n": 1, "amount": amount}
    return hearing.hear_escrow(it, now=NOON, **words)[0]


@pytest.mark.parametrize("it", contracts(), ids=lambda it: it.state)
def test_a_contract_comes_back_as_it_went(it: Contract) -> None:
    assert through_mongo(CONTRACTS, it) == it


@pytest.mark.parametrize("state", STATES)
def test_an_offer_comes_back_as_it_went(state: str) -> None:
    it = an_offer(10_000, 20_000, state=state, job_id="job_1", proposal_id="pro_1")
    it = replace(it, answered_at=NOON, contract_id="con_1")
    assert through_mongo(OFFERS, it) == it


def hourly_contracts() -> list[Contract]:
    """Return contracts by the hour that have come far enough for each field to hold something."""
    it = an_hourly_contract(Hourly(rate=yen(3_001), cap_hours=20, until=NOON + 90 * DAY))
    words: dict[str, Any] = {"n": 1, "by": WORKER, "note": "設計", "now": NOON}
    noted, _ = hours.note_time(it, time_id="tim_1", day=NOON.date(), minutes=90, **words)
    submitted, _ = hours.submit(noted, n=1, by=WORKER, now=NOON)
    asked, _ = asking.propose_rate(
        noted, by=WORKER, ask_id="chg_1", reason="-", weekly_cap_hours=30, now=NOON
    )
    ended, _ = hours.end(asked, by=CLIENT, reason="-", now=NOON)
    confirmed, _ = idle.confirm(it, by=CLIENT, now=NOON)
    return [it, noted, submitted, asked, ended, confirmed, replace(it, idle_told_at=NOON)]


@pytest.mark.parametrize("it", hourly_contracts())
def test_an_hourly_contract_comes_back_as_it_went(it: Contract) -> None:
    assert through_mongo(CONTRACTS, it) == it


def test_an_hourly_offer_and_a_line_come_back_as_they_went() -> None:
    it = countering.hourly(an_offer(), Hourly(rate=yen(3_001), cap_hours=20), NOON)
    assert through_mongo(OFFERS, it) == it
    line = Line(
        id="tim_1", contract_id="con_1", n=1, day="2026-03-02", minutes=9, note="-", at=NOON
    )
    assert through_mongo(LINES, line) == line


def test_the_fullest_hourly_contract_stays_below_256_kb() -> None:
    """Three years of weeks, as many sheets in review as there can be, all of them full of lines.

    And each week that is over was disputed.
    """
    terms = Hourly(rate=yen(10**9), cap_hours=168)
    it = an_hourly_contract(terms, title="字" * 200, scope="字" * 20_000, review_days=30)
    times = tuple(Time(id=ids.new("tim"), day="2026-03-02", minutes=1) for _ in range(ENTRIES_MAX))
    one = it.milestones[0]
    assert one.week
    full = replace(one, week=replace(one.week, times=times), changes_note="字" * 1_000)
    over = replace(one, state="paid", released=one.amount)
    waiting = 9  # thirty days of inspection, rounds and all within sixty
    past = replace(an_end(), id=ids.new("dsp"), held=yen(10**12), worker_gets=yen(10**12))
    it = replace(
        it,
        milestones=(over,) * (WEEKS_MAX - waiting) + (full,) * waiting,
        past_disputes=(past,) * (WEEKS_MAX - waiting),
    )
    assert len(bson.encode(newborn(CONTRACTS, it, [], once=None))) < 256 * 1024


def test_a_message_comes_back_as_it_went() -> None:
    it = Message(
        id="msg_1", thread="off_1", sender_id=CLIENT, recipient_id=WORKER, text="\n山\t", at=NOON
    )
    assert through_mongo(MESSAGES, it) == it
    held = Seen(state="held", findings=("payment_outside",), release_at=NOON, unseen=True)
    it = replace(it, title="ロゴ", seen=held)
    assert through_mongo(MESSAGES, it) == it


def test_the_largest_amounts_come_back_as_they_went() -> None:
    it = an_offer(AMOUNT_MAX)
    assert through_mongo(OFFERS, it) == it
    assert through_mongo(CONTRACTS, a_contract(AMOUNT_MAX)).milestones[0].amount == yen(AMOUNT_MAX)


@pytest.mark.parametrize(("kind", "thing"), [(OFFERS, an_offer()), (CONTRACTS, a_contract())])
def test_no_field_of_a_thing_is_forgotten(kind: Kind[Any], thing: Offer | Contract) -> None:
    names = {f.name for f in fields(thing)} - {"id"}
    assert names <= set(kind.to_doc(thing))


def test_domain_fields_never_take_the_place_of_the_stores_own() -> None:
    own = {"version", "outbox", "receipts", "born_of", "wake_at", "leased_until", "wake_tries"}
    things: dict[str, Any] = {"offers": an_offer(), "contracts": a_contract()}
    for kind in KINDS:
        if kind.collection in things:
            assert not own & set(kind.to_doc(things[kind.collection]))


def test_ids_have_the_prefix_of_their_kind() -> None:
    assert [(k.name, k.prefix) for k in KINDS] == [
        *(("offer", "off"), ("contract", "con"), ("message", "msg"), ("time", "tim")),
        ("departure", "mem"),
    ]


def test_the_fullest_contract_stays_below_256_kb() -> None:
    """50 milestones, all delivered and sent back with the longest of texts, as far as it goes."""
    it = a_contract(*[10**12] * MILESTONES_MAX, title="字" * 200, scope="字" * 20_000, revisions=20)
    links = tuple("https://example.com/" + "x" * 480 for _ in range(10))
    text = "字" * 5_000
    for n in range(1, MILESTONES_MAX + 1):
        it = funded(it, n)
        with contextlib.suppress(Conflict):
            it, _ = acts.deliver(it, n=n, by=WORKER, note=text, links=links, now=NOON)
            it, _ = acts.request_changes(it, n=n, by=CLIENT, note=text, now=NOON)
    for m in it.milestones:
        with contextlib.suppress(Conflict):
            it, _ = acts.deliver(it, n=m.n, by=WORKER, note=text, links=links, now=NOON)
            if m.n % 2:
                it, _ = acts.accept(it, n=m.n, by=CLIENT, now=NOON)
    states = Counter(m.state for m in it.milestones)
    assert states["delivered"] + states["accepted"] == acts.WAITING_DELIVERIES_MAX
    assert len(bson.encode(newborn(CONTRACTS, it, [], once=None))) < 256 * 1024


def test_a_full_outbox_keeps_a_document_far_from_mongodbs_limit() -> None:
    it = a_contract(state="active")
    said = acts.deliver(it, n=1, by=WORKER, note="字" * 5_000, now=NOON)[1]
    waiting = stamp(said * OUTBOX_MAX, version=1, now=NOON)
    doc = newborn(CONTRACTS, it, waiting, once=None)
    assert len(bson.encode(doc)) < 15 * 1024 * 1024
