"""Two versions side by side: what one writes the other reads and writes, and nothing is lost."""

from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import IndexModel
from pymongo.database import Database

from shared import migration
from shared.documents import Doc, Kind
from shared.moves import Outcome
from shared.store import Store, ensure_indexes
from tests.shared.toys import BOXES, NOW, Box, a_box, boxes, bump

Db = Database[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBox(Box):
    """The next version's: a box has a colour, and those from before it are brown."""

    colour: str = "brown"


def _new_doc(box: NewBox) -> Doc:
    return {**BOXES.to_doc(box), "colour": box.colour}


def _new_box(doc: Doc) -> NewBox:
    old = BOXES.from_doc(doc)
    words = {"state": old.state, "count": old.count, "due": old.due, "owner": old.owner}
    return NewBox(id=old.id, **words, colour=doc.get("colour", "brown"))


NEW: Kind[Any] = boxes(to_doc=_new_doc, from_doc=_new_box)


def paint(box: NewBox, *, now: Any, colour: str) -> Outcome[NewBox]:
    """What only the new version does."""
    words = {"state": box.state, "count": box.count, "due": box.due, "owner": box.owner}
    return NewBox(id=box.id, **words, colour=colour), []


@pytest.fixture
def store(db: Db) -> Store:
    ensure_indexes(db, [BOXES])
    return Store(db, "notify")


def test_the_new_version_reads_and_writes_what_the_old_one_wrote(store: Store, db: Db) -> None:
    store.create(BOXES, a_box(), [], now=NOW)
    assert store.load(NEW, a_box().id).thing.colour == "brown"
    store.change(NEW, a_box().id, paint, now=NOW, colour="red")
    doc = db["boxes"].find_one() or {}
    assert (doc["colour"], doc["version"]) == ("red", 2)


def test_the_old_version_reads_and_writes_what_the_new_one_wrote_and_keeps_its_fields(
    store: Store, db: Db
) -> None:
    store.create(NEW, NewBox(id=a_box().id, colour="red"), [], now=NOW)
    assert store.load(BOXES, a_box().id).thing.count == 0
    store.change(BOXES, a_box().id, bump, now=NOW)
    found = store.load(NEW, a_box().id).thing
    assert (found.colour, found.count) == ("red", 1)


def test_what_nobody_touches_is_completed_in_bounded_batches(store: Store, db: Db) -> None:
    for n in range(7):
        store.create(BOXES, a_box(n), [], now=NOW)
    store.create(NEW, NewBox(id=a_box(7).id, colour="red"), [], now=NOW)
    before = {doc["_id"]: doc["version"] for doc in db["boxes"].find()}

    ((last, first),) = migration.complete(db, NEW, most=3)
    assert first <= 3
    rest = sum(changed for _, changed in migration.complete(db, NEW, after=last))

    assert first + rest == 7
    colours = sorted(doc["colour"] for doc in db["boxes"].find())
    assert colours == [*["brown"] * 7, "red"]
    assert {doc["_id"]: doc["version"] for doc in db["boxes"].find()} == before
    assert sum(changed for _, changed in migration.complete(db, NEW)) == 0


def test_a_document_that_is_changed_meanwhile_is_left_to_who_changes_it(
    store: Store, db: Db
) -> None:
    store.create(BOXES, a_box(), [], now=NOW)

    def read_while_another_paints(doc: Doc) -> NewBox:
        store.change(NEW, doc["_id"], paint, now=NOW, colour="red")
        return _new_box(doc)

    slow: Kind[Any] = boxes(to_doc=_new_doc, from_doc=read_while_another_paints)
    assert sum(changed for _, changed in migration.complete(db, slow)) == 0
    assert store.load(NEW, a_box().id).thing.colour == "red"


def test_an_index_with_another_definition_is_built_anew_and_an_unused_one_is_named(
    store: Store, db: Db
) -> None:
    db["boxes"].create_index([("count", 1)], name="by_state")
    db["boxes"].create_index([("due", 1)], name="of_the_past")
    kind: Kind[Any] = boxes(indexes=(*BOXES.indexes, IndexModel([("state", 1)], name="by_state")))

    assert migration.rebuild_indexes(db, kind) == ["by_state"]
    assert db["boxes"].index_information()["by_state"]["key"] == [("state", 1)]
    assert migration.rebuild_indexes(db, kind) == []
    assert migration.unused_indexes(db, kind) == ["of_the_past"]
