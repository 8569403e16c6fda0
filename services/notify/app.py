"""The web process: `gunicorn 'services.notify.app:create_app()'`."""

from flask import Flask

from services.notify.api import feed, mail, notices, preferences, webhooks
from services.notify.personal import PARTS
from services.notify.records import KINDS, SHELVES
from shared import web
from shared.settings import Settings
from shared.web import exports


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; the environment is read unless settings are given."""
    blueprints = [notices.blp, preferences.blp, feed.blp, webhooks.blp, mail.blp]
    blueprints.append(exports.blueprint("notify", PARTS))
    return web.make_app("notify", blueprints, KINDS, settings, shelves=SHELVES)
