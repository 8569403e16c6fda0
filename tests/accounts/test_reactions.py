"""What accounts hears becomes a record: once heard, twice heard, in any order."""

import itertools
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.accounts import queries
from services.accounts.domain.measures import AsWorker, Measures, Median, Rate
from services.accounts.domain.member import Member, Record
from services.accounts.reactions import REACTIONS
from services.accounts.records import ENDED, KINDS, MEMBERS, REVIEWS, SEEN, SHELVES
from services.accounts.usecases import record as counting
from shared import clock, engine, faults, ids
from shared.events import Event
from shared.store import Db, Store, ensure_indexes
from tests.accounts.builders import (
    ANY,
    NOW,
    a_hire,
    a_member,
    a_party,
    a_step,
    an_event,
    ended,
    revealed,
)


@pytest.fixture
def store(db: Db) -> Store:
    ensure_indexes(db, KINDS, SHELVES)
    return Store(db, "accounts")


def joined(store: Store, **change: Any) -> Member:
    return store.create(MEMBERS, a_member(**change), [], now=NOW).thing


def keep(store: Store, *events: Event) -> None:
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=NOW)
    assert all(why is None for why in verdicts.values()), verdicts


def hear(store: Store, *events: Event) -> None:
    keep(store, *events)
    counting.count_due(store, NOW)


def record(store: Store, member: Member) -> Record:
    return store.get(MEMBERS, member.id).record


def said(store: Store, member: Member) -> Sequence[dict[str, Any]]:
    return [f["data"] for f in store.timeline(member.id, "members")]


def test_a_completed_contract_counts_for_both(store: Store) -> None:
    client, worker = joined(store), joined(store)
    hear(store, ended("contract.completed", client.id, worker.id))
    assert record(store, client) == record(store, worker) == Record(contracts_completed=1)
    assert [f["contracts_completed"] for f in said(store, worker)] == [1]


def test_a_cancelled_contract_counts_for_both(store: Store) -> None:
    client, worker = joined(store), joined(store)
    hear(store, ended("contract.cancelled", client.id, worker.id))
    assert record(store, client) == record(store, worker) == Record(contracts_cancelled=1)


def test_a_revealed_review_counts_for_whom_it_is_about(store: Store) -> None:
    client, worker = joined(store), joined(store)
    hear(store, revealed(client.id, worker.id, satisfied=True))
    hear(store, revealed(client.id, worker.id, satisfied=False))
    assert record(store, worker) == Record(reviews_satisfied=1, reviews_unsatisfied=1)
    assert record(store, client) == Record()


def test_what_is_heard_again_counts_once_and_is_told_once(store: Store) -> None:
    client, worker = joined(store), joined(store)
    contract = ids.new("con")
    heard = ended("contract.completed", client.id, worker.id, contract)
    review = revealed(client.id, worker.id, satisfied=True)
    hear(store, heard, review)
    hear(store, heard)
    hear(store, review)
    # Said again by its publisher, it has another id and is the same fact.
    hear(store, ended("contract.completed", client.id, worker.id, contract))
    hear(store, revealed(client.id, worker.id, satisfied=True, review_id=review.data["review_id"]))
    assert record(store, worker) == Record(contracts_completed=1, reviews_satisfied=1)
    last = said(store, worker)[-1]
    assert (last["contracts_completed"], last["reviews_satisfied"]) == (1, 1)
    assert len(said(store, client)) == 1


def test_the_order_is_no_matter(store: Store) -> None:
    client = joined(store)
    several = [joined(store) for _ in range(3)]
    for order, worker in zip(itertools.permutations(range(3)), several, strict=False):
        events = [
            ended("contract.completed", client.id, worker.id),
            ended("contract.cancelled", client.id, worker.id),
            revealed(client.id, worker.id, satisfied=True),
        ]
        for n in order:
            hear(store, events[n])
    assert {record(store, w) for w in several} == {
        Record(contracts_completed=1, contracts_cancelled=1, reviews_satisfied=1)
    }


def test_a_batch_counts_all_and_tells_the_sum(store: Store) -> None:
    client, worker = joined(store), joined(store)
    hear(store, *(ended("contract.completed", client.id, worker.id) for _ in range(50)))
    assert record(store, worker).contracts_completed == 50
    assert [f["contracts_completed"] for f in said(store, worker)] == [50]


def test_workers_that_count_at_once_lose_nothing(store: Store) -> None:
    worker = joined(store)
    events = [ended("contract.completed", joined(store).id, worker.id) for _ in range(40)]
    events += random.Random(1).sample(events, 20)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda event: hear(store, event), events))
    assert record(store, worker).contracts_completed == 40
    assert said(store, worker)[-1]["contracts_completed"] == 40


def test_figures_heard_twice_and_shuffled_are_the_same(store: Store) -> None:
    outcomes = []
    for seed in (0, 1, 2):
        client, worker = joined(store), joined(store)
        lost = a_party(client.id, worker.id, ids.new("con"))
        task = {**lost, "assignment_id": ids.new("asg")}
        events = [
            *a_hire(client.id, worker.id),
            *a_hire(client.id, worker.id),
            a_step("contract.started", 0, lost),
            a_step("milestone.overdue", 3, lost, milestone=1),
            a_step("dispute.opened", 4, lost),
            a_step("contract.cancelled", 5, lost),
            a_step("assignment.rejected", 1, task),
            a_step("assignment.approved", 2, task),
        ]
        twice = [*events, *events]
        if seed:
            random.Random(seed).shuffle(twice)
        for event in twice:
            hear(store, event)
        told = {who.id: said(store, who)[-1] for who in (client, worker)}
        outcomes.append(
            [
                store.get(MEMBERS, client.id).measures,
                store.get(MEMBERS, worker.id).measures,
                *({k: v for k, v in one.items() if k != "member_id"} for one in told.values()),
            ]
        )
    assert outcomes[0] == outcomes[1] == outcomes[2]
    measured = outcomes[0][1]
    assert isinstance(measured, Measures)
    assert measured.facts == 18
    assert measured.as_worker == AsWorker(
        on_time=Rate(2, 3),
        completion=Rate(2, 3),
        task_approval=Rate(1, 1),
        repeat_clients=Rate(1, 1),
        dispute=Rate(1, 3),
    )


def test_answers_and_awards_are_heard_of_whom_they_were_waited_for(store: Store) -> None:
    client, worker = joined(store), joined(store)
    both = {"client_id": client.id, "worker_id": worker.id, "title": "Logo", "job_id": "job_1"}
    question, proposal = {"question_id": "qst_1"}, {"proposal_id": "pro_1"}
    plan = {"offer_id": "off_1", "deliver_by": clock.text(NOW), "answer_by": clock.text(NOW)}
    sides = {"asker_id": client.id, "answerer_id": worker.id}
    hear(
        store,
        said_at("job.opened", 0, client_id=client.id, job_id="job_1", category="design"),
        said_at("question.asked", 1, **both, **question),
        said_at("question.answered", 2, **both, **question),
        said_at("proposal.submitted", 2, **both, **proposal),
        said_at("opening.reserved", 5, **both, **proposal, **plan),
        said_at("proposal.selected", 5, **both, **proposal, **plan),
        said_at("offer.sent", 5, **both, **plan),
        said_at("offer.countered", 7, **both, **plan, **sides, turn="client"),
        said_at("offer.countered", 8, **both, **plan, **sides, turn="worker"),
        said_at("offer.accepted", 12, **both, **plan, contract_id="con_1"),
    )
    as_client = store.get(MEMBERS, client.id).measures.as_client
    as_worker = store.get(MEMBERS, worker.id).measures.as_worker
    assert as_client.time_to_answer == Median(2 * 3600, 2)
    assert as_client.time_to_award == Median(5 * 3600, 1)
    assert as_worker.time_to_answer == Median(3 * 3600, 2)
    assert said(store, worker)[-1]["as_worker"]["time_to_answer"] == {
        "median_s": 3 * 3600,
        "sample": 2,
    }


def said_at(type_: str, hour: int, **words: Any) -> Event:
    known = {**ANY, "mode": "project", "title": "Logo", **words}
    event = an_event(type_, "x", known)
    return replace(event, time=clock.text(NOW + timedelta(hours=hour)))


def test_workers_that_measure_at_once_end_with_the_figures_of_all(store: Store) -> None:
    client, worker = joined(store), joined(store)
    events = [event for _ in range(5) for event in a_hire(client.id, worker.id)]
    random.Random(3).shuffle(events)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda event: hear(store, event), events))
    measured = store.get(MEMBERS, worker.id).measures
    assert (measured.facts, measured.as_worker.on_time) == (30, Rate(5, 5))
    assert said(store, worker)[-1]["level"] == 2


def test_who_is_not_here_keeps_the_others_from_nothing(store: Store) -> None:
    worker = joined(store)
    hear(store, ended("contract.completed", ids.new("mem"), worker.id))
    assert record(store, worker).contracts_completed == 1


def test_what_is_heard_one_by_one_is_counted_and_told_once(store: Store) -> None:
    client, worker = joined(store), joined(store)
    for event in a_hire(client.id, worker.id):
        keep(store, event)
    assert said(store, worker) == []
    assert counting.count_due(store, NOW) == 2
    assert [f["contracts_completed"] for f in said(store, worker)] == [1]
    assert counting.count_due(store, NOW) == 0


def test_a_fact_heard_again_leaves_nothing_to_count(store: Store) -> None:
    client, worker = joined(store), joined(store)
    events = [*a_hire(client.id, worker.id), revealed(client.id, worker.id, satisfied=True)]
    hear(store, *events)
    versions = [store.load(MEMBERS, who.id).version for who in (client, worker)]
    keep(store, *events)
    assert not queries.is_uncounted(store.db)
    assert counting.count_due(store, NOW) == 0
    assert [store.load(MEMBERS, who.id).version for who in (client, worker)] == versions


def test_a_sweep_that_is_out_of_time_counts_who_was_heard_of_first(store: Store) -> None:
    workers = [joined(store) for _ in range(3)]
    for hour, worker in enumerate(workers):
        counting.hear_reviews(
            store,
            [revealed(ids.new("mem"), worker.id, satisfied=True)],
            NOW + timedelta(hours=hour),
        )
    for done in (1, 2, 3):
        assert counting.count_due(store, NOW, until=0) == 1
        assert [record(store, w).reviews_satisfied for w in workers] == [1] * done + [0] * (
            3 - done
        )


def test_whose_record_cannot_be_derived_keeps_the_others_from_nothing(store: Store) -> None:
    broken, worker = joined(store), joined(store)
    counting.hear_reviews(store, [revealed(worker.id, broken.id, satisfied=True)], NOW)
    store.mark("members", {"_id": broken.id}, {"record": None})
    hear(store, revealed(broken.id, worker.id, satisfied=True))
    assert record(store, worker).reviews_satisfied == 1
    assert list(queries.uncounted(store.db, 10)) == [broken.id]


def test_what_waits_to_be_counted_is_found_by_an_index(store: Store) -> None:
    for name in (ENDED, SEEN, REVIEWS):
        found = store.db[name].find({"uncounted": True}).sort("heard_at", 1).limit(500).explain()
        plan = str(found["queryPlanner"]["winningPlan"])
        assert "'indexName': 'uncounted'" in plan
        assert "SORT" not in plan


def test_a_kill_between_counting_and_marking_is_counted_again_and_told_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, worker = joined(store), joined(store)
    keep(store, ended("contract.completed", client.id, worker.id))

    def stop(name: str) -> None:
        if name == "after_write":
            raise AutoReconnect("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(faults, "point", stop)
        with pytest.raises(AutoReconnect):
            counting.count_due(store, NOW)
    assert len(queries.uncounted(store.db, 10)) == 2
    assert counting.count_due(store, NOW) == 2
    assert record(store, client) == record(store, worker) == Record(contracts_completed=1)
    assert len(said(store, client)) == len(said(store, worker)) == 1
    assert not queries.is_uncounted(store.db)
