"""Work by the hour, from the offer to both wallets: with words, and then in silence."""

from services.contracts.domain import week
from shared import clock
from tests.flows.marketplace import Marketplace
from tests.flows.stories import DAY, Hire, proof_is_zero, two_people, yen

TIME = {"minutes": 90, "note": "メニューの写真を差し替えました。"}


def by_the_hour(market: Marketplace) -> Hire:
    """Two people with an hourly contract whose first week is funded."""
    hire = two_people(market)
    words = {
        "worker_id": hire.worker.id,
        "title": "ホームページの運用",
        "scope": "毎週の更新をお願いします。",
        "hourly": {"rate": yen(3_001), "weekly_cap_hours": 20},
        "review_days": 7,
    }
    hire.offer = hire.client.did("/v1/offers", words)["id"]
    hire.contract = hire.worker.did(f"/v1/offers/{hire.offer}/accept")["id"]
    fund(hire, 1)
    return hire


def fund(hire: Hire, n: int) -> None:
    """Pay a week in."""
    weeks = hire.client.sees_at_last(f"{hire.contract_path}/weeks", lambda w: len(w["items"]) >= n)[
        "items"
    ]
    hold = next(w["hold_id"] for w in weeks if w["n"] == n)
    hire.client.sees_at_last(f"/v1/holds/{hold}", lambda h: h["state"] == "opened")
    hire.client.did(f"/v1/holds/{hold}/fund", {"method": "card"})
    hire.worker.sees_at_last(f"{hire.contract_path}/weeks/{n}", lambda w: w["state"] == "funded")


def move_to(market: Marketplace, when: str) -> None:
    """Move the clock a minute past this time."""
    market.move_clock((clock.parse(when) - clock.now()).total_seconds() + 60)


def test_two_weeks_one_with_words_and_one_in_silence(market: Marketplace) -> None:
    hire = by_the_hour(market)
    first, second = (f"{hire.contract_path}/weeks/{n}" for n in (1, 2))
    fund(hire, 2)
    hire.worker.did(f"{first}/times", {"day": str(week.day_of(clock.now())), **TIME})
    hire.worker.did(f"{first}/submit")
    hire.client.sees_at_last(
        "/v1/todo", lambda t: any("inspect" in str(i.get("action")) for i in t["items"])
    )
    hire.client.did(f"{first}/approve")
    hire.worker.sees_at_last(first, lambda w: w["state"] == "paid")
    hire.worker.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(4_276))

    # The second week runs, the third is planned, and nobody funds it.
    move_to(market, hire.worker.sees(second)["week"]["starts_at"])
    third = hire.worker.sees_at_last(hire.contract_path, lambda c: c["milestones"][-1]["n"] == 3)
    hire.worker.did(f"{second}/times", {"day": str(week.day_of(clock.now())), **TIME})
    move_to(market, third["milestones"][-1]["week"]["starts_at"])
    hire.worker.sees_at_last(hire.contract_path, lambda c: c["next"]["otherwise"] == "submitted")
    for state in ("delivered", "paid"):
        move_to(market, hire.worker.sees(second)["next"]["by"])
        hire.worker.sees_at_last(second, lambda w, state=state: w["state"] == state)
    move_to(market, hire.worker.sees(hire.contract_path)["next"]["by"])

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    hire.worker.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(2 * 4_276))
    hire.client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(2 * (60_020 - 4_501)))
    proof_is_zero(market, hire.client)
    told = [i["why"]["type"] for i in hire.worker.sees("/v1/notifications?limit=100")["items"]]
    assert {"week.funded", "week.unfunded", "sheet.approved", "contract.completed"} <= set(told)


def test_the_same_person_is_hired_again_without_a_job(market: Marketplace) -> None:
    hire = by_the_hour(market)
    hire.client.did(f"{hire.contract_path}/end", {"reason": "開店準備が終わりました。"})
    market.move_clock(11 * DAY)  # no first week is longer
    hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")

    again = hire.client.did(f"{hire.contract_path}/rehire", {"scope": "冬のメニューも。"})

    assert (again["worker_id"], again["job_id"]) == (hire.worker.id, None)
    assert again["hourly"]["rate"] == yen(3_001)
    assert hire.worker.did(f"/v1/offers/{again['id']}/accept")["scope"] == "冬のメニューも。"
