"""A worker is killed between two steps of I/O: the story goes on as if nothing had happened."""

import pytest

from tests.flows.marketplace import Marketplace
from tests.flows.stories import delivered, formed, funded, offered, proof_is_zero, two_people, yen

CONTRACTS_POINTS = ("before_write", "after_write", "after_publish", "after_clear", "before_ack")
ESCROW_POINTS = ("before_commit", "after_commit", "after_publish", "before_ack")


@pytest.mark.parametrize("point", CONTRACTS_POINTS)
def test_contracts_is_killed_when_it_hears_of_the_money(market: Marketplace, point: str) -> None:
    hire = formed(offered(two_people(market)))
    market.stop_worker("contracts")

    with market.worker_process("contracts", f"{point}:1") as process:
        hire.client.did(f"/v1/holds/{hire.hold}/fund", {"method": "card"})
        assert process.wait(timeout=20) == -9
    market.start_worker("contracts")

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "active")
    past = hire.worker.sees(f"{hire.contract_path}/timeline")["past"]
    assert [p["what"] for p in past].count("contract.started") == 1
    proof_is_zero(market, hire.client)


@pytest.mark.parametrize("point", ESCROW_POINTS)
def test_escrow_is_killed_when_it_releases(market: Marketplace, point: str) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    market.stop_worker("escrow")

    with market.worker_process("escrow", f"{point}:1") as process:
        hire.client.did(f"{hire.step}/accept")
        assert process.wait(timeout=20) == -9
    market.start_worker("escrow")

    hire.worker.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    assert hire.worker.sees("/v1/wallet")["available"] == yen(71250)
    kinds = [e["kind"] for e in hire.worker.sees("/v1/wallet/entries")["items"]]
    assert kinds == ["released"]
    proof_is_zero(market, hire.client)
