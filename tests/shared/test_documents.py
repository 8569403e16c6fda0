"""What is written to a document, computed without any database."""

from datetime import timedelta
from typing import Any

import pytest

from shared.documents import (
    OUTBOX_MAX,
    RECEIPTS_MAX,
    Doc,
    Once,
    changing,
    newborn,
    own_indexes,
    receipt_of,
    stamp,
)
from shared.errors import Invalid, Unavailable
from shared.events import Fact
from tests.shared.toys import BOXES, NOW, a_box, after, boxes, bump, said

pytestmark = pytest.mark.pure


def a_doc(**more: Any) -> Doc:
    doc = newborn(BOXES, a_box(), [], once=None)
    return {**doc, **more}


def entries(count: int) -> list[Doc]:
    return stamp([said(a_box())] * count, version=2, now=NOW)


def change(old: Doc, *, facts: int = 0, once: Once | None = None, **more: Any) -> Doc:
    box = BOXES.from_doc(old)
    box, _ = bump(box, now=NOW)
    return changing(BOXES, old, box, entries(facts), once=once, now=more.get("now", NOW))


def test_a_newborn_has_its_version_outbox_and_timer() -> None:
    doc = newborn(BOXES, a_box(due=after(days=1)), entries(1), once=Once("key", "hash"))
    assert (doc["version"], len(doc["outbox"]), doc["wake_at"]) == (1, 1, after(days=1))
    assert doc["born_of"] == {"name": "key", "hash": "hash", "answer": {}}


def test_a_thing_without_a_timer_has_no_wake_at() -> None:
    assert "wake_at" not in newborn(BOXES, a_box(), [], once=None)
    assert "wake_at" not in newborn(boxes(wake=None), a_box(due=NOW), [], once=None)


def test_only_what_has_changed_is_set() -> None:
    assert change(a_doc())["$set"] == {"count": 1, "version": 2}


def test_facts_are_pushed_and_the_outbox_is_never_set() -> None:
    update = change(a_doc(outbox=entries(3)), facts=2)
    assert "outbox" not in update["$set"]
    assert len(update["$push"]["outbox"]["$each"]) == 2


def test_a_timer_that_is_over_is_removed_with_its_lease() -> None:
    old = a_doc(wake_at=NOW, leased_until=NOW, wake_tries=2)
    assert change(old)["$unset"] == {"wake_at": "", "leased_until": "", "wake_tries": ""}


def test_the_500th_waiting_fact_is_kept_and_the_next_refused() -> None:
    assert change(a_doc(outbox=entries(OUTBOX_MAX - 1)), facts=1)
    with pytest.raises(Unavailable):
        change(a_doc(outbox=entries(OUTBOX_MAX)), facts=1)
    with pytest.raises(Unavailable):
        change(a_doc(outbox=entries(OUTBOX_MAX - 1)), facts=2)


def receipt(name: str, **age: float) -> Doc:
    return {"name": name, "hash": "", "answer": {}, "at": NOW - timedelta(**age)}


def test_a_receipt_is_pushed_while_none_is_old() -> None:
    update = change(a_doc(receipts=[receipt("a", hours=23)]), once=Once("b"))
    assert update["$push"]["receipts"]["name"] == "b"
    assert "receipts" not in update["$set"]


def test_receipts_go_after_24_hours_and_never_before() -> None:
    old = [
        receipt("long ago", days=3),
        receipt("yesterday", hours=24, seconds=1),
        receipt("nearly a day", hours=23, minutes=59, seconds=59),
        receipt("now"),
    ]
    update = change(a_doc(receipts=old), once=Once("new"))
    kept = [r["name"] for r in update["$set"]["receipts"]]
    assert kept == ["nearly a day", "now", "new"]
    assert "receipts" not in update.get("$push", {})


def test_a_change_without_a_key_leaves_the_receipts() -> None:
    update = change(a_doc(receipts=[receipt("long ago", days=3)]))
    assert "receipts" not in update["$set"]


def test_a_document_with_too_many_receipts_of_one_day_is_busy() -> None:
    full = [receipt(str(n), hours=1) for n in range(RECEIPTS_MAX)]
    with pytest.raises(Unavailable):
        change(a_doc(receipts=full), once=Once("one more"))
    assert change(a_doc(receipts=[receipt("old", days=2), *full[1:]]), once=Once("one more"))


def test_a_receipt_is_found_by_its_name_or_by_birth() -> None:
    doc = a_doc(receipts=[receipt("a")], born_of={"name": "b", "hash": "", "answer": {"x": 1}})
    assert receipt_of(doc, Once("a")) is not None
    assert receipt_of(doc, Once("b")) == {"name": "b", "hash": "", "answer": {"x": 1}}
    assert receipt_of(doc, Once("c")) is None


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_key_with_other_words_is_refused(name: str) -> None:
    doc = a_doc(receipts=[receipt("a")], born_of={"name": "b", "hash": ""})
    with pytest.raises(Invalid) as no:
        receipt_of(doc, Once(name, "other"))
    assert no.value.code == "idempotency_key_reused"


def test_a_fact_that_breaks_its_words_is_never_kept() -> None:
    with pytest.raises(ValueError, match="breaks its words"):
        stamp([Fact("notification.made", {"about": 5})], version=1, now=NOW)


def test_every_aggregate_has_the_three_indexes() -> None:
    names = ["outbox_waiting", "wake", "born"]
    assert [i.document["name"] for i in own_indexes(BOXES)] == names


def test_what_is_sharded_keeps_no_request_under_a_unique_index() -> None:
    assert not any(i.document.get("unique") for i in own_indexes(boxes(sharded_by="_id")))
