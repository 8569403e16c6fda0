"""What operators watch: how many jobs of each mode are in which state."""

from flask import Response

from services.jobs import queries
from services.jobs.domain.job import MODES, STATES
from services.jobs.schemas import ReportShape
from shared import web
from shared.errors import Forbidden

blp = web.blueprint("watching", __name__, prefix="/v1/ops/jobs", keys=False)


@blp.get("/report")
@blp.response(200, ReportShape())
def get_jobs_report() -> Response:
    """Count the jobs of each mode by state, to 100,000 each; drafts are private. 403 ops_only."""
    if not web.caller().is_ops:
        raise Forbidden("ops_only", "this is for operators")
    counts = queries.counts(web.store().db, MODES, [s for s in STATES if s != "draft"])
    return web.answer({"modes": [{"mode": mode, "states": of} for mode, of in counts.items()]})
