"""Our own hand on the wire writes and reads what the CloudEvents library does."""

from typing import Any

import pytest
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import clock, ids
from shared.bus import wire
from shared.errors import Malformed
from shared.events import Event

pytestmark = pytest.mark.pure

ODD: list[Any] = [
    *("", " ", "1.1", "x", 5, 1.0, True, None, b"x", "0", "-1", "1e3"),
    *("2026-12-07T00:00:00Z", "2026-12-07T00:00:00.000+09:00", "2026-12-07T00:00:00.000"),
    *("2026-13-07T00:00:00.000Z", "2026-12-07T24:00:00.000Z", "٢026-12-07T00:00:00.000Z"),
]


def an_event(**words: Any) -> Event:
    said: dict[str, Any] = {
        "id": ids.new("evt"),
        "type": "offer.sent",
        "source": "contracts",
        "subject": ids.new("off"),
        "time": clock.text(clock.now()),
        "version": 7,
        "data": {"title": "ロゴ"},
        "actor": ids.new("mem"),
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "correlation": ids.new("req"),
    }
    return Event(**{**said, **words})


def by_the_library(headers: dict[str, Any], body: bytes) -> Event:
    return wire._event(*wire._by_the_library(headers, body, "application/json"))


@pytest.mark.parametrize("more", [{}, {"traceparent": ""}, {"correlation": ""}, {"version": 1}])
def test_the_library_writes_the_same_headers(more: dict[str, Any]) -> None:
    event = an_event(**more)
    body, properties = wire.to_message(event)
    cloud = by_the_library_read(properties.headers, body)
    theirs = rabbitmq.to_binary(cloud, JSONFormat())
    at = theirs.headers.pop("ce-time")
    ours = dict(properties.headers)
    assert clock.parse(ours.pop("ce-time")) == clock.parse(at)
    assert ours == theirs.headers
    assert properties.content_type == theirs.content_type


def by_the_library_read(headers: dict[str, Any], body: bytes) -> Any:
    message = rabbitmq.RabbitMQMessage(headers, "application/json", body)
    return rabbitmq.from_binary(message, JSONFormat(), CloudEvent)


def test_what_is_written_is_read_again_by_both() -> None:
    event = an_event()
    body, properties = wire.to_message(event)
    assert wire._is_plain(properties.headers)
    assert wire.from_message(body, properties.headers, "application/json") == event
    assert by_the_library(properties.headers, body) == event


@settings(deadline=None)
@given(data=st.data())
def test_what_is_read_plainly_the_library_reads_alike(data: st.DataObject) -> None:
    body, properties = wire.to_message(an_event())
    headers = dict(properties.headers)
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from([*sorted(wire.WRITTEN), "ce-more", "ce-Id", "ce-not ok"]))
        if data.draw(st.booleans()):
            headers.pop(name, None)
        else:
            headers[name] = data.draw(st.sampled_from(ODD))
    try:
        event = wire.from_message(body, headers, "application/json")
    except Malformed:
        return
    if wire._is_plain(headers):
        assert event == by_the_library(headers, body)


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"1", b"{", b"\xff", b"null"])
def test_a_body_that_is_no_object_is_malformed(body: bytes) -> None:
    _, properties = wire.to_message(an_event())
    with pytest.raises(Malformed):
        wire.from_message(body, properties.headers, "application/json")
