"""Many at once: openings are never oversold, a request is done once, a person proposes once."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from services.jobs import usecases
from services.jobs.domain import opening, proposal
from services.jobs.domain.proposal import Proposal
from services.jobs.records import JOBS, PROPOSALS
from shared import ids
from shared.documents import Once
from shared.errors import Refused
from shared.store import Store
from tests.callers import Caller
from tests.jobs.builders import CLIENT, NOON, a_job, a_proposal, job_words, keep, proposal_words
from tests.jobs.test_api import published

RACERS = 64


def race(runs: Sequence[Callable[[], Any]]) -> list[str]:
    """Start all at the same moment; return how each ended: "ok", or the code of its refusal."""
    gate = Barrier(len(runs))

    def run(each: Callable[[], Any]) -> str:
        gate.wait()
        try:
            each()
        except Refused as no:
            return no.code
        return "ok"

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


def a_job_with_proposals(store: Store, openings: int) -> list[Proposal]:
    """Keep an open job and as many proposals as there are racers."""
    job = a_job(openings=openings)
    made = [a_proposal(job, worker_id=ids.new("mem")) for _ in range(RACERS)]
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, *made)
    return made


@pytest.mark.parametrize("openings", [1, 5])
def test_as_many_are_selected_as_there_are_openings(store: Store, openings: int) -> None:
    made = a_job_with_proposals(store, openings)

    def select(each: Proposal) -> None:
        usecases.select(
            store, each, by=CLIENT, now=NOON, once=None, offer_id=ids.new("off"), words={}
        )

    ended = Counter(race([lambda each=each: select(each) for each in made]))  # type: ignore[misc]

    assert ended == {"ok": openings, "no_opening_left": RACERS - openings}
    job = store.get(JOBS, made[0].job_id)
    assert (job.project.count("reserved"), job.project.free) == (openings, 0)
    chosen = {doc["_id"] for doc in store.db[PROPOSALS.collection].find({"state": "selected"})}
    assert chosen == {s.proposal_id for s in job.project.selections}


def test_one_proposal_is_selected_once_by_however_many(store: Store) -> None:
    (each, *_) = a_job_with_proposals(store, openings=100)

    def select() -> None:
        usecases.select(
            store, each, by=CLIENT, now=NOON, once=None, offer_id=ids.new("off"), words={}
        )

    ended = Counter(race([select] * 16))

    assert ended == {"ok": 1, "wrong_state": 15}
    assert len(store.get(JOBS, each.job_id).project.selections) == 1
    said = store.load(PROPOSALS, each.id).doc["outbox"]
    assert [entry["type"] for entry in said] == ["proposal.selected"]


@pytest.mark.parametrize("round_", range(20))
def test_a_selection_and_a_withdrawal_that_cross_agree_in_the_end(
    store: Store, round_: int
) -> None:
    (each, *_) = a_job_with_proposals(store, openings=1)

    def select() -> None:
        usecases.select(
            store, each, by=CLIENT, now=NOON, once=None, offer_id=ids.new("off"), words={}
        )

    def withdraw() -> None:
        store.change(PROPOSALS, each.id, proposal.withdraw, now=NOON, by=each.worker_id)

    ended = race([select, withdraw])

    job, found = store.get(JOBS, each.job_id), store.get(PROPOSALS, each.id)
    assert sorted(ended) == ["ok", "wrong_state"]
    assert (job.project.free == 0) == (found.state == "selected")


def test_one_request_sent_8_times_at_once_selects_once(store: Store) -> None:
    (each, *_) = a_job_with_proposals(store, openings=5)
    answers: list[Any] = []

    def select() -> None:
        offer_id = ids.new("off")
        once = Once("the request", "its words", {"offer_id": offer_id})
        done = usecases.select(
            store, each, by=CLIENT, now=NOON, once=once, offer_id=offer_id, words={}
        )
        answers.append(done.answer["offer_id"])

    assert race([select] * 8) == ["ok"] * 8
    assert len(set(answers)) == 1
    (selection,) = store.get(JOBS, each.job_id).project.selections
    assert selection.offer_id == answers[0]


@pytest.mark.parametrize("key", ["k", None])
def test_8_requests_at_once_propose_once(
    store: Store, client: Caller, worker: Caller, key: str | None
) -> None:
    path, words = published(client), proposal_words()
    statuses: Counter[int] = Counter()

    def propose() -> None:
        statuses[worker.post(f"{path}/proposals", words, key=key).status_code] += 1

    assert race([propose] * 8) == ["ok"] * 8
    assert statuses == ({201: 8} if key else {201: 1, 409: 7})
    assert store.db[PROPOSALS.collection].count_documents({}) == 1


def test_8_requests_at_once_publish_once(store: Store, client: Caller) -> None:
    path = client.post("/v1/jobs", job_words()).headers["Location"]
    statuses: Counter[int] = Counter()

    def publish() -> None:
        statuses[client.post(f"{path}/publish").status_code] += 1

    race([publish] * 8)

    assert statuses == {200: 1, 409: 7}
    doc = store.load(JOBS, path.rpartition("/")[2]).doc
    assert [entry["type"] for entry in doc["outbox"]] == ["job.opened"]


def test_frees_and_reservations_that_cross_keep_count(store: Store) -> None:
    made = a_job_with_proposals(store, openings=8)
    first = made[:8]
    offers = {each.id: ids.new("off") for each in first}
    for each in first:
        usecases.select(
            store, each, by=CLIENT, now=NOON, once=None, offer_id=offers[each.id], words={}
        )

    def end(each: Proposal) -> Callable[[], Any]:
        return lambda: store.change(
            JOBS,
            each.job_id,
            opening.hear,
            now=NOON,
            what="offer.declined",
            offer_id=offers[each.id],
        )

    def select(each: Proposal) -> Callable[[], Any]:
        return lambda: usecases.select(
            store, each, by=CLIENT, now=NOON, once=None, offer_id=ids.new("off"), words={}
        )

    ended = Counter(race([*(end(e) for e in first), *(select(e) for e in made[8:24])]))

    job = store.get(JOBS, made[0].job_id)
    assert job.project.count("freed") == 8
    assert job.project.count("reserved") == ended["ok"] - 8 <= 8
