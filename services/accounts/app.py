"""The web process of accounts: `gunicorn 'services.accounts.app:create_app()'`."""

from flask import Flask

from services.accounts import api
from services.accounts.personal import PARTS
from services.accounts.records import KINDS, SHELVES
from services.accounts.usecases.tokens import Signer
from shared import settings, web
from shared.settings import Settings
from shared.web import exports


def create_app(given: Settings | None = None) -> Flask:
    """Return the application.

    :raises SystemExit: there is no directory of private keys to sign with
    """
    config = given or settings.read()
    if config.jwt_private_keys is None:
        raise SystemExit("accounts signs the tokens: JWT_PRIVATE_KEYS is to name a directory")
    blueprints = (*api.BLUEPRINTS, exports.blueprint("accounts", PARTS))
    app = web.make_app("accounts", blueprints, KINDS, given, shelves=SHELVES)
    app.extensions["accounts_signer"] = Signer(
        config.jwt_private_keys,
        app.extensions["ukeoi_keys"],
        config.jwt_issuer,
        config.jwt_audience,
    )
    return app
