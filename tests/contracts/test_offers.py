"""Offers and counter-offers: whose turn it is, what is on the table, what silence does."""

from datetime import timedelta
from typing import Any

import pytest

from services.contracts.domain import countering, offer
from services.contracts.domain.offer import OPEN, STATES, Offer
from services.contracts.domain.times import timers
from shared import catalog, clock
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.moves import Outcome
from tests.callers import Caller
from tests.contracts.builders import CLIENT, DAY, NOON, STRANGER, WORKER, an_offer, planned, yen

LATER = NOON + 3 * DAY
ACTS = {
    "accept": lambda o, by: offer.accept(o, by=by, contract_id="con_1", now=LATER),
    "decline": lambda o, by: offer.decline(o, by=by, now=LATER),
    "counter": lambda o, by: countering.counter(o, by=by, amount=yen(80_000), now=LATER),
    "withdraw": lambda o, by: offer.withdraw(o, by=by, now=LATER),
}


def countered(**terms: Any) -> Offer:
    """Return an offer to which the worker has answered with other terms."""
    terms = terms or {"amount": yen(90_000)}
    return said(countering.counter(an_offer(), by=WORKER, now=LATER, **terms))[0]


def said(outcome: Outcome[Offer]) -> Outcome[Offer]:
    """Check that what was said is what the catalog promises."""
    for fact in outcome[1]:
        catalog.said(fact.type, fact.data)
    return outcome


@pytest.mark.pure
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_every_act_in_every_state(act: str, state: str) -> None:
    it = an_offer(state=state)
    by = CLIENT if act == "withdraw" or state == "countered" else WORKER
    if state in OPEN:
        after, facts = said(ACTS[act](it, by))
        assert after.state == offer.MOVES[act][state]
        assert len(facts) == 1
    else:
        with pytest.raises(Conflict, match=state):
            ACTS[act](it, by)


@pytest.mark.pure
@pytest.mark.parametrize("act", ["accept", "decline", "counter"])
def test_only_the_side_whose_turn_it_is_answers(act: str) -> None:
    for it, wrong in ((an_offer(), CLIENT), (countered(), WORKER)):
        with pytest.raises(Forbidden) as no:
            ACTS[act](it, wrong)
        assert no.value.code == f"not_the_{offer.TURN[it.state]}"
        with pytest.raises(Unknown):
            ACTS[act](it, STRANGER)


@pytest.mark.pure
def test_a_counter_has_a_time_of_its_own_and_keeps_what_it_does_not_name() -> None:
    it, (fact,) = said(countering.counter(an_offer(), by=WORKER, amount=yen(90_000), now=LATER))

    assert it.answer_by == LATER + timers().offer_answer
    assert (it.amount, it.milestones[0].amount) == (yen(90_000), yen(90_000))
    assert it.scope == an_offer().scope
    assert fact.data["answerer_id"] == CLIENT
    assert offer.next_of(it) == {
        "actor": "client",
        "action": "answer",
        "by": clock.text(it.answer_by),
        "otherwise": "expired",
    }


@pytest.mark.pure
def test_the_contract_is_formed_of_the_terms_on_the_table() -> None:
    parts = planned(40_000, 45_000)
    it = countered(amount=yen(85_000), milestones=parts)

    _, (fact,) = said(offer.accept(it, by=CLIENT, contract_id="con_1", now=LATER))

    assert [m["amount"]["amount"] for m in fact.data["milestones"]] == [40_000, 45_000]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({}, "nothing_changed"),
        ({"amount": yen(75_000)}, "nothing_changed"),
        ({"milestones": planned(1, 2)}, "milestones_sum"),
    ],
)
def test_terms_that_are_none_are_refused(terms: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as no:
        countering.counter(an_offer(), by=WORKER, now=LATER, **terms)
    assert no.value.code == code


@pytest.mark.pure
def test_a_new_amount_of_several_milestones_must_name_them() -> None:
    with pytest.raises(Invalid, match="sum to"):
        countering.counter(an_offer(40_000, 45_000), by=WORKER, amount=yen(90_000), now=LATER)


@pytest.mark.pure
def test_nobody_counters_for_ever() -> None:
    with pytest.raises(Conflict) as no:
        countering.counter(
            an_offer(counters=offer.COUNTERS_MAX), by=WORKER, amount=yen(1), now=LATER
        )
    assert no.value.code == "too_many_counters"


@pytest.mark.pure
def test_a_counter_offer_may_be_taken_back_by_its_maker_and_the_offer_by_the_client() -> None:
    for by, role in ((WORKER, "worker"), (CLIENT, "client"), ("system", "system")):
        it, facts = said(offer.withdraw(countered(), by=by, now=LATER))
        assert (it.state, facts[0].data["by"]) == ("withdrawn", role)
    with pytest.raises(Forbidden):
        offer.withdraw(an_offer(), by=WORKER, now=LATER)


@pytest.mark.pure
@pytest.mark.parametrize("it", [an_offer(), countered()])
def test_silence_ends_an_offer_in_either_turn(it: Offer) -> None:
    at = offer.wake(it)
    assert at == it.answer_by
    with pytest.raises(Conflict, match="time to answer"):
        offer.lapse(it, now=it.answer_by - timedelta(seconds=1))
    after, facts = said(offer.lapse(it, now=it.answer_by))
    assert (after.state, offer.wake(after)) == ("expired", None)
    assert [f.type for f in facts] == ["offer.expired"]


# over HTTP


def test_a_counter_offer_over_http_to_its_contract(client: Caller, worker: Caller) -> None:
    path = f"/v1/offers/{_sent(client, worker)}"
    money = {"amount": 80_000, "currency": "JPY"}

    answer = worker.post(f"{path}/counter", {"amount": money}, key="k")
    assert (answer.status_code, answer.json["state"]) == (200, "countered")
    assert worker.post(f"{path}/counter", {"amount": money}, key="k").json["counters"] == 1
    assert worker.post(f"{path}/accept").status_code == 403
    history = client.get(path).json["history"]
    assert [(h["by"], h["amount"]["amount"]) for h in history] == [
        ("client", 75_000),
        ("worker", 80_000),
    ]
    allowed = {a["name"] for a in client.get(path).json["actions"] if a["allowed"]}
    assert allowed == {"accept", "decline", "counter", "withdraw", "write"}

    formed = client.post(f"{path}/accept")
    assert (formed.status_code, formed.json["amount"]) == (201, money)
    assert worker.post(f"{path}/counter", {"amount": money}).status_code == 409


def test_counter_offers_that_are_refused_change_nothing(
    client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = f"/v1/offers/{_sent(client, worker)}"
    before = worker.get(path)
    money = {"amount": 80_000, "currency": "USD"}

    assert stranger.post(f"{path}/counter", {"scope": "x"}).status_code == 404
    assert client.post(f"{path}/counter", {"scope": "x"}).status_code == 403
    for words in ({}, {"amount": money}, {"amount": 5}, {"state": "accepted"}):
        assert worker.post(f"{path}/counter", words).status_code == 422
    assert worker.get(path).headers["ETag"] == before.headers["ETag"]


def _sent(client: Caller, worker: Caller) -> str:
    words = {
        "worker_id": worker.id,
        "title": "ロゴ",
        "scope": "三案ください。",
        "amount": {"amount": 75_000, "currency": "JPY"},
        "deliver_by": clock.text(clock.now() + 20 * DAY),
    }
    answer = client.post("/v1/offers", words)
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])
