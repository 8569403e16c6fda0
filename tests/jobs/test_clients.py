"""What jobs are found by of their clients follows what is heard of them."""

from typing import Any

import pytest

from services.jobs.domain.job import Known
from services.jobs.people import PAYERS
from services.jobs.queries import clients
from services.jobs.reactions import REACTIONS
from services.jobs.records import JOBS
from shared import clock, engine, ids
from shared.events import Event
from shared.store import Db, Store
from tests.callers import Caller
from tests.jobs.builders import CLIENT, STRANGER, a_job, an_event, keep, open_jobs, yen
from tests.jobs.test_people import AS_CLIENT, a_record, hear, published
from tests.spying import scans, spied


def found(caller: Caller, query: str) -> list[str]:
    said = caller.get(f"/v1/jobs?{query}")
    assert said.status_code == 200, said.json
    return [item["id"] for item in said.json["items"]]


def verified(member_id: str) -> Event:
    return an_event("member.verified", {"member_id": member_id}, subject=member_id)


def released(client_id: str, **over: Any) -> Event:
    words = {
        "hold_id": ids.new("hld"),
        "ref": ids.new("con"),
        "milestone": 1,
        "client_id": client_id,
        "worker_id": STRANGER,
        "title": "t",
        "amount": yen(100).words(),
        "state": "released",
        "worker_gets": yen(95).words(),
        "fee": yen(5).words(),
        "cause": "delivery",
        **over,
    }
    return an_event("escrow.released", words, subject=words["hold_id"])


def rejecting(member_id: str, hits: int, sample: int, version: int = 2) -> Event:
    rate = {"hits": hits, "sample": sample}
    as_client = {**AS_CLIENT, "rejection_rate": rate}
    return a_record(member_id, version, as_client=as_client)


def test_open_jobs_are_found_by_what_is_heard_of_their_client(
    client: Caller, stranger: Caller, nobody: Caller, store: Store
) -> None:
    job, other = published(client), published(stranger)

    hear(store, verified(client.id), released(client.id), rejecting(stranger.id, 1, 4))

    assert found(nobody, "client_verified=true") == [job]
    assert found(nobody, "client_paid=true&client_verified=true&skill=Illustrator") == [job]
    assert found(nobody, "client_rejection_max=20") == [job]
    assert found(nobody, "client_rejection_max=30") == [other, job]


def test_what_is_known_before_a_job_is_published_is_in_it_at_once(
    client: Caller, nobody: Caller, store: Store
) -> None:
    hear(store, verified(client.id), released(client.id), rejecting(client.id, 1, 10))

    job = published(client)

    assert store.get(JOBS, job).client_known == Known(
        is_verified=True, has_paid=True, rejects_percent=10
    )
    assert found(nobody, "client_paid=true&client_rejection_max=10") == [job]
    assert found(nobody, "client_rejection_max=5") == []


def test_a_job_looks_again_when_it_has_opened(client: Caller, store: Store) -> None:
    job = published(client)
    store.project(PAYERS, {"_id": client.id, "version": 1, "is_told": True})
    [opened] = [f for f in store.timeline(job, JOBS.collection) if f["type"] == "job.opened"]
    hear(store, an_event("job.opened", opened["data"], subject=job))

    assert store.get(JOBS, job).client_known.has_paid


def test_hearing_what_changes_nothing_changes_no_job(client: Caller, store: Store) -> None:
    job = published(client)
    events = [verified(client.id), released(client.id), rejecting(client.id, 1, 10)]
    hear(store, *events)
    version = store.load(JOBS, job).version
    more = [released(client.id), rejecting(client.id, 10, 101, 3), *events]
    engine.handle_many(store, REACTIONS, more, now=clock.now())

    assert store.load(JOBS, job).version == version


def test_what_was_heard_of_a_payment_and_not_done_is_done_when_it_is_heard_again(
    client: Caller, store: Store
) -> None:
    job = published(client)
    store.project(PAYERS, {"_id": client.id, "version": 1, "is_told": False})
    hear(store, released(client.id))

    assert store.get(JOBS, job).client_known.has_paid
    assert clients.untold_payers(store.db, [client.id]) == set()


def test_drafts_and_closed_jobs_stay_as_they_are(store: Store, db: Db) -> None:
    made = [a_job(state=state) for state in ("draft", "closed", "cancelled")]
    keep(db, JOBS, *made)
    hear(store, verified(CLIENT))

    assert [store.load(JOBS, job.id).version for job in made] == [1, 1, 1]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("rejected", "judged", "percent"),
    [(0, 0, 0), (0, 9, 0), (1, 1_000, 5), (5, 100, 5), (51, 1_000, 10), (1, 3, 50), (2, 3, 100)],
)
def test_rejections_are_told_apart_at_a_few_percentages(
    rejected: int, judged: int, percent: int
) -> None:
    known = Known.of(is_verified=False, has_paid=False, rejected=rejected, judged=judged)

    assert known.rejects_percent == percent


def test_what_is_known_of_clients_is_read_by_indexes(db: Db, mongo_url: str) -> None:
    keep(db, JOBS, *open_jobs(10))
    with spied(mongo_url, db.name) as (seen, spy):
        known = clients.known(seen, [CLIENT, STRANGER])
        clients.untold_payers(seen, [CLIENT])
        stale = list(clients.stale_jobs(seen, known | {CLIENT: Known(has_paid=True)}))

        assert len(stale) == 10
        assert scans(seen, spy) == []
