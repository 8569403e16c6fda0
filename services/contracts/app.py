"""The web application of contracts."""

from flask import Flask

from services.contracts.api import (
    asking,
    contracts,
    disputes,
    evidence,
    hours,
    offers,
    watching,
)
from services.contracts.domain import times
from services.contracts.personal import PARTS
from services.contracts.records import KINDS
from shared import profiles, web
from shared.settings import Settings
from shared.web import exports


def create_app(given: Settings | None = None) -> Flask:
    """Return the application; gunicorn calls this without settings."""
    blueprints = [offers.blp, contracts.blp, asking.blp, disputes.blp, evidence.blp]
    blueprints += [hours.blp, watching.blp, exports.blueprint("contracts", PARTS)]
    app = web.make_app("contracts", blueprints, kinds=KINDS, given=given)
    times.use(profiles.of(app.extensions["ukeoi_settings"]).timers)
    return app
