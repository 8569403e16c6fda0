"""What operators watch: work that is overdue, how disputes were decided."""

from services.contracts import queries
from services.contracts.domain import acts, silence
from services.contracts.domain.contract import Contract
from shared import clock
from shared.paging import Cursor, Page
from shared.store import Db
from tests.callers import Caller
from tests.contracts.builders import NOON, a_contract
from tests.contracts.test_asking import keep, money, of
from tests.spying import scans, spied


def overdue(client: Caller, worker: Caller) -> Contract:
    it = a_contract(state="active", client_id=client.id, worker_id=worker.id)
    return silence.resolve(it, now=silence.wake(it) or NOON)[0]


def test_operators_see_overdue_work_and_nobody_else_does(
    db: Db, client: Caller, worker: Caller, ops: Caller
) -> None:
    late = overdue(client, worker)
    keep(db, late)
    keep(db, a_contract(state="active", client_id=client.id, worker_id=worker.id))
    handed_in = overdue(client, worker)
    handed_in, _ = acts.deliver(handed_in, n=1, by=worker.id, note="やっと。", now=clock.now())
    keep(db, handed_in)

    [said] = ops.get("/v1/ops/contracts/overdue").json["items"]

    assert (said["id"], said["milestone"], said["title"]) == (late.id, 1, late.title)
    assert said["next"]["otherwise"] == "cancelled"
    for who in (client, worker):
        refused = who.get("/v1/ops/contracts/overdue")
        assert (refused.status_code, refused.json["code"]) == (403, "ops_only")


def test_operators_see_how_disputes_were_decided_by_whom_and_why(
    db: Db, client: Caller, worker: Caller, ops: Caller
) -> None:
    path = keep(db, of(client, worker, state="delivered"))
    client.post(f"{path}/dispute", {"claim": money(75_000), "reason": "quality"})
    assert ops.get("/v1/ops/contracts/decisions").json["items"] == []
    words = {"worker_gets": money(50_000), "reason": "納品物の八割が完成しています。"}
    assert ops.post(f"{path}/dispute/decide", words).status_code == 200
    fact = db["contracts"].find_one({}, {"outbox": 1})["outbox"][-1]
    id_ = path.rpartition("/")[2]
    db["facts"].insert_one(
        {"_id": fact["id"], "subject": id_, "type": fact["type"], "actor": fact["actor"]}
    )

    [said] = ops.get("/v1/ops/contracts/decisions").json["items"]

    assert (said["id"], said["by"], said["reason"]) == (id_, ops.id, words["reason"])
    assert (said["held"], said["worker_gets"]) == (money(75_000), words["worker_gets"])
    assert client.get("/v1/ops/contracts/decisions").status_code == 403


def test_what_is_watched_is_found_without_reading_a_whole_collection(
    mongo_url: str, db: Db, client: Caller, worker: Caller
) -> None:
    for _ in range(3):
        keep(db, overdue(client, worker))
        keep(db, of(client, worker))
    db["facts"].create_index([("subject", 1), ("version", 1), ("_id", 1)])
    with spied(mongo_url, db.name) as (seen, spy):
        for page in (Page(2), Page(2, Cursor("-_id", "z", "z"))):
            queries.overdue(seen, page)
            queries.decided(seen, page)
        queries.deciders(seen, ["con_1", "con_2"])
        assert len(spy.commands) == 5
        assert scans(seen, spy) == []
