"""The web application of escrow."""

from collections.abc import Mapping, Sequence

from flask import Flask

from services.escrow import config, profiles
from services.escrow.api import destinations, holds, ledger, payments, wallets
from services.escrow.personal import PARTS
from services.escrow.records import KINDS
from shared import web
from shared.settings import Settings
from shared.web import exports


def create_app(
    given: Settings | None = None, webhook_secrets: Mapping[str, Sequence[str]] | None = None
) -> Flask:
    """Return the application; gunicorn calls this without settings.

    A provider's webhooks are signed with one of the secrets in `<PROVIDER>_WEBHOOK_SECRETS`,
    separated by commas; without any, each of them is refused.
    """
    blueprints = [holds.blp, destinations.blp, wallets.blp, payments.blp, ledger.blp]
    blueprints.append(exports.blueprint("escrow", PARTS))
    app = web.make_app("escrow", blueprints, kinds=KINDS, given=given)
    profiles.of(app.extensions["ukeoi_settings"])
    secrets = config.here().webhook_secrets if webhook_secrets is None else webhook_secrets
    app.extensions["escrow_webhook_secrets"] = secrets
    return app
