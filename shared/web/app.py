"""The application of a service: its settings, store and keys, its routes and their document."""

from collections.abc import Callable, Sequence
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api

from shared import auth, log, relay, revocations, settings, tracing
from shared import store as stores
from shared.documents import Kind, Shelf
from shared.settings import Settings
from shared.store import Store
from shared.web import edge, operations, ops, problems
from shared.web.blueprint import Blueprint
from shared.web.problems import TITLES, ProblemSchema
from shared.web.strict import BODY_MAX_BYTES


def _name_of(schema: Any) -> str:
    """Name a schema in the document: `OfferShape` is an Offer."""
    name = (schema if isinstance(schema, type) else type(schema)).__name__
    return str(name.lstrip("_").removesuffix("Shape").removesuffix("Answer"))


class _Api(Api):  # type: ignore[misc]
    """flask-smorest's document with our problems in it, and our one way of answering errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(Exception, problems.answer)

    def _register_responses(self) -> None:
        components = self.spec.components
        components.schema("Problem", schema=ProblemSchema)
        # webargs' decorator refers to it; `document.finish` puts our own in its place.
        components.response("UNPROCESSABLE_ENTITY", {"description": TITLES[422]}, lazy=True)
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
        tracing.start(name)
    app = _App(name, static_folder=None)
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
        API_TITLE=f"Ukeoi {name}",
        API_VERSION="v1",
        API_SPEC_OPTIONS={"security": [{"bearer": []}], "servers": [{"url": "/"}]},
        OPENAPI_VERSION="3.1.0",
    )
    store = Store(stores.connect(config.mongo_url, config.mongo_db), source=name)
    app.extensions.update(
        ukeoi_settings=config,
        ukeoi_store=store,
        ukeoi_relay=relay.start(store, config.amqp_url) if config.amqp_url else None,
        ukeoi_keys=auth.Keys(config.jwt_public_keys, config.jwt_issuer, config.jwt_audience),
        ukeoi_revocations=revocations.Revocations(store.db),
        ukeoi_kinds=tuple(kinds),
        ukeoi_shelves=tuple(shelves),
        ukeoi_indexed=False,
    )
    plugin = MarshmallowPlugin(schema_name_resolver=_name_of)
    api = _Api(app, spec_kwargs={"marshmallow_plugin": plugin})
    for blueprint in (*blueprints, ops.blueprint(name)):
        api.register_blueprint(blueprint)
    edge.add_to(app)
    operations.add_to(app, api)
    return app
