"""Project mode from a job to the money in the worker's hands, and every way it can end before."""

from tests.flows.marketplace import Marketplace
from tests.flows.stories import (
    DAY,
    delivered,
    formed,
    funded,
    in_days,
    offered,
    proof_is_zero,
    two_people,
    yen,
)


def test_a_hire_runs_from_proposal_to_payout(market: Marketplace) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    client, worker = hire.client, hire.worker

    client.did(f"{hire.step}/request-changes", {"note": "地図が古いようです。"})
    delivered(hire)
    client.did(f"{hire.step}/accept")

    worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    worker.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(71250))
    payout = worker.did("/v1/payouts", {"amount": yen(71250)})
    worker.sees_at_last(f"/v1/payouts/{payout['id']}", lambda p: p["state"] == "paid")
    client.sees_at_last(f"/v1/jobs/{hire.job}", lambda j: j["state"] == "completed")
    assert worker.sees("/v1/wallet") == {"available": yen(0), "pending": yen(0)}
    proof_is_zero(market, client)


def test_reviews_show_when_both_have_written(market: Marketplace) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    hire.client.did(f"{hire.step}/accept")
    hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")

    hire.client.did(f"{hire.contract_path}/reviews", {"satisfied": True, "comment": "丁寧でした"})
    assert hire.worker.sees(hire.contract_path)["reviews"] == []
    hire.worker.did(f"{hire.contract_path}/reviews", {"satisfied": True, "comment": "明快でした"})

    assert {r["role"] for r in hire.client.sees(hire.contract_path)["reviews"]} == {
        "client",
        "worker",
    }
    hire.client.sees_at_last(
        f"/v1/members/{hire.worker.id}",
        lambda m: (
            m["record"]["reviews"]["satisfied"] == 1 and m["record"]["contracts_completed"] == 1
        ),
    )


def test_a_declined_offer_frees_the_opening(market: Marketplace) -> None:
    hire = offered(two_people(market))

    hire.worker.did(f"/v1/offers/{hire.offer}/decline")

    hire.client.sees_at_last(
        f"/v1/jobs/{hire.job}/proposals", lambda p: p["items"][0]["state"] == "withdrawn"
    )
    assert hire.client.sees(f"/v1/jobs/{hire.job}")["state"] == "open"
    other = market.member("高橋陽菜")
    words = {"message": "ぜひ。", "amount": yen(60000), "deliver_by": in_days(15)}
    proposal = other.did(f"/v1/jobs/{hire.job}/proposals", words)
    offer = hire.client.did(f"/v1/proposals/{proposal['id']}/select")["offer_id"]
    other.sees_at_last(f"/v1/offers/{offer}", lambda o: o["state"] == "sent")


def test_an_unfunded_contract_is_cancelled_and_the_worker_is_free(market: Marketplace) -> None:
    hire = formed(offered(two_people(market)))

    market.move_clock(7 * DAY + 60)

    ended = hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "cancelled")
    assert ended["cancel_reason"] == "unfunded"
    hire.client.sees_at_last(f"/v1/holds/{hire.hold}", lambda h: h["state"] == "cancelled")
    answer = hire.client.post(f"/v1/holds/{hire.hold}/fund", {"method": "card"}, key="too-late")
    assert answer.status_code == 409
    proof_is_zero(market, hire.client)


def test_a_silent_client_accepts(market: Marketplace) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))

    market.move_clock(14 * DAY + 60)

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    hire.worker.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(71250))
    proof_is_zero(market, hire.client)


def test_a_silent_worker_is_overdue_and_the_money_goes_back(market: Marketplace) -> None:
    hire = funded(formed(offered(two_people(market))))

    market.move_clock(20 * DAY + 60)
    hire.client.sees_at_last(
        hire.contract_path, lambda c: c["next"] and c["next"]["otherwise"] == "cancelled"
    )
    market.move_clock(14 * DAY + 60)

    ended = hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "cancelled")
    assert ended["cancel_reason"] == "overdue"
    hire.client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(75000))
    hire.client.sees_at_last(
        hire.contract_path, lambda c: c["milestones"][0]["state"] == "refunded"
    )
    proof_is_zero(market, hire.client)


def test_money_that_crosses_a_cancellation_goes_back(market: Marketplace) -> None:
    hire = formed(offered(two_people(market)))
    market.stop_worker("escrow")
    market.move_clock(7 * DAY + 60)
    hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "cancelled")

    hire.client.did(f"/v1/holds/{hire.hold}/fund", {"method": "card"})
    market.start_worker("escrow")

    hire.client.sees_at_last(f"/v1/holds/{hire.hold}", lambda h: h["state"] == "refunded")
    hire.client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(75000))
    assert hire.client.sees(hire.contract_path)["state"] == "cancelled"
    proof_is_zero(market, hire.client)
