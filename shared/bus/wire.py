"""Events as AMQP messages: CloudEvents 1.0, binary mode (`ce-*` headers, a JSON body)."""

from collections.abc import Mapping
from typing import Any

import orjson
import pika
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared import clock
from shared.documents import Doc
from shared.errors import Malformed
from shared.events import Event

BODY_MAX_BYTES = 256 * 1024
DEPTH_MAX = 50
VERSION_MAX = 2**53


class _Orjson(JSONFormat):
    """The library's JSON format with orjson for the body."""

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:
        return orjson.dumps(data)

    def read_data(self, body: bytes, datacontenttype: str | None) -> Any:
        return orjson.loads(body)


_FORMAT = _Orjson()


def event_of(fact: Doc, *, source: str, subject: str) -> Event:
    """Return the event of an outbox entry."""
    return Event(
        id=fact["id"],
        type=fact["type"],
        source=source,
        subject=subject,
        time=clock.text(fact["time"]),
        version=fact["version"],
        data=fact["data"],
        actor=fact["actor"],
        traceparent=fact["traceparent"],
        correlation=fact["correlation"],
    )


def to_message(event: Event) -> tuple[bytes, pika.BasicProperties]:
    """Return body and properties; persistent, and named so that the broker's console shows it."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "type": event.type,
        "source": f"/{event.source}",
        "subject": event.subject,
        "time": clock.parse(event.time),
        "datacontenttype": "application/json",
        "version": str(event.version),
        "actor": event.actor,
    }
    if event.traceparent:
        attributes["traceparent"] = event.traceparent
    if event.correlation:
        attributes["correlation"] = event.correlation
    message = rabbitmq.to_binary(CloudEvent(attributes, dict(event.data)), _FORMAT)
    return message.body, pika.BasicProperties(
        headers=message.headers,
        content_type=message.content_type,
        delivery_mode=2,
        message_id=event.id,
        type=event.type,
        app_id=event.source,
        correlation_id=event.correlation or None,
    )


def from_message(body: bytes, headers: Mapping[str, Any], content_type: str | None) -> Event:
    """Read an event from a delivery.

    :raises Malformed: `unreadable_event`
    """
    if len(body) > BODY_MAX_BYTES:
        raise Malformed("unreadable_event", f"the body has more than {BODY_MAX_BYTES} bytes")
    try:
        said = {name: value for name, value in headers.items() if name.startswith("ce-")}
        message = rabbitmq.RabbitMQMessage(said, content_type or "application/json", body)
        event = _event(rabbitmq.from_binary(message, _FORMAT, CloudEvent))
        if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _is_deep(event.data, DEPTH_MAX):
            raise ValueError(f"the body is nested more than {DEPTH_MAX} deep")
        return event
    except (CloudEventValidationError, ValueError, TypeError, AttributeError, KeyError) as wrong:
        raise Malformed("unreadable_event", f"{type(wrong).__name__}: {wrong}") from wrong


def _event(cloud: Any) -> Event:
    data = cloud.get_data()
    if not isinstance(data, dict):
        raise TypeError("the body is no object")
    attributes = cloud.get_attributes()
    version = int(attributes["version"])
    if not 0 <= version <= VERSION_MAX:
        raise ValueError("the version is no version")
    return Event(
        id=attributes["id"],
        type=attributes["type"],
        source=attributes["source"].lstrip("/"),
        subject=attributes["subject"],
        time=clock.text(attributes["time"]),
        version=version,
        data=data,
        actor=str(attributes.get("actor", "system")),
        traceparent=str(attributes.get("traceparent", "")),
        correlation=str(attributes.get("correlation", "")),
    )


def _is_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return left == 0 or any(_is_deep(inner, left - 1) for inner in value)
