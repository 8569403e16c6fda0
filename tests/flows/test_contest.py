"""Competitions from the prize money to the winners' wallets, and without a winner."""

from typing import Any

from tests.flows.marketplace import Marketplace, Member
from tests.flows.stories import DAY, in_days, proof_is_zero, yen


def opened(market: Marketplace, client: Member, **over: Any) -> str:
    """Publish a competition and fund it."""
    words = {
        "mode": "competition",
        "title": "カフェのロゴコンペ",
        "description": "手書き風のロゴを募集します。",
        "category": "design-logo",
        "prizes": [yen(30000), yen(10000)],
        "closes_at": in_days(10),
        **over,
    }
    job = client.did("/v1/jobs", words)["id"]
    hold = client.did(f"/v1/jobs/{job}/publish")["hold_id"]
    client.sees_at_last(f"/v1/holds/{hold}", lambda h: h["state"] == "opened")
    client.did(f"/v1/holds/{hold}/fund", {"method": "card"})
    client.sees_at_last(f"/v1/jobs/{job}", lambda j: j["state"] == "open")
    return str(job)


def entered(worker: Member, job: str) -> str:
    """Enter it."""
    words = {"title": "案", "description": "温かみのある案です。"}
    return str(worker.did(f"/v1/jobs/{job}/entries", words)["id"])


def test_winners_are_paid_and_the_rest_goes_back(market: Marketplace) -> None:
    client, first, second = (market.member(n) for n in ("佐藤", "山田", "高橋"))
    job = opened(market, client)
    entered(first, job)
    winner = entered(second, job)
    market.move_clock(10 * DAY + 60)
    client.sees_at_last(f"/v1/jobs/{job}", lambda j: j["state"] == "closed")

    client.did(f"/v1/jobs/{job}/award", {"awards": [{"rank": 1, "entry_id": winner}]})

    client.sees_at_last(f"/v1/jobs/{job}", lambda j: j["state"] == "completed")
    second.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(28500))
    client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(10000))
    assert first.sees("/v1/wallet")["available"]["amount"] == 0
    proof_is_zero(market, client)


def test_a_silent_client_shares_the_prizes_among_all(market: Marketplace) -> None:
    client, first, second = (market.member(n) for n in ("佐藤", "山田", "高橋"))
    job = opened(market, client, prizes=[yen(30001)])
    entered(first, job)
    entered(second, job)
    market.move_clock(10 * DAY + 60)
    client.sees_at_last(f"/v1/jobs/{job}", lambda j: j["state"] == "closed")
    market.move_clock(14 * DAY + 60)

    ended = client.sees_at_last(f"/v1/jobs/{job}", lambda j: j["state"] == "completed")
    assert [a["amount"]["amount"] for a in ended["awards"]] == [15001, 15000]
    first.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(14251))
    second.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(14250))
    proof_is_zero(market, client)
