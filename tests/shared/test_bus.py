"""Events on the wire, on a real broker: what is confirmed is there, what is not is known."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import URLParameters

from shared import clock
from shared.bus import Inbox, Publisher, event_of, from_message, publisher, to_message
from shared.documents import stamp
from shared.errors import Malformed
from shared.events import Event
from tests.proxy import Proxy, proxied
from tests.racers import at_once
from tests.shared.broker import Queue, a_queue, until
from tests.shared.toys import NOW, a_box, an_event, said

TYPE = "payout.sent"
UNHEARD = "payout.failed"


@pytest.fixture
def queue(amqp_url: str, exchange: str) -> Iterator[Queue]:
    with a_queue(amqp_url, [TYPE]) as it:
        yield it


@pytest.fixture
def out(amqp_url: str, exchange: str) -> Iterator[Publisher]:
    it = Publisher(amqp_url, "tests")
    it.start()
    assert it.wait_ready(10)
    yield it
    it.stop()


def events(count: int, type_: str = TYPE) -> list[Event]:
    return [an_event(type_, n) for n in range(count)]


def test_how_much_waits_in_a_queue_is_asked_of_the_broker(amqp_url: str, out: Publisher) -> None:
    with a_queue(amqp_url, [TYPE]) as queue:
        assert out.depth(queue.service) == 0
        out.publish(events(3))
        until(lambda: out.depth(queue.service) == 3)
    assert out.depth(queue.service) is None, "there is no such queue"
    assert len(out.publish(events(1)).unroutable) == 1, "the publisher goes on"


# the wire


def over_the_wire(event: Event) -> Event:
    body, properties = to_message(event)
    assert properties.headers is not None
    return from_message(body, properties.headers, properties.content_type)


@pytest.mark.pure
def test_an_event_comes_over_the_wire_unchanged() -> None:
    event = an_event(TYPE, actor="mem_1", correlation="req_1", traceparent="00-1-2-01", version=7)
    assert over_the_wire(event) == event
    assert over_the_wire(an_event(TYPE)).correlation == ""


@pytest.mark.pure
@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers(-(2**53), 2**53)))
def test_any_words_come_over_the_wire_unchanged(words: dict[str, Any]) -> None:
    assert over_the_wire(an_event(TYPE, data=words)).data == words


@pytest.mark.pure
def test_an_outbox_entry_becomes_the_event_it_says() -> None:
    [entry] = stamp([said(a_box())], version=3, now=NOW)
    event = event_of(entry, source="toys", subject=a_box().id)
    assert (event.id, event.type, event.version) == (entry["id"], "notification.made", 3)
    assert (event.source, event.subject, event.time) == ("toys", a_box().id, clock.text(NOW))


@pytest.mark.pure
def test_a_message_is_persistent_and_is_named_in_the_brokers_console() -> None:
    event = an_event(TYPE)
    _, properties = to_message(event)
    assert (properties.delivery_mode, properties.message_id) == (2, event.id)
    assert (properties.type, properties.app_id) == (TYPE, "escrow")


GOOD = to_message(an_event(TYPE))
HEADERS: dict[str, Any] = dict(GOOD[1].headers or {})


ANYTHING = st.text() | st.integers() | st.binary() | st.none() | st.lists(st.text())


def nested(depth: int) -> Any:
    return {"x": nested(depth - 1)} if depth else [1]


UNREADABLE: list[tuple[str, bytes, dict[str, Any]]] = [
    ("nothing", b"", HEADERS),
    ("no JSON", b"hello", HEADERS),
    ("half of it", GOOD[0][:-1], HEADERS),
    ("a list", b"[]", HEADERS),
    ("a number", b"5", HEADERS),
    ("null", b"null", HEADERS),
    ("bad UTF-8", b'{"a": "\xff"}', HEADERS),
    ("a lone surrogate", b'{"a": "\\ud800"}', HEADERS),
    ("deep", orjson.dumps(nested(60)), HEADERS),
    ("very deep", b'{"a":' * 5000 + b"1" + b"}" * 5000, HEADERS),
    ("long", b'{"a": "' + b"x" * 300_000 + b'"}', HEADERS),
    ("no headers", GOOD[0], {}),
    *(
        (f"no {name}", GOOD[0], {k: v for k, v in HEADERS.items() if k != name})
        for name in ("ce-id", "ce-type", "ce-source", "ce-subject", "ce-version", "ce-time")
    ),
    *(
        (f"{name} {value!r}", GOOD[0], {**HEADERS, name: value})
        for name in ("ce-id", "ce-type", "ce-source", "ce-subject")
        for value in (5, None, b"\xff\xfe", ["x"], "", True)
    ),
    *(
        (f"version {value!r}", GOOD[0], {**HEADERS, "ce-version": value})
        for value in ("x", "1.5", "-1", str(10**30), None, b"\xff", [])
    ),
    *(
        (f"time {value!r}", GOOD[0], {**HEADERS, "ce-time": value})
        for value in ("", "today", 5, None, "2026-01-01", b"\xff")
    ),
    ("another version of the standard", GOOD[0], {**HEADERS, "ce-specversion": "9.9"}),
]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("body", "headers"), [(b, h) for _, b, h in UNREADABLE], ids=[n for n, _, _ in UNREADABLE]
)
def test_what_is_no_event_is_malformed_and_nothing_else(
    body: bytes, headers: dict[str, Any]
) -> None:
    with pytest.raises(Malformed) as no:
        from_message(body, headers, "application/json")
    assert no.value.code == "unreadable_event"


@pytest.mark.pure
@given(
    st.binary(max_size=50),
    st.dictionaries(
        st.sampled_from([*HEADERS, "x"]), st.text() | st.integers() | st.binary() | st.none()
    ),
)
def test_no_garbage_makes_anything_but_an_event_or_malformed(
    body: bytes, headers: dict[str, Any]
) -> None:
    for it in (body, GOOD[0]):
        try:
            event = from_message(it, {**HEADERS, **headers}, None)
        except Malformed:
            continue
        names = (event.id, event.type, event.subject, event.source, event.actor, event.correlation)
        assert {type(name) for name in names} == {str}


@pytest.mark.pure
def test_words_of_a_newer_envelope_are_heard_all_the_same() -> None:
    more = {**HEADERS, "ce-brandnew": "1", "ce-x": 5, "other": [1], "x-death": [{"a": 1}]}
    assert from_message(GOOD[0], more, "application/json").type == TYPE


# publishing


def test_what_is_confirmed_is_in_the_queue_in_its_order(queue: Queue, out: Publisher) -> None:
    said_ = events(300)
    sent = out.publish(said_)
    assert sent.confirmed == {e.id for e in said_}
    assert [m["id"] for m in queue.take()] == [e.id for e in said_]


def test_what_no_queue_hears_is_known_among_what_is_heard(queue: Queue, out: Publisher) -> None:
    heard, unheard = events(20), events(20, UNHEARD)
    mixed = [e for pair in zip(heard, unheard, strict=True) for e in pair]

    sent = out.publish(mixed)

    assert sent.confirmed == {e.id for e in heard}
    assert sent.unroutable == {e.id for e in unheard}


def test_the_same_unheard_event_sent_twice_at_once_is_unheard_twice(out: Publisher) -> None:
    again = events(30, UNHEARD)
    for sent in at_once(4, lambda _: out.publish(again)):
        assert (sent.confirmed, len(sent.unroutable)) == (set(), 30)


def test_what_no_wire_carries_holds_up_nobody(queue: Queue, out: Publisher) -> None:
    good, bad = an_event(TYPE), an_event(TYPE, data={"x": {1, 2}})
    sent = out.publish([bad, good])
    assert (sent.confirmed, sent.unroutable) == ({good.id}, {bad.id})
    assert out.publish([bad]).unroutable == {bad.id}


def test_many_threads_publish_through_one_connection(queue: Queue, out: Publisher) -> None:
    parts = [events(50) for _ in range(6)]
    sent = at_once(6, lambda n: out.publish(parts[n]))
    for part, one in zip(parts, sent, strict=True):
        assert one.confirmed == {e.id for e in part}
    assert len(queue.take()) == 300


def test_a_publisher_for_one_service_reaches_only_its_queue(amqp_url: str, queue: Queue) -> None:
    with a_queue(amqp_url, [TYPE]) as other:
        only = Publisher(amqp_url, "tests", only_to=other.service)
        only.start()
        assert only.wait_ready(10)
        assert len(only.publish(events(3)).confirmed) == 3
        only.stop()
        assert (len(other.take()), len(queue.take())) == (3, 0)


def test_nothing_to_publish_asks_the_broker_nothing(out: Publisher) -> None:
    assert out.publish([]).confirmed == set()


@pytest.fixture
def proxy(amqp_url: str, exchange: str) -> Iterator[Proxy]:
    how = URLParameters(amqp_url)
    with proxied(how.host, how.port) as it:
        yield it


@pytest.fixture
def through(proxy: Proxy) -> Iterator[Publisher]:
    it = Publisher(f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F", "tests")
    it.start()
    assert it.wait_ready(10)
    yield it
    it.stop()


def test_a_publisher_comes_back_after_its_connection_was_cut(
    queue: Queue, proxy: Proxy, through: Publisher
) -> None:
    for _ in range(3):
        proxy.cut()
        until(lambda: not through.is_ready)
        until(lambda: through.is_ready)
        said_ = events(5)
        assert through.publish(said_).confirmed == {e.id for e in said_}
    assert len(queue.take()) == 15


def test_without_a_broker_nothing_is_confirmed_and_nobody_waits(
    proxy: Proxy, through: Publisher
) -> None:
    proxy.shut()
    until(lambda: not through.is_ready)
    sent = through.publish(events(5))
    assert (sent.confirmed, sent.unroutable) == (set(), set())


def test_a_cut_in_the_middle_confirms_only_what_is_there(
    queue: Queue, proxy: Proxy, through: Publisher
) -> None:
    """Whoever was cut off is told so at once, and not after the whole time of waiting."""
    confirmed: set[str] = set()
    longest = 0.0

    def publish(_: int) -> None:
        nonlocal longest
        while len(confirmed) < 200:
            began = time.monotonic()
            confirmed.update(through.publish(events(20)).confirmed)
            longest = max(longest, time.monotonic() - began)

    threading.Timer(0.05, proxy.cut).start()
    at_once(2, publish)
    assert longest < publisher.CONFIRM_TIMEOUT_S, "nobody waited for a dead connection"
    assert confirmed <= {m["id"] for m in queue.take()}


def test_a_broker_that_stays_away_costs_no_file_handles(
    proxy: Proxy, through: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "RECONNECT_MAX_S", 0.02)
    proxy.shut()
    until(lambda: proxy.accepted > 5)
    before = len(os.listdir("/proc/self/fd"))
    until(lambda: proxy.accepted > 40)
    assert len(os.listdir("/proc/self/fd")) < before + 20


def test_a_publisher_can_be_stopped_while_its_broker_is_away() -> None:
    it = Publisher("amqp://guest:guest@127.0.0.1:9/%2F", "tests")
    it.start()
    assert not it.wait_ready(0.2)
    it.stop()
    assert not it._thread.is_alive()


# hearing


def test_an_inbox_takes_what_has_arrived_and_never_waits_for_more(
    amqp_url: str, queue: Queue
) -> None:
    queue.put_events(events(30))
    inbox = Inbox(amqp_url, queue.service, [TYPE])
    got = inbox.take(200, 5)
    while len(got) < 30:
        got += inbox.take(200, 5)
    assert [d.redelivered for d in got] == [False] * 30
    began = clock.now()
    assert inbox.take(200, 0.1) == []
    assert (clock.now() - began).total_seconds() < 2
    inbox.ack(got[-1])
    inbox.close()
    assert queue.waiting() == 0


def test_what_was_not_acknowledged_comes_again_and_is_counted(amqp_url: str, queue: Queue) -> None:
    queue.put_events(events(4))
    counts = []
    for _ in range(3):
        inbox = Inbox(amqp_url, queue.service, [TYPE])
        got: list[Any] = []
        while len(got) < 4:
            got += inbox.take(2, 5)
        counts.append([(d.redelivered, d.count) for d in got])
        inbox.close()
    assert counts == [[(False, 0)] * 4, [(True, 1)] * 4, [(True, 2)] * 4]


def test_headers_that_a_stranger_made_up_break_nothing(amqp_url: str, queue: Queue) -> None:
    body, properties = to_message(an_event(TYPE))
    for count in ("many", None, [1], -5):
        queue.put(body, {**(properties.headers or {}), "x-delivery-count": count})
    inbox = Inbox(amqp_url, queue.service, [TYPE])
    got: list[Any] = []
    while len(got) < 4:
        got += inbox.take(10, 5)
    assert {type(d.count) for d in got} == {int}
    inbox.close()


def test_a_binding_that_went_missing_comes_back_when_asserted(
    amqp_url: str, exchange: str, queue: Queue, out: Publisher
) -> None:
    inbox = Inbox(amqp_url, queue.service, [TYPE])
    queue.channel.queue_unbind(queue.name, exchange, TYPE)
    assert out.publish(events(1)).confirmed == set()
    inbox.assert_bindings()
    assert len(out.publish(events(1)).confirmed) == 1
    inbox.close()


def test_events_are_equal_whatever_number_of_tries_they_had() -> None:
    event = an_event(TYPE)
    assert replace(event, tries=5) == event
