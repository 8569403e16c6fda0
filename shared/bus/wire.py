"""Events as AMQP messages: CloudEvents 1.0, binary mode (`ce-*` headers, a JSON body)."""

import re
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
REQUIRED = {"ce-id", "ce-time"}
"""What the library would make up: a new id each time would hide every duplicate."""
VERSION_MAX = 2**53
JSON = "application/json"
WRITTEN = {
    *("ce-specversion", "ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "ce-version"),
    *("ce-actor", "ce-traceparent", "ce-correlation"),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


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
    """Return body and properties; persistent, and named so that the broker's console shows it.

    Written by hand, a tenth of the library's time; a test holds it to what the library writes.
    """
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": event.type,
        "ce-source": f"/{event.source}",
        "ce-subject": event.subject,
        "ce-time": event.time,
        "ce-version": str(event.version),
        "ce-actor": event.actor,
    }
    if event.traceparent:
        headers["ce-traceparent"] = event.traceparent
    if event.correlation:
        headers["ce-correlation"] = event.correlation
    return orjson.dumps(event.data), pika.BasicProperties(
        headers=headers,
        content_type=JSON,
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
        if missing := REQUIRED - set(said):
            raise ValueError(f"no {min(missing)}")
        if content_type == JSON and _is_plain(said):
            time, attributes, data = _plainly(said, body)
        else:
            time, attributes, data = _by_the_library(said, body, content_type)
        event = _event(time, attributes, data)
        if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _is_deep(event.data, DEPTH_MAX):
            raise ValueError(f"the body is nested more than {DEPTH_MAX} deep")
        return event
    except (CloudEventValidationError, ValueError, TypeError, AttributeError, KeyError) as wrong:
        raise Malformed("unreadable_event", f"{type(wrong).__name__}: {wrong}") from wrong


def _is_plain(said: Mapping[str, Any]) -> bool:
    """Say whether these headers are as we write them; all others are left to the library."""
    return (
        said.keys() <= WRITTEN
        and said.get("ce-specversion") == "1.0"
        and all(type(value) is str and value for value in said.values())
        and _TIME.fullmatch(said.get("ce-time", "")) is not None
    )


def _plainly(said: Mapping[str, str], body: bytes) -> tuple[str, dict[str, str], Any]:
    attributes = {name[3:]: value for name, value in said.items()}
    clock.parse(attributes["time"])
    return attributes["time"], attributes, orjson.loads(body)


def _by_the_library(
    said: Mapping[str, Any], body: bytes, content_type: str | None
) -> tuple[str, dict[str, Any], Any]:
    message = rabbitmq.RabbitMQMessage(dict(said), content_type or JSON, body)
    cloud = rabbitmq.from_binary(message, _FORMAT, CloudEvent)
    attributes = cloud.get_attributes()
    return clock.text(attributes["time"]), attributes, cloud.get_data()


def _event(time: str, attributes: Mapping[str, Any], data: Any) -> Event:
    if not isinstance(data, dict):
        raise TypeError("the body is no object")
    version = int(attributes["version"])
    if not 0 <= version <= VERSION_MAX:
        raise ValueError("the version is no version")
    return Event(
        id=attributes["id"],
        type=attributes["type"],
        source=attributes["source"].lstrip("/"),
        subject=attributes["subject"],
        time=time,
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
