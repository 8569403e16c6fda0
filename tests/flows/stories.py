"""The parts of a story that many tests tell."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import clock
from tests.flows.marketplace import Marketplace, Member

DAY = 86400.0
CATEGORY = "web-site-creation"


def yen(amount: int) -> dict[str, Any]:
    """Return money."""
    return {"amount": amount, "currency": "JPY"}


def in_days(days: float) -> str:
    """Return a time so many days from the marketplace's now."""
    return clock.text(clock.now() + timedelta(days=days))


@dataclass
class Hire:
    """A client and a worker on their way: ids as they become known."""

    market: Marketplace
    client: Member
    worker: Member
    job: str = ""
    proposal: str = ""
    offer: str = ""
    contract: str = ""
    hold: str = ""

    @property
    def contract_path(self) -> str:
        return f"/v1/contracts/{self.contract}"

    @property
    def step(self) -> str:
        return f"{self.contract_path}/milestones/1"


def two_people(market: Marketplace) -> Hire:
    """Register a client and a worker."""
    return Hire(market, market.member("佐藤美咲"), market.member("山田太郎"))


def offered(hire: Hire) -> Hire:
    """From an open job to an offer on the worker's table."""
    hire.job = _open_job(hire.client)
    words = {"message": "お任せください。", "amount": yen(75000), "deliver_by": in_days(20)}
    said = hire.worker.did(f"/v1/jobs/{hire.job}/proposals", words)
    hire.proposal = said["id"]
    hire.offer = hire.client.did(f"/v1/proposals/{hire.proposal}/select")["offer_id"]
    hire.worker.sees_at_last(f"/v1/offers/{hire.offer}", lambda o: o["state"] == "sent")
    return hire


def _open_job(client: Member) -> str:
    leaf = _leaf(client.sees("/v1/categories")["items"])
    words = {
        "mode": "project",
        "title": "喫茶店のホームページ制作",
        "description": "町家を改装した喫茶店のホームページを作ってください。",
        "category": leaf,
        "budget": {"min": yen(50000), "max": yen(100000)},
        "proposals_close_at": in_days(10),
        "deadline_at": in_days(40),
        "openings": 1,
    }
    job_id: str = client.did("/v1/jobs", words)["id"]
    client.did(f"/v1/jobs/{job_id}/publish")
    return job_id


def _leaf(items: list[dict[str, Any]]) -> str:
    while items[0].get("children"):
        items = items[0]["children"]
    return str(items[0]["id"])


def formed(hire: Hire) -> Hire:
    """The worker accepts; the hold waits for the client's money."""
    contract = hire.worker.did(f"/v1/offers/{hire.offer}/accept")
    hire.contract = contract["id"]
    hire.hold = contract["milestones"][0]["hold_id"]
    hire.client.sees_at_last(f"/v1/holds/{hire.hold}", lambda h: h["state"] == "opened")
    return hire


def funded(hire: Hire) -> Hire:
    """The client pays by card; work may begin."""
    hire.client.did(f"/v1/holds/{hire.hold}/fund", {"method": "card"})
    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "active")
    return hire


def delivered(hire: Hire) -> Hire:
    """The worker hands in the work."""
    hire.worker.did(f"{hire.step}/deliver", {"note": "完成しました。ご確認ください。"})
    return hire


def proof_is_zero(market: Marketplace, member: Member) -> None:
    """The ledger sums to zero in every currency."""
    sums = member.sees("/v1/ledger/proof")["currencies"]
    assert all(currency["total"] == 0 for currency in sums.values()), sums
