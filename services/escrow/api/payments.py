"""What payment providers tell by their signed webhooks."""

from collections.abc import Sequence
from typing import Any

from flask import Response, current_app, request
from marshmallow import Schema

from services.escrow import providers, usecases
from services.escrow.outside import Said, signatures
from services.escrow.schemas import DepositWords, HeardShape, ProviderWords
from shared import web
from shared.errors import Invalid, Unknown
from shared.web.fields import flat
from shared.web.strict import parse

blp = web.blueprint("payments", __name__, keys=False)

# The views read the body by themselves, for the sake of its signature; so its words are named here.
SIGNED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ProviderWords()}},
    },
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
}
STRIPE_SIGNED = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "parameters": [
        {"in": "header", "name": "Stripe-Signature", "required": True, "schema": {"type": "string"}}
    ],
}


@blp.post("/payments/stripe/webhook")
@web.public
@web.raw
@blp.doc(**STRIPE_SIGNED)
@blp.response(200, HeardShape())
def hear_stripe() -> Response:
    """Hear an event of Stripe; told twice, or in another order, it acts once.

    400, 401 bad_signature or old_signature, 404 no_such_provider or no_such_charge,
    409 amount_mismatch or not_confirmed.
    """
    if providers.stripe() is None:
        raise Unknown("no_such_provider", "this deployment has no settings for Stripe")
    from services.escrow.outside import stripe_events

    header, body = _header("Stripe-Signature", ""), request.get_data(cache=False)
    said = stripe_events.hear(_secrets("stripe"), header, body)
    if said is not None:
        usecases.hear(web.store(), "stripe", said, now=web.now())
    return web.answer({"received": True})


@blp.post("/payments/<provider>/webhook")
@web.public
@web.raw
@blp.doc(**SIGNED)
@blp.response(200, HeardShape())
def hear_provider(provider: str) -> Response:
    """Hear what a payment provider says of a charge, payout or transfer; said twice, it acts once.

    Signed as Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    400, 401 bad_signature or old_signature, 404, 409 amount_mismatch, 422.
    """
    secrets = _secrets(provider)
    body = request.get_data(cache=False)
    signatures.verify(secrets, _header, body, now=web.now())
    usecases.hear(web.store(), provider, _said(parse(body)), now=web.now())
    return web.answer({"received": True})


def _said(told: dict[str, Any]) -> Said:
    schema = _DEPOSIT_WORDS if told.get("type") == "deposit.received" else _PROVIDER_WORDS
    words = _words(schema, told)
    return Said(what=words["type"], **words["data"])


def _secrets(provider: str) -> Sequence[str]:
    secrets: Sequence[str] | None = current_app.extensions["escrow_webhook_secrets"].get(provider)
    if secrets is None:
        raise Unknown("no_such_provider", "there is no such provider")
    return secrets


def _header(name: str, default: str) -> str:
    return request.headers.get(name, default)


_PROVIDER_WORDS = ProviderWords()
_DEPOSIT_WORDS = DepositWords()


def _words(schema: Schema, said: dict[str, Any]) -> dict[str, Any]:
    if wrong := schema.validate(said):
        raise Invalid("invalid_words", "some of the words are not right", fields=flat(wrong))
    return dict(schema.load(said))
