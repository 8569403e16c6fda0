"""Webhooks: addresses of a member's own, and what was posted to them."""

from flask import Response

from services.notify import queries
from services.notify.domain import webhook as rules
from services.notify.records import WEBHOOKS
from services.notify.schemas.webhooks import (
    DeliveriesArgs,
    DeliveriesShape,
    DeliveryShape,
    WebhookShape,
    WebhooksShape,
    WebhookWords,
    delivery_words,
    webhook_words,
)
from services.notify.usecases import hooks
from shared import web
from shared.web import Blueprint

blp: Blueprint = web.blueprint("webhooks", __name__)


@blp.post("/webhooks")
@blp.arguments(WebhookWords())
@blp.response(201, WebhookShape())
def register_webhook(words: dict[str, object]) -> Response:
    """Register an address; the answer has the secret that signs what is posted there.

    Everything that concerns the caller is posted, or only `types`, as Standard Webhooks has it.
    409 too_many_webhooks, 422 webhook_url_refused: by https to public addresses only.
    """
    done = hooks.register(
        web.store(),
        by=web.caller().id,
        url=str(words["url"]),
        types=words["types"],  # type: ignore[arg-type]
        now=web.now(),
        once=web.once(status=201),
    )
    said = webhook_words(done.thing, now=web.now(), is_told=True)
    return web.answer(said, 201, done=done, location=f"/v1/webhooks/{done.thing.id}")


@blp.get("/webhooks")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, WebhooksShape())
def list_webhooks(words: dict[str, object]) -> Response:
    """The caller's webhooks, oldest first, without their secrets. 422 bad_cursor."""
    found, cursor = queries.webhooks(web.store().db, web.caller().id, web.page(words))
    return web.listing([webhook_words(one, now=web.now()) for one in found], cursor)


@blp.get("/webhooks/<webhook_id>")
@blp.response(200, WebhookShape())
def get_webhook(webhook_id: str) -> Response:
    """One of the caller's webhooks. 404 no_such_webhook."""
    found = web.store().load(WEBHOOKS, webhook_id)
    said = webhook_words(rules.owned(found.thing, web.caller().id), now=web.now())
    return web.answer(said, version=found.version)


@blp.delete("/webhooks/<webhook_id>")
@blp.response(204)
def delete_webhook(webhook_id: str) -> Response:
    """Post there no more; what waits is not posted. 404 no_such_webhook."""
    web.store().change(WEBHOOKS, webhook_id, rules.remove, by=web.caller().id, now=web.now())
    return web.answer(None, 204)


@blp.post("/webhooks/<webhook_id>/rotate")
@blp.response(200, WebhookShape())
def rotate_webhook(webhook_id: str) -> Response:
    """Sign with a new secret, and for 24 h with the one before as well. 404 no_such_webhook."""
    done = web.store().change(
        WEBHOOKS,
        webhook_id,
        rules.rotate,
        by=web.caller().id,
        secret=hooks.new_secret(),
        now=web.now(),
        once=web.once(status=200),
    )
    return web.answer(webhook_words(done.thing, now=web.now(), is_told=True), done=done)


@blp.post("/webhooks/<webhook_id>/enable")
@blp.response(200, WebhookShape())
def enable_webhook(webhook_id: str) -> Response:
    """Post again to one that was disabled.

    404 no_such_webhook, 409 wrong_state, 422 webhook_url_refused.
    """
    found = rules.owned(web.store().get(WEBHOOKS, webhook_id), web.caller().id)
    hooks.refuse_address(found.url)
    done = web.store().change(
        WEBHOOKS,
        webhook_id,
        rules.enable,
        by=web.caller().id,
        now=web.now(),
        once=web.once(status=200),
    )
    return web.answer(webhook_words(done.thing, now=web.now()), done=done)


@blp.get("/webhooks/<webhook_id>/deliveries")
@blp.arguments(DeliveriesArgs(), location="query")
@blp.response(200, DeliveriesShape())
def list_deliveries(words: dict[str, object], webhook_id: str) -> Response:
    """What was posted there within 30 days, newest first. 404 no_such_webhook, 422 bad_cursor."""
    rules.owned(web.store().get(WEBHOOKS, webhook_id), web.caller().id)
    found, cursor = queries.deliveries(
        web.store().db,
        webhook_id,
        web.page(words),
        state=words["state"],  # type: ignore[arg-type]
    )
    return web.listing([delivery_words(one) for one in found], cursor)


@blp.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/redeliver")
@blp.response(202, DeliveryShape())
def redeliver(webhook_id: str, delivery_id: str) -> Response:
    """Post an event once more, with the same `webhook-id`.

    404 no_such_webhook, no_such_delivery; 409 webhook_disabled.
    """
    done = hooks.redeliver(
        web.store(),
        webhook_id,
        delivery_id,
        by=web.caller().id,
        now=web.now(),
        once=web.once(status=202),
    )
    return web.answer(delivery_words(done.thing), 202, done=done)
