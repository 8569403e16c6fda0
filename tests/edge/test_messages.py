"""Every fact that the stories of this world bring about is as its published schema says."""

from tests import messages
from tests.edge.world import SERVICES, World, yen


def test_what_is_said_fits_what_is_published(world: World) -> None:
    world.question()
    world.extension()
    world.change()
    world.proposed_settlement()
    world.payout()
    job, entry = world.closed_competition()
    awards = {"awards": [{"rank": 1, "entry_id": entry}]}
    world.client.did(f"/v1/jobs/{job}/award", awards)
    hired = world.proposal()
    offer = world.client.did(f"/v1/proposals/{hired}/select", {})["offer_id"]
    world.worker.did(f"/v1/offers/{offer}/counter", {"amount": yen(80_000)})
    world.client.did(f"/v1/offers/{offer}/accept")
    reviewed = world.contract("completed")
    for who in (world.client, world.worker):
        words = {"satisfied": True, "comment": "ありがとうございました。"}
        who.did(f"/v1/contracts/{reviewed}/reviews", words)
    said = {type_ for name in SERVICES for type_ in messages.said(world.db(name))}
    assert len(said) > 35, sorted(said)
    assert [w for name in SERVICES for w in messages.wrong(world.db(name))] == []


def test_a_fact_that_breaks_its_schema_is_found(world: World) -> None:
    fact = {"_id": "evt_1", "type": "payout.paid", "subject": "pay_1", "data": {"payout_id": 5}}
    unknown = {"_id": "evt_2", "type": "nobody.knows", "subject": "x", "data": {}}
    facts = world.db("escrow")["facts"]
    facts.insert_many([fact, unknown])
    found = messages.wrong(world.db("escrow"))
    facts.delete_many({"_id": {"$in": ["evt_1", "evt_2"]}})
    assert any("payout.paid of pay_1" in one for one in found)
    assert "nobody.knows of x: nothing is published of it" in found
