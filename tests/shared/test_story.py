"""The story of one thing among many others: found by what names it, never by reading all facts."""

from typing import Any

import pytest

from shared import clock, ids, story
from shared.documents import Doc
from shared.events import NAMES
from shared.store import Db, Store, ensure_indexes
from tests.shared.toys import BOXES
from tests.spying import scans, spied


def a_fact(n: int, subject: str, **words: str) -> Doc:
    return {
        "_id": f"evt_{n}",
        "type": "box.filled",
        "subject": subject,
        "time": clock.now(),
        "version": n,
        "actor": "system",
        "correlation": "",
        "data": {"comment": "unnamed", **words},
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_fact_that_names_a_thing_is_found_in_an_index(
    store: Store, mongo_url: str, name: str
) -> None:
    thing = ids.new("con")
    others = [a_fact(n, ids.new("box"), **{name: ids.new("con")}) for n in range(200)]
    mine = [a_fact(200, thing), a_fact(201, ids.new("box"), **{name: thing})]
    store.db["facts"].insert_many([*others, *mine])
    with spied(mongo_url, store.db.name) as (seen, spy):
        told = story.tell({"toys": seen}, thing)
        assert {line.id for line in told.lines} == {"evt_200", "evt_201"}
        asked = [c for c in spy.commands if "$or" in c.get("filter", {})]
        assert len(asked) == 2
        spy.commands = asked
        assert scans(seen, spy) == []


def test_an_index_of_facts_is_made_once_more_without_harm(store: Store) -> None:
    before = _indexes(store.db)
    ensure_indexes(store.db, [BOXES])
    assert _indexes(store.db) == before
    assert "named" in before


def _indexes(db: Db) -> dict[str, Any]:
    return dict(db["facts"].index_information())
