"""`./dev ops verify` finds what somebody has changed in contracts' logs, behind the services."""

from collections.abc import Callable
from typing import Any

import pytest

from deploy import verify
from shared import clock
from tests.edge.world import World

Doc = dict[str, Any]


def wrongs(world: World) -> list[str]:
    dbs = {name: world.db(name) for name in ("contracts", "escrow", "notify")}
    return verify.check(dbs, now=clock.now() + 2 * verify.SETTLE)


def test_nothing_is_wrong_with_what_the_services_have_written(world: World) -> None:
    world.contract("completed")
    world.cancellation()
    world.proposed_settlement()
    assert world.db("contracts")["facts"].count_documents({"type": "contract.formed"}) >= 3
    assert world.db("notify")["feed"].count_documents({"type": "contract.formed"}) >= 3
    assert wrongs(world) == []


CHANGES: list[tuple[str, str, Doc | None, str]] = [
    ("facts", "contract.formed", {"data.title": "another title"}, "is not what was heard of it"),
    ("facts", "milestone.paid", {"data.amount.amount": 1}, "is not what was heard of it"),
    ("facts", "contract.formed", {"type": "contract.started"}, "begins with contract.started"),
    ("facts", "terms.made", {"data.terms_hash": "0" * 64}, "names other terms"),
    ("facts", "terms.made", None, "names other terms"),
    ("facts", "contract.completed", None, "is not what its log says"),
    ("contracts", "", {"state": "cancelled"}, "is not what its log says"),
]


@pytest.mark.parametrize(("collection", "type_", "change", "found"), CHANGES)
def test_a_log_that_was_changed_is_found(
    world: World, collection: str, type_: str, change: Doc | None, found: str
) -> None:
    contract = world.contract("completed")
    kept = world.db("contracts")[collection]
    where = {"subject": contract, "type": type_} if type_ else {"_id": contract}
    was = kept.find_one(where)
    assert was is not None, "there is something to change"
    act: Callable[[], Any] = (
        (lambda: kept.update_one({"_id": was["_id"]}, {"$set": change}))
        if change
        else (lambda: kept.delete_one({"_id": was["_id"]}))
    )
    act()
    said = wrongs(world)
    kept.replace_one({"_id": was["_id"]}, was, upsert=True)
    assert [one for one in said if contract in one and found in one], said
    assert wrongs(world) == []
