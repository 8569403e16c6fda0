"""Jobs that a member has marked, to find them again."""

import pytest

from services.jobs import bookmarks
from services.jobs.records import JOBS
from shared.store import Store
from tests.callers import Caller
from tests.jobs.builders import a_job, keep, open_jobs
from tests.racers import at_once


def marked(worker: Caller, query: str = "") -> list[str]:
    """Return the ids of the jobs that this member has marked."""
    return [job["id"] for job in worker.get(f"/v1/bookmarks{query}").json["items"]]


def test_a_marked_job_is_found_again_by_who_marked_it(
    worker: Caller, stranger: Caller, nobody: Caller, store: Store
) -> None:
    jobs = open_jobs(3)
    keep(store.db, JOBS, *jobs)
    for job in jobs[:2]:
        said = worker.send("PUT", f"/v1/jobs/{job.id}/bookmark")
        assert (said.status_code, said.json["bookmarked"]) == (200, True)

    assert marked(worker) == [jobs[1].id, jobs[0].id]
    assert marked(stranger) == []
    assert nobody.get("/v1/bookmarks").status_code == 401
    assert nobody.get(f"/v1/jobs/{jobs[0].id}").json["bookmarked"] is False
    flags = [job["bookmarked"] for job in worker.get("/v1/jobs").json["items"]]
    assert flags == [False, True, True]


def test_a_mark_is_one_however_often_it_is_set_and_gone_when_taken_back(
    worker: Caller, store: Store
) -> None:
    job = a_job()
    keep(store.db, JOBS, job)
    path = f"/v1/jobs/{job.id}/bookmark"
    statuses = [a.status_code for a in at_once(8, lambda _: worker.send("PUT", path))]
    assert statuses == [200] * 8
    assert marked(worker) == [job.id]

    for _ in range(2):
        said = worker.send("DELETE", path)
        assert (said.status_code, said.json["bookmarked"]) == (200, False)

    assert marked(worker) == []
    worker.send("PUT", path)
    assert marked(worker) == [job.id]


def test_a_job_that_one_cannot_see_is_not_marked(worker: Caller, store: Store) -> None:
    draft = a_job(state="draft")
    keep(store.db, JOBS, draft)

    assert worker.send("PUT", f"/v1/jobs/{draft.id}/bookmark").status_code == 404
    assert store.db[bookmarks.BOOKMARKS].count_documents({}) == 0


def test_marks_have_a_limit_and_pages(
    worker: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = open_jobs(4)
    keep(store.db, JOBS, *jobs)
    monkeypatch.setattr(bookmarks, "BOOKMARKS_MAX", 3)
    for job in jobs[:3]:
        worker.send("PUT", f"/v1/jobs/{job.id}/bookmark")

    refused = worker.send("PUT", f"/v1/jobs/{jobs[3].id}/bookmark")

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_bookmarks")
    first = worker.get("/v1/bookmarks?limit=2").json
    rest = marked(worker, f"?limit=2&cursor={first['next_cursor']}")
    assert [job["id"] for job in first["items"]] + rest == [job.id for job in jobs[2::-1]]
