"""AsyncAPI and JSON Schemas of the events, from the words that publishers and hearers check."""

import importlib
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import EXCLUDE, Schema

from deploy.documents.openapi import SERVICES
from deploy.documents.words import EVENTS_DESCRIPTION, SERVICES_SAY
from shared import catalog
from shared.bus.topology import EXCHANGE, inbox
from shared.catalog.meanings import MEANINGS
from shared.web import samples

Doc = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, Doc]:
    """Return the JSON Schema of each event's body, by type."""
    spec = APISpec("events", "1", "3.1.0", plugins=[MarshmallowPlugin(_name_of)])
    for facts in catalog.PUBLISHERS.values():
        for type_, words in facts.items():
            named = Schema.from_dict(words, name=type_)
            spec.components.schema(type_, schema=named(unknown=EXCLUDE))
    found = spec.to_dict()["components"]["schemas"]
    return {type_: _whole(type_, _open(found[type_])) for type_ in sorted(found)}


def _name_of(_schema: Any) -> str:
    """Name no nested schema: each event's file stands alone."""
    return ""


def _open(schema: Any) -> Any:
    """Forbid no further words: a newer publisher may say more."""
    if isinstance(schema, dict):
        return {k: _open(v) for k, v in schema.items() if k != "additionalProperties"}
    return [_open(inner) for inner in schema] if isinstance(schema, list) else schema


def _whole(type_: str, schema: Doc) -> Doc:
    return {
        "$schema": DIALECT,
        "title": type_,
        "description": MEANINGS.get(type_, ""),
        **schema,
        "examples": [samples.of(schema, {})],
    }


def asyncapi(version: str) -> Doc:
    """Return the AsyncAPI document: each type a channel, who says it and who hears it."""
    bodies = schemas()
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Ukeoi events",
            "version": version,
            "description": EVENTS_DESCRIPTION,
            "tags": [{"name": name, "description": SERVICES_SAY[name]} for name in SERVICES],
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "rabbitmq:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ; each service has a user of its own.",
            }
        },
        "channels": {type_: _channel(type_) for type_ in bodies},
        "operations": _operations(bodies),
        "components": {
            "messages": {type_: _message(type_, body) for type_, body in bodies.items()},
            "messageTraits": {"cloudevent": {"headers": _headers()}},
        },
    }


def _channel(type_: str) -> Doc:
    return {
        "address": type_,
        "title": type_,
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EXCHANGE,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operations(bodies: dict[str, Doc]) -> Doc:
    """Say who says and who hears each type, the publisher first."""
    found: Doc = {}
    heard = {name: _hears(name) for name in SERVICES}
    for type_ in bodies:
        says = catalog.PUBLISHER_OF[type_]
        found[f"{says}.says.{type_}"] = _operation("send", says, type_)
        for name in SERVICES:
            if type_ in heard[name]:
                found[f"{name}.hears.{type_}"] = _operation("receive", name, type_)
    return found


def _hears(name: str) -> set[str]:
    return set(importlib.import_module(f"services.{name}.reactions").REACTIONS)


def _operation(action: str, service: str, type_: str) -> Doc:
    says = action == "send"
    said: Doc = {
        "action": action,
        "title": f"{service} {'says' if says else 'hears'} {type_}",
        "channel": {"$ref": f"#/channels/{type_}"},
        "messages": [{"$ref": f"#/channels/{type_}/messages/{type_}"}],
        "tags": [{"name": service}],
    }
    if says:
        how = {"deliveryMode": 2, "mandatory": True, "bindingVersion": "0.3.0"}
        said["bindings"] = {"amqp": how}
    else:
        said["description"] = f"On the queue `{inbox(service)}`, acknowledged when it is done."
        said["bindings"] = {"amqp": {"ack": True, "bindingVersion": "0.3.0"}}
    return said


def _message(type_: str, body: Doc) -> Doc:
    payload = {key: value for key, value in body.items() if key not in ("$schema", "examples")}
    return {
        "name": type_,
        "title": type_,
        "summary": MEANINGS.get(type_, ""),
        "contentType": "application/json",
        "tags": [{"name": catalog.PUBLISHER_OF[type_]}],
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": payload,
        "examples": [{"payload": body["examples"][0]}],
    }


def _headers() -> Doc:
    """Describe the attributes of an event, as headers of its message."""
    text = {"type": "string"}
    words = {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {**text, "description": "The fact, for ever: who has heard it may ignore it."},
        "ce-type": {**text, "description": "As the routing key."},
        "ce-source": {**text, "description": "The service that says it, as `/contracts`."},
        "ce-subject": {**text, "description": "The id of the thing that says it."},
        "ce-time": {**text, "format": "date-time"},
        "ce-version": {**text, "description": "The thing's version when it said so."},
        "ce-actor": {**text, "description": "The member who caused it, or `system`."},
        "ce-traceparent": {**text, "description": "W3C trace context of the request behind it."},
        "ce-correlation": {**text, "description": "The id of the request behind it."},
    }
    optional = ("ce-traceparent", "ce-correlation")
    return {
        "type": "object",
        "properties": words,
        "required": [name for name in words if name not in optional],
    }
