"""What escrow does about what it hears: in turn, heard twice, out of order, in a crossing."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.escrow import audit, journal, usecases
from services.escrow.domain.hold import Hold
from services.escrow.outside import Answer
from services.escrow.reactions import REACTIONS
from services.escrow.records import HOLDS
from shared import clock, engine, ids, settings
from shared.errors import NotYet, Unknown
from shared.events import Event
from shared.store import Store
from tests.escrow.builders import (
    CLIENT,
    WORKER,
    accepted,
    an_event,
    cancelled,
    charged,
    formed,
    keep_funded,
    keep_hold,
    keep_released,
    pay,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker's environment, for the profile it names."""
    for name in ("MONGO_URL", "MONGO_DB", "AMQP_URL", "JWT_PUBLIC_KEYS"):
        monkeypatch.setenv(name, "unused")
    monkeypatch.setenv("PROFILES_DIR", str(Path("deploy/profiles").absolute()))
    settings.read.cache_clear()
    yield
    settings.read.cache_clear()


def hear(store: Store, *events: Event) -> list[BaseException | None]:
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=clock.now())
    return [verdicts[event.id] for event in events]


def state(store: Store, of: Hold) -> str:
    return store.get(HOLDS, of.id).state


def facts(store: Store, id_: str) -> list[str]:
    doc = store.db["holds"].find_one({"_id": id_}) or {}
    return [fact["type"] for fact in doc["outbox"]]


def entries(store: Store) -> int:
    return store.db[journal.ENTRIES].count_documents({})


# contract.formed


def test_a_formed_contract_opens_a_hold_for_each_milestone(store: Store) -> None:
    told: list[str] = []
    store.on_written = lambda writes: told.extend(w.id for w in writes)
    event = an_event("contract.formed", formed(75_000, 25_000))
    assert hear(store, event) == [None]
    holds = [store.get(HOLDS, m["hold_id"]) for m in event.data["milestones"]]
    assert [h.state for h in holds] == ["opened", "opened"]
    assert [h.amount.amount for h in holds] == [75_000, 25_000]
    assert sorted(told) == sorted(h.id for h in holds)
    assert facts(store, holds[0].id) == ["hold.opened"]


def test_a_contract_formed_twice_opens_its_hold_once(store: Store) -> None:
    event = an_event("contract.formed", formed())
    assert hear(store, event) == [None]
    opened = store.get(HOLDS, event.data["milestones"][0]["hold_id"])
    pay(store, opened)
    assert hear(store, event) == [None]
    assert hear(store, replace(event, id=ids.new("evt"))) == [None]
    assert state(store, opened) == "funded"
    assert facts(store, opened.id) == ["hold.opened", "escrow.funded"]


def test_many_contracts_open_together(store: Store) -> None:
    events = [an_event("contract.formed", formed()) for _ in range(60)]
    assert hear(store, *events, events[0]) == [None] * 61
    assert store.db["holds"].count_documents({"state": "opened"}) == 60


def test_a_fact_carries_who_caused_it(store: Store) -> None:
    event = replace(an_event("contract.formed", formed()), actor=WORKER, correlation="req_1")
    hear(store, event)
    doc = store.db["holds"].find_one({"ref": event.data["contract_id"]}) or {}
    assert (doc["outbox"][0]["actor"], doc["outbox"][0]["correlation"]) == (WORKER, "req_1")


# delivery.accepted


def test_an_accepted_delivery_is_released(store: Store) -> None:
    funded = keep_funded(store)
    assert hear(store, accepted(funded)) == [None]
    assert state(store, funded) == "released"
    assert facts(store, funded.id)[-1] == "escrow.released"
    assert audit.check(store.db) == []


def test_a_partly_accepted_delivery_is_split(store: Store) -> None:
    funded = keep_funded(store)
    assert hear(store, accepted(funded, 30_000)) == [None]
    assert state(store, funded) == "split"
    assert facts(store, funded.id)[-2:] == ["escrow.released", "escrow.refunded"]
    assert audit.check(store.db) == []


def test_a_delivery_accepted_eight_times_is_released_once(store: Store) -> None:
    funded = keep_funded(store)
    event = accepted(funded)
    for _ in range(4):
        assert hear(store, event, event) == [None, None]
    assert entries(store) == 2
    assert facts(store, funded.id).count("escrow.released") == 1


def test_a_contract_that_says_it_again_is_answered_again_and_nothing_is_posted(
    store: Store,
) -> None:
    funded = keep_funded(store)
    hear(store, accepted(funded))
    assert hear(store, accepted(funded)) == [None]
    assert facts(store, funded.id).count("escrow.released") == 2
    assert entries(store) == 2


def test_a_delivery_accepted_before_its_hold_is_here_or_funded_waits(store: Store) -> None:
    opened = keep_hold(store)
    other = keep_funded(store)
    nowhere = replace(opened, id=ids.new("hld"))
    early, missing, good = accepted(opened), accepted(nowhere), accepted(other)
    verdicts = hear(store, early, missing, good)
    assert isinstance(verdicts[0], NotYet)
    assert isinstance(verdicts[1], Unknown)
    assert verdicts[2] is None
    assert state(store, other) == "released"
    pay(store, opened)
    assert hear(store, early) == [None]
    assert state(store, opened) == "released"


# contract.cancelled


def test_a_cancelled_contract_cancels_what_is_opened_and_refunds_what_is_funded(
    store: Store,
) -> None:
    opened, funded = keep_hold(store), keep_funded(store)
    assert hear(store, cancelled(opened, funded)) == [None]
    assert (state(store, opened), state(store, funded)) == ("cancelled", "refunded")
    assert facts(store, opened.id)[-1] == "hold.cancelled"
    assert facts(store, funded.id)[-1] == "escrow.refunded"
    assert audit.check(store.db) == []


def test_a_contract_cancelled_before_it_was_heard_of_ends_its_hold_later(store: Store) -> None:
    event = an_event("contract.formed", formed())
    opened_later = replace(
        keep_hold(store), id=event.data["milestones"][0]["hold_id"], ref=event.subject
    )
    end = cancelled(opened_later)
    assert isinstance(hear(store, end)[0], Unknown)
    assert hear(store, event, end) == [None, None]
    assert state(store, opened_later) == "cancelled"


def test_a_delivery_accepted_and_a_contract_cancelled_cross_and_the_first_wins(
    store: Store,
) -> None:
    first, second = keep_funded(store), keep_funded(store)
    assert hear(store, accepted(first)) == [None]
    assert hear(store, cancelled(second)) == [None]
    assert hear(store, cancelled(first), accepted(second)) == [None, None]
    assert (state(store, first), state(store, second)) == ("released", "refunded")
    assert facts(store, second.id)[-2:] == ["escrow.refunded", "escrow.refunded"]
    assert audit.check(store.db) == []


def test_money_that_comes_for_a_cancelled_hold_goes_to_the_clients_wallet(store: Store) -> None:
    asked = charged(keep_hold(store))
    store.db["holds"].replace_one(
        {"_id": asked.id},
        {**HOLDS.to_doc(asked), "version": 2, "outbox": [], "receipts": []},
    )
    hear(store, cancelled(asked))
    for _ in range(2):
        usecases.charge_answered(
            store, asked.id, asked.charges[0].id, Answer("confirmed"), now=clock.now()
        )
    assert state(store, asked) == "cancelled"
    wallet = store.db[journal.BALANCES].find_one({"_id": f"wallet:{CLIENT}:JPY"})
    assert wallet is not None
    assert wallet["amount"] == 75_000
    assert audit.check(store.db) == []


def test_the_end_is_the_same_whatever_the_order(store: Store) -> None:
    """Events three times each and shuffled, what is too early heard again, as deliveries are."""
    dice = random.Random(7)
    funded = [keep_funded(store) for _ in range(12)]
    opened = [keep_hold(store) for _ in range(3)]
    events: list[Event] = [accepted(one) for one in funded[:8]]
    events += [cancelled(one) for one in (*funded[8:], *opened)]
    waiting = events * 3
    while waiting:
        dice.shuffle(waiting)
        batch, waiting = waiting[:7], waiting[7:]
        once: dict[str, Event] = {e.id: e for e in batch}
        verdicts = hear(store, *once.values())
        late = [e for e, why in zip(once.values(), verdicts, strict=True) if why is not None]
        waiting += late
    assert [state(store, one) for one in funded] == ["released"] * 8 + ["refunded"] * 4
    assert [state(store, one) for one in opened] == ["cancelled"] * 3
    assert entries(store) == 24
    assert audit.check(store.db) == []


def test_a_replay_of_everything_posts_nothing(store: Store) -> None:
    released = keep_released(store)
    before: Any = list(store.db[journal.ENTRIES].find())
    hear(store, accepted(released), cancelled(released))
    assert list(store.db[journal.ENTRIES].find()) == before
