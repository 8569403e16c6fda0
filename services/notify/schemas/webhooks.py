"""Webhooks as callers send and get them."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from services.notify.domain import delivery, webhook
from services.notify.domain.delivery import Delivery
from services.notify.domain.webhook import Webhook
from shared import web


class WebhookWords(Schema):
    """An address, and the types of events that are posted there; none named: all."""

    url = web.Text(webhook.URL_MAX, line=True, required=True)
    types = fields.List(
        fields.String(validate=validate.OneOf(webhook.TYPES)),
        load_default=list,
        validate=validate.Length(max=len(webhook.TYPES)),
    )


class WebhookShape(Schema):
    """A webhook. `secret` is told when it is made or rotated, and null at any other time.

    `disabled_reason`: failing or gone; `rotates_until`: so long the secret before signs as well.
    """

    id = fields.String(required=True)
    url = fields.String(required=True)
    types = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf(["active", "disabled"]))
    created_at = web.When(required=True)
    secret = fields.String(required=True, allow_none=True)
    rotates_until = web.When(required=True, allow_none=True)
    failing_since = web.When(required=True, allow_none=True)
    disabled_reason = fields.String(required=True, allow_none=True)


class WebhooksShape(Schema):
    """A page of webhooks."""

    items = fields.List(fields.Nested(WebhookShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeliveriesArgs(web.PageArgs):
    """`?state=`: only those that are waiting, delivered or failed."""

    state = fields.String(load_default=None, validate=validate.OneOf(delivery.STATES))


class AttemptShape(Schema):
    """One try: the status that was answered, or why there was none."""

    at = web.When(required=True)
    status = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True)
    ms = fields.Integer(required=True)


class DeliveryShape(Schema):
    """An event on its way to a webhook; its `webhook-id` is the `event_id` each time."""

    id = fields.String(required=True)
    event_id = fields.String(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(delivery.STATES))
    made_at = web.When(required=True)
    next_try_at = web.When(required=True, allow_none=True)
    attempts = fields.List(fields.Nested(AttemptShape), required=True)


class DeliveriesShape(Schema):
    """A page of deliveries."""

    items = fields.List(fields.Nested(DeliveryShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def webhook_words(hook: Webhook, *, now: datetime, is_told: bool = False) -> dict[str, Any]:
    """Return a webhook as it is shown to its member; `is_told`: with its secret."""
    before = [s.until for s in hook.secrets if s.until and now < s.until]
    return {
        "id": hook.id,
        "url": hook.url,
        "types": list(hook.types),
        "state": hook.state,
        "created_at": hook.created_at,
        "secret": hook.secrets[0].value if is_told and hook.secrets else None,
        "rotates_until": before[0] if before else None,
        "failing_since": hook.failing_since,
        "disabled_reason": hook.disabled_reason,
    }


def delivery_words(one: Delivery) -> dict[str, Any]:
    """Return a delivery as it is shown to the webhook's member, without its payload."""
    return {
        "id": one.id,
        "event_id": one.event_id,
        "type": one.event_type,
        "state": one.state,
        "made_at": one.made_at,
        "next_try_at": one.due_at,
        "attempts": [
            {"at": a.at, "status": a.status, "error": a.error, "ms": a.ms} for a in one.attempts
        ],
    }
