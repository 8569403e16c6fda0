"""Webhooks: what they may be, how they are tried, and where they never go."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from services.notify import config
from services.notify.config import Config
from services.notify.domain import delivery, feed, webhook
from services.notify.domain.delivery import Attempt, Delivery
from services.notify.domain.webhook import Webhook
from services.notify.outside import addresses, posting
from services.notify.outside.addresses import NotThere
from services.notify.usecases import hooks
from shared import catalog
from shared.errors import Conflict, Unknown
from shared.moves import missing_pairs
from tests.notify.builders import CLIENT, NOW, STRANGER, an_event
from tests.notify.receivers import receiver

pure = pytest.mark.pure
SECRET = hooks.new_secret()
DAY = timedelta(days=1)


def a_webhook(**words: Any) -> Webhook:
    """Return an active webhook of the client's, or one that differs by these words."""
    url = "https://example.com/h"
    made, _ = webhook.register(id="whk_1", by=CLIENT, url=url, types=(), secret=SECRET, now=NOW)
    return replace(made, **words)


def a_delivery() -> Delivery:
    entry = feed.entry_of(an_event("offer.sent"), now=NOW)
    return delivery.of(a_webhook(), entry, "{}", now=NOW)


def tried(one: Delivery, status: int | None, now: Any = NOW, jitter: float = 1.0) -> Delivery:
    attempt = Attempt(at=now, status=status, error="", ms=1)
    return delivery.attempted(one, attempt=attempt, jitter=jitter, now=now)[0]


# the rules


@pure
def test_a_secret_of_before_signs_for_a_day() -> None:
    fresh = hooks.new_secret()

    rotated, _ = webhook.rotate(a_webhook(), by=CLIENT, secret=fresh, now=NOW)
    again, _ = webhook.rotate(rotated, by=CLIENT, secret="whsec_eA==", now=NOW)

    assert rotated.signing(NOW) == [fresh, SECRET]
    assert rotated.signing(NOW + DAY) == [fresh]
    assert again.signing(NOW) == ["whsec_eA==", fresh]


@pure
@pytest.mark.parametrize("move", ["rotate", "enable", "remove"])
@pytest.mark.parametrize(("by", "state"), [(STRANGER, "disabled"), (CLIENT, "deleted")])
def test_what_is_another_s_or_deleted_is_not_there(move: str, by: str, state: str) -> None:
    words = {"secret": SECRET} if move == "rotate" else {}

    with pytest.raises(Unknown, match="no such webhook"):
        getattr(webhook, move)(a_webhook(state=state), by=by, now=NOW, **words)


@pure
def test_only_a_disabled_one_is_enabled() -> None:
    with pytest.raises(Conflict, match="cannot enable"):
        webhook.enable(a_webhook(), by=CLIENT, now=NOW)
    enabled, _ = webhook.enable(a_webhook(state="disabled"), by=CLIENT, now=NOW)
    assert enabled.state == "active"


@pure
def test_what_is_deleted_keeps_no_secret() -> None:
    assert webhook.remove(a_webhook(), by=CLIENT, now=NOW)[0].secrets == ()


@pure
def test_an_address_that_failed_all_the_while_is_disabled_and_its_owner_told() -> None:
    failing, _ = webhook.answered(a_webhook(), well=False, at=NOW, now=NOW)

    disabled, (fact,) = webhook.give_up(failing, since=NOW, is_gone=False, now=NOW + DAY)

    assert (disabled.state, disabled.disabled_reason) == ("disabled", "failing")
    assert fact.type == "webhook.disabled"
    catalog.said(fact.type, fact.data)


@pure
def test_an_address_that_worked_in_between_is_not_disabled() -> None:
    failing, _ = webhook.answered(a_webhook(), well=False, at=NOW + DAY / 2, now=NOW + DAY / 2)

    assert webhook.give_up(failing, since=NOW, is_gone=False, now=NOW + DAY) == (failing, [])


@pure
def test_an_address_that_says_it_is_gone_is_disabled_at_once() -> None:
    disabled, facts = webhook.give_up(a_webhook(), since=NOW, is_gone=True, now=NOW)

    assert (disabled.disabled_reason, len(facts)) == ("gone", 1)
    assert webhook.give_up(disabled, since=NOW, is_gone=True, now=NOW) == (disabled, [])


@pure
def test_a_delivery_is_tried_again_eleven_times_within_a_day() -> None:
    one, now = a_delivery(), NOW
    for n in range(12):
        assert one.state == "waiting", n
        assert one.due_at is not None
        now = one.due_at
        one = tried(one, 500, now)

    assert (one.state, one.tries, one.due_at) == ("failed", 12, None)
    assert timedelta(hours=23) < now - NOW < DAY


@pure
def test_waits_are_random_parts_of_ever_longer_ones() -> None:
    dice = random.Random(1)
    for n in range(1, 12):
        longest = delivery.longest_wait(n)
        assert longest == timedelta(seconds=42 * 2 ** (n - 1))
        one = tried(a_delivery(), 500, jitter=dice.random())
        assert one.due_at is not None
        assert NOW <= one.due_at <= NOW + delivery.longest_wait(1)


@pure
@pytest.mark.parametrize("status", [200, 204, 299])
def test_what_was_taken_is_delivered(status: int) -> None:
    assert tried(a_delivery(), status).state == "delivered"


@pure
@pytest.mark.parametrize("status", [None, 199, 301, 308, 400, 404, 500])
def test_anything_else_is_tried_again(status: int | None) -> None:
    assert tried(a_delivery(), status).state == "waiting"


@pure
def test_who_is_gone_is_not_tried_again() -> None:
    assert tried(a_delivery(), 410).state == "failed"


@pure
def test_what_was_posted_twice_at_once_is_delivered_all_the_same() -> None:
    assert tried(tried(a_delivery(), 200), 500).state == "delivered"


@pure
@pytest.mark.parametrize("state", delivery.STATES)
def test_whatever_its_state_it_is_delivered_again_with_all_its_tries(state: str) -> None:
    one = tried(a_delivery(), {"waiting": 500, "delivered": 200, "failed": 410}[state])

    again, _ = delivery.redeliver(one, webhook=a_webhook(), now=NOW)

    assert (again.state, again.tries, again.due_at) == ("waiting", 0, NOW)
    assert again.attempts == one.attempts
    with pytest.raises(Conflict, match="enable"):
        delivery.redeliver(one, webhook=a_webhook(state="disabled"), now=NOW)
    with pytest.raises(Unknown):
        delivery.redeliver(one, webhook=a_webhook(id="whk_2"), now=NOW)


@pure
def test_the_log_of_attempts_is_bounded() -> None:
    one = a_delivery()
    for _ in range(40):
        one = tried(delivery.redeliver(one, webhook=a_webhook(), now=NOW)[0], 500)

    assert len(one.attempts) == delivery.ATTEMPTS_KEPT


@pure
def test_every_state_has_its_moves() -> None:
    assert missing_pairs({"redeliver": delivery.MOVES["redeliver"]}, delivery.STATES) == []
    assert missing_pairs({"delete": webhook.MOVES["delete"]}, webhook.STATES) == [
        ("delete", "deleted")
    ]


# where they never go

PRIVATE = [
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a00:1]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[::7f00:1]/",
    "https://[fec0::1]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
]
BAD = [
    "http://example.com/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:22/",
    "https://example.com:99999/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/",
    "ftp://example.com/",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "//example.com/",
    "https://exa mple.com/",
    "https://example.com/\r\nX-Evil: 1",
    "https://exämple.com/",
    "https://127.0.0.1\\@example.com/",
    "https://[::1/",
    "https://-/",
]


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection that is tried while the test runs."""
    made: list[Any] = []

    def connect(where: Any, *_: object, **__: object) -> socket.socket:
        made.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return made


@pytest.mark.parametrize("url", PRIVATE + BAD)
def test_it_goes_to_public_addresses_by_https_and_nowhere_else(url: str, knocks: list[Any]) -> None:
    with pytest.raises(NotThere):
        addresses.target(url, loopback=False)
    answer = posting.post(url, [SECRET], "evt_1", "{}", loopback=False)

    assert answer.status is None
    assert knocks == []


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://169.254.169.254/", "http://1.1.1.1/"])
def test_a_test_deployment_opens_this_machine_and_nothing_else(url: str, knocks: list[Any]) -> None:
    with pytest.raises(NotThere):
        addresses.target(url, loopback=True)
    assert knocks == []


@pure
@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(address)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let names resolve to these addresses, one list a question."""
    left = list(answers)

    def answer(host: str, port: int, **_: object) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch, knocks: list[Any]
) -> None:
    resolving(monkeypatch, ["8.8.8.8", "127.0.0.1"])

    with pytest.raises(NotThere, match="public"):
        addresses.target("https://example.com/", loopback=False)


def test_a_name_that_changes_its_mind_is_asked_once_and_pinned(
    monkeypatch: pytest.MonkeyPatch, knocks: list[Any]
) -> None:
    """DNS rebinding: public when it is checked, private when it is connected to."""
    resolving(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])

    posting.post("https://example.com/", [SECRET], "evt_1", "{}", loopback=False)
    later = posting.post("https://example.com/", [SECRET], "evt_1", "{}", loopback=False)

    assert knocks == [("8.8.8.8", 443)]
    assert later.error == "not_public"


# how it is posted


def test_what_is_posted_is_verified_by_the_library_with_either_secret() -> None:
    old, new = hooks.new_secret(), hooks.new_secret()
    with receiver() as there:
        answer = posting.post(there.url, [new, old], "evt_1", '{"type":"a.b"}', loopback=True)

    assert (answer.status, answer.error) == (200, "")
    for secret in (old, new):
        assert there.verified(secret) == [{"type": "a.b"}]
    headers, body = there.posts[0]
    assert (headers["webhook-id"], headers["Content-Type"]) == ("evt_1", "application/json")
    with pytest.raises(WebhookVerificationError):
        Verifier(hooks.new_secret()).verify(body, headers)


def test_a_redirect_is_not_followed() -> None:
    with receiver() as secret_place, receiver(status=307) as there:
        there.headers = {"Location": secret_place.url}
        answer = posting.post(there.url, [SECRET], "evt_1", "{}", loopback=True)

    assert (answer.status, answer.error) == (307, "status_307")
    assert secret_place.posts == []


def test_a_receiver_that_is_slow_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "POST_TIMEOUT_S", 0.2)
    with receiver(delay_s=1) as there:
        answer = posting.post(there.url, [SECRET], "evt_1", "{}", loopback=True)

    assert (answer.status, answer.error) == (None, "timeout")
    assert answer.ms < 900


def test_a_receiver_that_answers_drop_by_drop_is_left_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each byte comes in time; all together would take for ever."""
    monkeypatch.setattr(posting, "POST_TIMEOUT_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            wire, _ = server.accept()
            with wire:
                try:
                    for _ in range(60):
                        wire.sendall(b"H")
                        time.sleep(0.1)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        began = time.monotonic()
        answer = posting.post(url, [SECRET], "evt_1", "{}", loopback=True)

    assert answer.status is None
    assert time.monotonic() - began < 2


def test_a_receiver_that_says_too_much_is_not_listened_to() -> None:
    with receiver(body=b"x" * 3_000_000) as there:
        answer = posting.post(there.url, [SECRET], "evt_1", "{}", loopback=True)

    assert answer.status == 200


def test_nobody_there_is_an_answer_as_well() -> None:
    with receiver() as there:
        url = there.url
    answer = posting.post(url, [SECRET], "evt_1", "{}", loopback=True)

    assert (answer.status, answer.error) == (None, "refused")


# what the environment may say


@pytest.fixture
def fresh_config() -> Iterator[None]:
    config.here.cache_clear()
    yield
    config.here.cache_clear()


def test_only_a_test_deployment_opens_this_machine(
    monkeypatch: pytest.MonkeyPatch, fresh_config: None
) -> None:
    monkeypatch.setenv("WEBHOOK_LOOPBACK", "1")
    monkeypatch.delenv("UKEOI_TEST_DEPLOYMENT", raising=False)
    with pytest.raises(SystemExit, match="UKEOI_TEST_DEPLOYMENT"):
        config.here()

    monkeypatch.setenv("UKEOI_TEST_DEPLOYMENT", "1")
    assert config.here().webhook_loopback is True
    monkeypatch.delenv("WEBHOOK_LOOPBACK")
    config.here.cache_clear()
    assert config.here() == Config()
