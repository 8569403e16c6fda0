"""What operators see of a story: its figures, and all of it as one timeline."""

import time
from datetime import datetime, timedelta
from typing import Any

from click.testing import CliRunner
from prometheus_client import REGISTRY

from services.escrow import figures as escrow_figures
from shared import clock, figures, ops, story
from shared.documents import Doc
from shared.mongo import Db
from tests.flows.marketplace import SERVICES, Marketplace, eventually
from tests.flows.stories import delivered, formed, funded, offered, two_people


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_hire_shows_in_the_figures(market: Marketplace) -> None:
    before = shown("messages_consumed_total", type="escrow.funded", outcome="done")
    said = shown("messages_published_total", type="escrow.funded")
    hire = delivered(funded(formed(offered(two_people(market)))))
    hire.client.did(f"{hire.step}/accept")
    hire.client.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    assert shown("messages_published_total", type="escrow.funded") == said + 1
    assert shown("messages_consumed_total", type="escrow.funded", outcome="done") >= before + 2
    assert shown("event_lag_seconds_count") > 0
    escrow = market.workers["escrow"][0].store
    escrow_figures._turn.at = time.monotonic() - 60
    escrow_figures.measure(escrow, clock.now())
    parts = [s for m in REGISTRY.collect() if m.name == "ledger_sum" for s in m.samples]
    assert sum(s.value for s in parts if s.labels["currency"] == "JPY") == 0
    assert any(s.value for s in parts), "there is money in it"
    assert shown("funded_to_paid_seconds", quantile="0.5") > 0


def test_timers_and_facts_that_wait_show_how_late_they_are(market: Marketplace) -> None:
    db = market.db("jobs")
    kind = market.workers["jobs"][0].kinds[0]
    late = clock.now()
    db[kind.collection].insert_one({"_id": "x", "wake_at": late, "leased_until": later(late)})
    figures.measure(db, [kind], later(late))
    assert shown("timers_due") == 1
    assert shown("timers_oldest_seconds") == 3600
    db[kind.collection].delete_one({"_id": "x"})


def later(at: datetime) -> datetime:
    return at + timedelta(hours=1)


def test_the_story_of_a_contract_goes_across_the_services_in_order(market: Marketplace) -> None:
    hire = funded(formed(offered(two_people(market))))
    dbs = {name: market.db(name) for name in SERVICES}
    eventually(lambda: said(dbs, hire.contract, "contract.started"), "everything is kept")
    told = story.tell(dbs, hire.contract)
    whats = [line.what for line in told.lines]
    expected = ["offer.sent", "contract.formed", "hold.opened", "escrow.funded", "contract.started"]
    assert [what for what in whats if what in expected] == expected
    assert {hire.contract, hire.hold, hire.offer} <= told.about
    assert hire.client.id not in told.about, "a member's other affairs are not of this story"
    assert [line.at for line in told.lines] == sorted(line.at for line in told.lines)
    formed_ = next(line for line in told.lines if line.what == "contract.formed")
    assert (formed_.service, formed_.by) == ("contracts", hire.worker.id)
    opened = next(line for line in told.lines if line.what == "hold.opened")
    assert opened.correlation == formed_.correlation != "", "one request led to both"


def waiting(dbs: dict[str, Db], contract: str) -> list[tuple[str, str]]:
    """Return what of a contract's story still waits, and how."""
    told = story.tell(dbs, contract).lines
    return [(line.what, line.waits) for line in told if line.waits]


def test_the_story_shows_what_still_waits(market: Marketplace) -> None:
    hire = formed(offered(two_people(market)))
    market.stop_worker("contracts")
    try:
        stuck = {
            "_id": "evt_stuck",
            "type": "escrow.funded",
            "state": "parked",
            "due": None,
            "tries": 8,
            "reason": "a reason",
            "at": clock.now(),
            "event": {
                "type": "escrow.funded",
                "subject": hire.hold,
                "actor": "system",
                "correlation": "",
                "data": "{}",
            },
        }
        market.db("contracts")["deliveries"].insert_one(stuck)
        dbs = {name: market.db(name) for name in SERVICES}
        eventually(
            lambda: waiting(dbs, hire.contract) == [("escrow.funded", "parked")],
            "the facts that name the hold are kept",
        )
    finally:
        market.db("contracts")["deliveries"].delete_one({"_id": "evt_stuck"})
        market.start_worker("contracts")


def test_the_command_prints_one_line_for_each(market: Marketplace, monkeypatch: Any) -> None:
    hire = formed(offered(two_people(market)))
    opened = {"type": "hold.opened", "data.ref": hire.contract}
    eventually(lambda: market.db("escrow")["facts"].find_one(opened), "the hold is told of")
    dbs = {name: market.db(name) for name in SERVICES}
    eventually(lambda: said(dbs, hire.contract, "contract.formed"), "the contract is, too")
    monkeypatch.setattr(ops, "database", market.db)
    done = CliRunner().invoke(ops.ops, ["story", hire.contract])
    assert done.exit_code == 0, done.output
    assert "contract.formed" in done.output
    assert "escrow    hold.opened" in done.output
    nobody = CliRunner().invoke(ops.ops, ["story", "con_" + "0" * 32])
    assert nobody.exit_code == 1


def said(dbs: Any, subject: str, type_: str) -> Doc | None:
    found: Doc | None = dbs["contracts"]["facts"].find_one({"subject": subject, "type": type_})
    return found
