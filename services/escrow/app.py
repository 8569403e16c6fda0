"""The web application of escrow."""

from collections.abc import Mapping, Sequence

from environs import FileAwareEnv
from flask import Flask

from services.escrow import profiles
from services.escrow.api import holds, ledger, wallets
from services.escrow.records import KINDS
from services.escrow.usecases import PROVIDERS
from shared import web
from shared.settings import Settings


def create_app(
    given: Settings | None = None, webhook_secrets: Mapping[str, Sequence[str]] | None = None
) -> Flask:
    """Return the application; gunicorn calls this without settings.

    A provider's webhooks are signed with one of the secrets in `<PROVIDER>_WEBHOOK_SECRETS`,
    separated by commas; without any, each of them is refused.
    """
    app = web.make_app("escrow", [holds.blp, wallets.blp, ledger.blp], kinds=KINDS, given=given)
    profiles.of(app.extensions["ukeoi_settings"])
    secrets = _secrets() if webhook_secrets is None else webhook_secrets
    app.extensions["escrow_webhook_secrets"] = secrets
    return app


def _secrets() -> dict[str, list[str]]:
    env = FileAwareEnv(strip_whitespace=True)
    return {name: env.list(f"{name.upper()}_WEBHOOK_SECRETS", []) for name in PROVIDERS}
