"""The web application of contracts."""

from flask import Flask

from services.contracts.api import contracts, offers
from services.contracts.records import KINDS
from shared import web
from shared.settings import Settings


def create_app(given: Settings | None = None) -> Flask:
    """Return the application; gunicorn calls this without settings."""
    return web.make_app("contracts", [offers.blp, contracts.blp], kinds=KINDS, given=given)
