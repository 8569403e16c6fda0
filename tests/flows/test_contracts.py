"""What two sides agree on, ask for and dispute about, from the first word to the wallet."""

from typing import Any

from tests.flows.marketplace import Marketplace
from tests.flows.stories import (
    DAY,
    Hire,
    delivered,
    formed,
    funded,
    in_days,
    offered,
    proof_is_zero,
    two_people,
    yen,
)


def wallet(hire: Hire, who: str, amount: int) -> None:
    """Wait until a side's wallet has this much."""
    member = hire.client if who == "client" else hire.worker
    member.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(amount))


def test_a_counter_offer_becomes_the_contract_and_its_hold(market: Marketplace) -> None:
    hire = offered(two_people(market))
    hire.worker.did(f"/v1/offers/{hire.offer}/counter", {"amount": yen(90_000)})
    hire.client.sees_at_last(
        "/v1/todo", lambda t: any("answer" in str(i.get("action")) for i in t["items"])
    )

    hire.contract = hire.client.did(f"/v1/offers/{hire.offer}/accept")["id"]

    (milestone,) = hire.client.sees(hire.contract_path)["milestones"]
    hire.hold = milestone["hold_id"]
    hire.client.sees_at_last(f"/v1/holds/{hire.hold}", lambda h: h["amount"] == yen(90_000))
    hire.client.sees_at_last(
        f"/v1/jobs/{hire.job}/proposals", lambda p: p["items"][0]["state"] == "selected"
    )


def test_a_further_milestone_is_funded_and_paid(market: Marketplace) -> None:
    hire = funded(formed(offered(two_people(market))))
    words = {"title": "英語版", "amount": yen(20_000), "deliver_by": in_days(30), "reason": "追加"}
    asked = hire.worker.did(f"{hire.contract_path}/milestones", words)
    hire.client.did(f"{hire.contract_path}/changes/{asked['id']}/agree")
    hold = hire.client.sees(hire.contract_path)["milestones"][1]["hold_id"]
    hire.client.sees_at_last(f"/v1/holds/{hold}", lambda h: h["state"] == "opened")

    hire.client.did(f"/v1/holds/{hold}/fund", {"method": "card"})
    second = f"{hire.contract_path}/milestones/2"
    hire.client.sees_at_last(hire.contract_path, lambda c: c["milestones"][1]["state"] == "funded")
    for step in (hire.step, second):
        hire.worker.did(f"{step}/deliver", {"note": "できました。"})
        hire.client.did(f"{step}/accept")

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    wallet(hire, "worker", 71_250 + 19_000)
    proof_is_zero(market, hire.client)


def test_an_early_end_pays_the_agreed_part(market: Marketplace) -> None:
    hire = funded(formed(offered(two_people(market))))
    cancel = f"{hire.contract_path}/cancellation"

    hire.client.did(cancel, {"reason": "方針変更", "pay": yen(20_000)})
    hire.worker.did(f"{cancel}/agree")

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["milestones"][0]["state"] == "split")
    wallet(hire, "worker", 19_000)
    wallet(hire, "client", 55_000)
    proof_is_zero(market, hire.client)


def test_a_silent_respondent_lets_the_claim_stand(market: Marketplace) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    claim: dict[str, Any] = {"claim": yen(75_000), "reason": "plagiarism"}
    hire.client.did(f"{hire.contract_path}/dispute", claim)

    market.move_clock(7 * DAY + 60)

    hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    wallet(hire, "client", 75_000)
    assert hire.worker.sees("/v1/wallet")["available"] == yen(0)
    proof_is_zero(market, hire.client)


def test_a_settlement_is_one_act(market: Marketplace) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    at = f"{hire.contract_path}/dispute"
    hire.client.did(at, {"claim": yen(75_000), "reason": "quality"})
    hire.worker.did(f"{at}/propose", {"worker_gets": yen(50_000)})
    hire.client.did(f"{at}/accept")

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    wallet(hire, "worker", 47_500)
    wallet(hire, "client", 25_000)
    proof_is_zero(market, hire.client)


def test_money_for_what_is_over_is_not_taken(market: Marketplace) -> None:
    hire = funded(formed(offered(two_people(market))))
    words = {"title": "英語版", "amount": yen(20_000), "deliver_by": in_days(30), "reason": "追加"}
    asked = hire.worker.did(f"{hire.contract_path}/milestones", words)
    hire.client.did(f"{hire.contract_path}/changes/{asked['id']}/agree")
    hold = hire.client.sees(hire.contract_path)["milestones"][1]["hold_id"]
    delivered(hire)
    hire.client.did(f"{hire.step}/accept")
    hire.client.sees_at_last(hire.contract_path, lambda c: c["milestones"][0]["state"] == "paid")

    market.move_clock(14 * DAY + 60)

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    hire.client.sees_at_last(f"/v1/holds/{hold}", lambda h: h["state"] == "cancelled")
    proof_is_zero(market, hire.client)
