"""The web application of jobs."""

from flask import Flask

from services.jobs.api import (
    assignments,
    bookmarks,
    categories,
    entries,
    jobs,
    listings,
    proposals,
    questions,
    searches,
    watching,
)
from services.jobs.bookmarks import SHELVES
from services.jobs.domain import market
from services.jobs.personal import PARTS
from services.jobs.records import KINDS
from shared import profiles, web
from shared.settings import Settings
from shared.web import exports


def create_app(given: Settings | None = None) -> Flask:
    """Return the application; gunicorn calls this without settings."""
    blueprints = [categories.blp, jobs.blp, proposals.blp, questions.blp]
    blueprints += [entries.blp, assignments.blp, bookmarks.blp, listings.blp, watching.blp]
    blueprints.append(searches.blp)
    blueprints.append(exports.blueprint("jobs", PARTS))
    app = web.make_app("jobs", blueprints, kinds=KINDS, given=given, shelves=SHELVES)
    market.run_as(profiles.of(app.extensions["ukeoi_settings"]))
    return app
