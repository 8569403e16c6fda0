"""The story of a thing is found by an index, however much else has happened."""

from datetime import UTC, datetime

from shared import ids, story
from shared.documents import Doc
from shared.store import FACTS_NAME, Store
from tests.spying import scans, spied

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def a_fact(subject: str, **data: object) -> Doc:
    return {
        "_id": ids.new("evt"),
        "type": "toy.moved",
        "subject": subject,
        "version": 1,
        "time": NOW,
        "actor": "system",
        "correlation": "",
        "data": data,
    }


def test_a_story_is_found_by_an_index_in_whatever_word_a_fact_names_the_thing(
    store: Store, mongo_url: str
) -> None:
    contract, hold = ids.new("con"), ids.new("hld")
    others = [a_fact(ids.new("con"), job_id=ids.new("job")) for _ in range(200)]
    own = [a_fact(contract, hold_id=hold), a_fact(hold, ref=hold)]
    named = [a_fact(ids.new("toy"), **{name: contract}) for name in FACTS_NAME]
    store.keep("facts", [*others, *own, *named])
    with spied(mongo_url, store.db.name) as (seen, spy):
        told = story.tell({"toys": seen}, contract)
        asked = [c for c in spy.commands if c.get("find") == "facts"]
        spy.commands = asked
        assert scans(store.db, spy) == []
    assert len(asked) > 1
    assert {line.id for line in told.lines} == {fact["_id"] for fact in [*own, *named]}
