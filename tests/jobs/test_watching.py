"""What operators watch of jobs: how many of each mode are in each state."""

from flask import Flask

from services.jobs import queries
from services.jobs.domain.job import MODES, STATES
from services.jobs.records import JOBS
from shared.store import Db
from tests.callers import Caller, Signer, a_caller
from tests.jobs.builders import keep, open_jobs
from tests.jobs.test_api import draft, published
from tests.spying import scans, spied


def test_operators_count_jobs_by_mode_and_state_and_nobody_else_does(
    app: Flask, signer: Signer, client: Caller
) -> None:
    published(client)
    client.post(f"{published(client)}/close", key="k")
    draft(client)

    said = a_caller(app, signer, "ops").get("/v1/ops/jobs/report").json["modes"]

    assert [row["mode"] for row in said] == list(MODES)
    project = {name: count for name, count in said[0]["states"].items() if count}
    assert project == {"open": 1, "completed": 1} or project == {"open": 1, "closed": 1}
    assert "draft" not in said[0]["states"], "what nobody else sees is nobody's business"
    assert client.get("/v1/ops/jobs/report").json["code"] == "ops_only"


def test_counting_jobs_reads_no_whole_collection(mongo_url: str, db: Db) -> None:
    keep(db, JOBS, *open_jobs(5))
    with spied(mongo_url, db.name) as (seen, spy):
        counts = queries.counts(seen, MODES, STATES)
        assert counts["project"]["open"] == 5
        assert len(spy.commands) == len(MODES) * len(STATES)
        assert scans(seen, spy) == []
