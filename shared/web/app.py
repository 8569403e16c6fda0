"""The application of a service: its settings, store and keys, its routes and their document."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from flask_smorest import Api

from shared import auth, log, relay, settings
from shared import store as stores
from shared.documents import Kind, Shelf
from shared.settings import Settings
from shared.store import Store
from shared.web import edge, operations, problems
from shared.web.blueprint import Blueprint
from shared.web.problems import ProblemSchema
from shared.web.strict import BODY_MAX_BYTES

KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "description": "Makes the request safe to repeat: the same key and words act once.",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class _Api(Api):  # type: ignore[misc]
    """flask-smorest's document with our problems in it, and our one way of answering errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "PROBLEM"

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(Exception, problems.answer)

    def _register_responses(self) -> None:
        components = self.spec.components
        content = {"application/problem+json": {"schema": ProblemSchema}}
        names = {f"PROBLEM_{status}": title for status, title in problems.TITLES.items()}
        # The second is what webargs' decorator refers to.
        names |= {"PROBLEM": "A problem", "UNPROCESSABLE_ENTITY": problems.TITLES[422]}
        for name, title in names.items():
            components.response(name, {"description": title, "content": content}, lazy=True)
        components.parameter("IDEMPOTENCY_KEY", "header", {**KEY_PARAMETER}, lazy=True)
        components.security_scheme(
            "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        )


class _App(Flask):
    """Flask, told that no view of ours is a coroutine: asking each time cost more than routing."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def make_app(
    name: str,
    blueprints: Sequence[Blueprint],
    kinds: Sequence[Kind[Any]],
    given: Settings | None = None,
    *,
    shelves: Sequence[Shelf] = (),
) -> Flask:
    """Return the web application of a service; the environment is read unless settings are given.

    It comes up without MongoDB and without RabbitMQ: then it answers 503, or facts wait.
    """
    config = given or settings.read()
    if given is None:
        log.configure(name, config.log_level)
    app = _App(name, static_folder=None)
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
        API_TITLE=f"Ukeoi {name}",
        API_VERSION="v1",
        API_SPEC_OPTIONS={"security": [{"bearer": []}], "servers": [{"url": config.public_url}]},
        OPENAPI_VERSION="3.1.0",
    )
    store = Store(stores.connect(config.mongo_url, config.mongo_db), source=name)
    app.extensions.update(
        ukeoi_settings=config,
        ukeoi_store=store,
        ukeoi_relay=relay.start(store, config.amqp_url) if config.amqp_url else None,
        ukeoi_keys=auth.Keys(config.jwt_public_keys, config.jwt_issuer, config.jwt_audience),
        ukeoi_kinds=tuple(kinds),
        ukeoi_shelves=tuple(shelves),
        ukeoi_indexed=False,
    )
    api = _Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    edge.add_to(app)
    operations.add_to(app, api)
    return app
