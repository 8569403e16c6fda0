"""Disputes: the claim, the answer, the end in any case; over HTTP, with every refusal."""

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.domain import dispute, hearing, silence
from services.contracts.domain.contract import Contract
from services.contracts.domain.parting import Ended
from shared.store import Db
from tests.callers import Caller
from tests.contracts.builders import CLIENT, DAY, NOON, WORKER, a_contract, funded, yen
from tests.contracts.test_asking import keep, money, of
from tests.contracts.worlds import a_world, steps


def disputed(by: str = CLIENT, claim: int = 30_000) -> Contract:
    """Return a contract about whose 75,000 yen there is a dispute since NOON."""
    it = a_contract(state="delivered")
    return dispute.open_(
        it, by=by, dispute_id="dsp_1", claim=yen(claim), reason="quality", now=NOON
    )[0]


def an_end() -> Ended:
    """Return how a dispute about 1,000 yen ended before the one that is opened now."""
    return Ended(
        id="dsp_0",
        by="client",
        reason="late",
        state="decided",
        held=yen(1_000),
        worker_gets=yen(500),
        opened_at=NOON,
        ended_at=NOON + 7 * DAY,
        ended_by="silence",
    )


@pytest.mark.pure
@pytest.mark.parametrize(("by", "worker_gets"), [(CLIENT, 45_000), (WORKER, 30_000)])
def test_the_claim_stands_when_the_respondent_is_silent(by: str, worker_gets: int) -> None:
    it = disputed(by)

    after, facts = silence.resolve(it, now=NOON + 7 * DAY)

    assert silence.wake(it) == NOON + 7 * DAY
    assert after.dispute
    assert (after.dispute.state, after.dispute.ended_by) == ("decided", "silence")
    assert facts[0].type == "dispute.decided"
    assert facts[0].data["worker_gets"] == money(worker_gets)
    assert facts[0].data["client_gets"] == money(75_000 - worker_gets)


@pytest.mark.pure
def test_a_late_operator_is_escalated_and_then_it_is_split_as_the_respondent_proposed() -> None:
    it = disputed(CLIENT)
    it, _ = dispute.propose(it, by=WORKER, worker_gets=yen(60_000), now=NOON + DAY)
    it, _ = dispute.propose(it, by=CLIENT, worker_gets=yen(1), now=NOON + 2 * DAY)

    late, facts = silence.resolve(it, now=NOON + 8 * DAY)
    assert [f.type for f in facts] == ["dispute.escalated"]
    ended, facts = silence.resolve(late, now=NOON + 15 * DAY)

    assert facts[0].data["worker_gets"] == money(60_000)
    assert "proposed" in facts[0].data["reason"]
    assert ended.dispute
    assert ended.dispute.state == "decided"


@pytest.mark.pure
def test_the_money_of_several_milestones_is_divided_in_their_order() -> None:
    it = funded(a_contract(40_000, 50_000, state="active"), 2)
    it, _ = dispute.open_(
        it, by=WORKER, dispute_id="dsp_1", claim=yen(45_000), reason="conduct", now=NOON
    )
    _, facts = dispute.accept(it, by=CLIENT, now=NOON)

    shares = [(f.data["milestone"], f.data["worker_gets"]["amount"]) for f in facts]
    assert shares == [(1, 40_000), (2, 5_000)]
    assert {f.type for f in facts} == {"dispute.settled"}


@pytest.mark.pure
def test_a_decision_is_said_again_until_escrow_answers() -> None:
    it, first = dispute.accept(disputed(), by=WORKER, now=NOON)
    again, facts = silence.resolve(it, now=NOON + DAY)
    assert [f.data for f in facts] == [f.data for f in first]
    assert again.dispute
    assert again.dispute.due == NOON + DAY + dispute.parts.ASK_AGAIN


@pytest.mark.pure
def test_a_settlement_completes_the_contract_and_frees_what_was_never_funded() -> None:
    world = a_world(40_000, 50_000)
    for name in ("fund 1", "deliver 1", "dispute by client", "propose by worker"):
        world = dict(steps(world))[name]
    world = dict(steps(world))["accept settlement"]
    assert world.contract.state == "completed"
    assert [m.state for m in world.contract.milestones] == ["split", "pending"]
    assert [h.state for h in world.holds.values()] == ["split", "cancelled"]


# over HTTP


def test_a_dispute_from_its_claim_to_its_settlement(client: Caller, worker: Caller, db: Db) -> None:
    path = keep(db, of(client, worker, state="delivered"))
    at = f"{path}/dispute"

    opened = client.post(at, {"claim": money(30_000), "reason": "plagiarism"})
    assert (opened.status_code, opened.json["state"]) == (201, "disputed")
    assert opened.json["next"]["otherwise"] == "claim_stands"
    assert worker.post(f"{at}/evidence", {"note": "下書き", "links": []}).status_code == 201
    said = worker.post(f"{at}/propose", {"client_gets": money(0)}).json
    assert (said["dispute"]["state"], said["next"]["actor"]) == ("answered", "ops")
    client.post(f"{at}/propose", {"worker_gets": money(70_000)})
    stale = worker.post(f"{at}/accept", {"proposal": 1})
    assert stale.json["code"] == "proposal_changed"
    ended = worker.post(f"{at}/accept", {"proposal": 3}, key="k").json

    assert ended["dispute"]["state"] == "settled"
    assert ended["dispute"]["worker_gets"] == money(70_000)
    assert worker.post(f"{at}/accept", {"proposal": 3}, key="k").status_code == 200
    for what, words in (("accept", {}), ("propose", {"worker_gets": money(1)})):
        assert client.post(f"{at}/{what}", words).json["code"] == "wrong_state"


def test_an_operator_decides_with_a_reason(
    client: Caller, worker: Caller, ops: Caller, stranger: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker, state="delivered"))
    at = f"{path}/dispute"
    words: dict[str, Any] = {"worker_gets": money(50_000), "reason": "一部は仕様どおりでした。"}

    assert ops.post(f"{at}/decide", words).status_code == 404
    client.post(at, {"claim": money(75_000), "reason": "思っていたものと違う"})
    assert ops.get(path).json["dispute"]["reason"] == "other"
    assert stranger.post(f"{at}/decide", words).status_code == 404
    assert client.post(f"{at}/decide", words).json["code"] == "not_an_operator"
    assert ops.post(f"{at}/decide", {"worker_gets": money(5)}).status_code == 422
    assert ops.post(f"{at}/decide", {"reason": "-"}).json["code"] == "share_required"
    assert [c["id"] for c in ops.get("/v1/contracts/disputes").json["items"]]
    assert client.get("/v1/contracts/disputes").status_code == 403

    decided = ops.post(f"{at}/decide", words).json["dispute"]
    assert (decided["state"], decided["decision"]) == ("decided", words["reason"])
    assert ops.post(f"{at}/decide", words).json["code"] == "wrong_state"
    assert ops.get("/v1/contracts/disputes").json["items"] == []
    stats = Caller(client.app).get("/v1/contracts/disputes/statistics").json
    (row,) = stats["by_reason"]
    assert (row["reason"], row["decided_by_ops"], row["ended"]) == ("other", 1, 1)
    assert row["worker_share"] == pytest.approx(2 / 3)


def test_two_disputes_of_one_contract_are_told_and_counted_each_with_its_end(
    client: Caller, worker: Caller, db: Db
) -> None:
    it = replace(of(client, worker, state="delivered"), past_disputes=(an_end(),))
    path = keep(db, it)
    client.post(f"{path}/dispute", {"claim": money(15_000), "reason": "quality"})
    said = worker.post(f"{path}/dispute/accept", {}).json

    assert [d["id"] for d in said["disputes"]] == ["dsp_0", said["dispute"]["id"]]
    assert [d["state"] for d in said["disputes"]] == ["decided", "settled"]
    assert [d["worker_gets"] for d in said["disputes"]] == [money(500), money(60_000)]
    assert {name: said["dispute"][name] for name in said["disputes"][1]} == said["disputes"][1]
    stats = Caller(client.app).get("/v1/contracts/disputes/statistics").json
    assert stats["disputes"] == 2
    late, quality = sorted(stats["by_reason"], key=lambda row: row["reason"])
    assert (late["reason"], late["decided_by_silence"], late["settled"]) == ("late", 1, 0)
    assert (late["worker_share"], late["days_to_end"]) == (0.5, 7)
    assert (quality["settled"], quality["ended"], quality["worker_share"]) == (1, 1, 0.8)


def test_disputes_that_are_refused_change_nothing(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker, state="delivered"))
    at = f"{path}/dispute"
    words = {"claim": money(75_000), "reason": "quality"}

    assert stranger.post(at, words).status_code == 404
    assert client.post(at, {**words, "claim": money(75_001)}).json["code"] == "above_amount"
    assert client.post(at, {**words, "claim": money(0)}).status_code == 422
    dollars = {"amount": 5, "currency": "USD"}
    assert client.post(at, {**words, "claim": dollars}).json["code"] == "currency_mismatch"
    for what in ("propose", "evidence", "accept"):
        said = {"propose": {"worker_gets": money(1)}, "evidence": {"note": "x"}}.get(what, {})
        assert client.post(f"{at}/{what}", said).json["code"] == "not_disputed"
    assert client.get(path).json["state"] == "active"
    early = keep(db, of(client, worker, state="awaiting_funding"))
    assert client.post(f"{early}/dispute", words).json["code"] == "wrong_state"
    client.post(at, words)
    assert client.post(f"{at}/accept").json["code"] == "no_proposal"
    sum_ = {"worker_gets": money(1), "client_gets": money(1)}
    assert client.post(f"{at}/propose", sum_).json["code"] == "shares_sum"
    delivered = worker.post(f"{path}/milestones/1/recall")
    assert delivered.json["code"] == "wrong_state"


@pytest.mark.pure
def test_what_is_funded_after_the_end_of_a_dispute_goes_back() -> None:
    """The client's card was answered in the moment in which the two had agreed."""
    it = funded(a_contract(40_000, 50_000))
    words: dict[str, Any] = {"dispute_id": "dsp_1", "claim": yen(40_000), "reason": "late"}
    it, _ = dispute.open_(it, by=CLIENT, now=NOON, **words)
    it, _ = dispute.propose(it, by=WORKER, worker_gets=yen(10_000), now=NOON)
    it, _ = dispute.accept(it, by=CLIENT, now=NOON)
    it = funded(it, 2)
    it, _ = hearing.hear_escrow(
        it, type_="escrow.released split", n=1, amount=yen(10_000), now=NOON
    )
    assert it.state == "disputed"

    it, facts = silence.resolve(it, now=NOON + DAY)

    assert [(f.type, f.data["client_gets"]) for f in facts] == [
        ("dispute.settled", yen(50_000).words())
    ]
    it, _ = hearing.hear_escrow(it, type_="escrow.refunded", n=2, amount=yen(50_000), now=NOON)
    assert (it.state, it.milestones[1].state) == ("completed", "refunded")
