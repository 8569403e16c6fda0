"""The web application of jobs."""

from flask import Flask

from services.jobs.api import categories, jobs, proposals, questions
from services.jobs.records import KINDS
from shared import web
from shared.settings import Settings


def create_app(given: Settings | None = None) -> Flask:
    """Return the application; gunicorn calls this without settings."""
    blueprints = [categories.blp, jobs.blp, proposals.blp, questions.blp]
    return web.make_app("jobs", blueprints, kinds=KINDS, given=given)
