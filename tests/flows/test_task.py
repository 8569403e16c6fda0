"""Tasks from the funded rewards to the workers' wallets, and every slot's way back."""

from tests.flows.marketplace import Marketplace
from tests.flows.stories import DAY, in_days, proof_is_zero, yen

WORDS = {
    "mode": "task",
    "title": "お店の名前を調べる",
    "description": "写真のお店の名前を入力してください。",
    "category": "task-data-entry",
    "reward": yen(1000),
    "slots": 5,
    "per_worker_limit": 2,
    "form": [{"id": "shop", "type": "text", "label": "店名", "required": True}],
    "criteria": [{"id": "complete", "text": "入力されている"}],
}


def test_slots_are_approved_rejected_silent_and_given_back(market: Marketplace) -> None:
    client, first, second = (market.member(n) for n in ("佐藤", "山田", "高橋"))
    leaf = client.sees("/v1/categories")["items"][0]["children"][0]["id"]
    job = client.did("/v1/jobs", {**WORDS, "category": leaf, "deadline_at": in_days(30)})["id"]
    hold = client.did(f"/v1/jobs/{job}/publish")["hold_id"]
    client.sees_at_last(f"/v1/holds/{hold}", lambda h: h["state"] == "opened")
    client.did(f"/v1/holds/{hold}/fund", {"method": "card"})
    path = f"/v1/jobs/{job}"
    client.sees_at_last(path, lambda j: j["slots_by_state"].get("free") == 5)

    def handed_in(worker: object) -> str:
        id_ = worker.did(f"{path}/assignments")["id"]  # type: ignore[attr-defined]
        worker.did(f"/v1/assignments/{id_}/submit", {"answers": {"shop": "珈琲"}})  # type: ignore[attr-defined]
        return str(id_)

    approved, silent = handed_in(first), handed_in(first)
    rejected = handed_in(second)
    second.did(f"{path}/assignments")
    client.did(f"/v1/assignments/{approved}/approve")
    first.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(950))
    client.did(f"/v1/assignments/{rejected}/reject", {"criterion_id": "complete", "note": "空欄"})
    client.did(f"{path}/close")
    client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(1000))

    market.move_clock(15 * DAY)

    client.sees_at_last(path, lambda j: j["state"] == "completed")
    first.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(1900))
    client.sees_at_last("/v1/wallet", lambda w: w["available"] == yen(3000))
    assert first.sees(f"/v1/assignments/{silent}")["state"] == "approved"
    assert second.sees("/v1/wallet")["available"]["amount"] == 0
    proof_is_zero(market, client)
