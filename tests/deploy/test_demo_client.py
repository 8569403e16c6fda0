"""The demo's caller, a model for other programs: it asks again safely, and knows when to stop."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.demo import client
from deploy.demo.client import Api, Caller, Unexpected
from deploy.demo.telling import money

pytestmark = pytest.mark.pure


@dataclass
class Server:
    """Answers what is scripted, the last one again and again; None: it hangs up without a word."""

    script: list[tuple[int, dict[str, Any]] | None]
    url: str = ""
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def keys(self) -> list[str | None]:
        """Return the Idempotency-Key of each request."""
        return [headers.get("Idempotency-Key") for _, _, headers, _ in self.asked]


@contextmanager
def serving(*script: tuple[int, dict[str, Any]] | None) -> Iterator[Server]:
    """Serve these answers on a port of this machine."""
    scripted = Server(list(script))

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            words = json.loads(self.rfile.read(length)) if length else None
            scripted.asked.append((self.command, self.path, dict(self.headers), words))
            said = scripted.script.pop(0) if len(scripted.script) > 1 else scripted.script[0]
            if said is None:
                self.close_connection = True
                return
            body = json.dumps(said[1]).encode()
            self.send_response(said[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def calling(server: Server, patience_s: float = 5) -> Iterator[Caller]:
    """Return a caller of this server."""
    api = Api(server.url, patience_s=patience_s)
    try:
        yield Caller(api)
    finally:
        api.close()


@pytest.mark.parametrize("trouble", [None, (502, {}), (503, {}), (504, {}), (429, {})])
def test_passing_trouble_is_asked_again_with_the_same_key(
    trouble: tuple[int, dict[str, Any]] | None,
) -> None:
    with serving(trouble, trouble, (201, {"id": "job_1"})) as server, calling(server) as caller:
        heard: list[str] = []
        caller.api.on_trouble = heard.append

        answer = caller.post("/v1/jobs", {"title": "x"})

    assert answer.body == {"id": "job_1"}
    assert len(server.asked) == 3
    assert len(set(server.keys())) == 1
    assert server.keys()[0]
    assert [words for *_, words in server.asked] == [{"title": "x"}] * 3
    assert len(heard) == 2


def test_two_posts_have_two_keys() -> None:
    with serving((201, {})) as server, calling(server) as caller:
        caller.post("/v1/jobs")
        caller.post("/v1/jobs")

    assert len(set(server.keys())) == 2


def test_patience_ends() -> None:
    with (
        serving((503, {"code": "unavailable"})) as server,
        calling(server, patience_s=0.3) as caller,
        pytest.raises(Unexpected, match="503"),
    ):
        caller.get("/v1/wallet")

    assert len(server.asked) > 1


def test_nobody_there_is_waited_for_and_then_said() -> None:
    api = Api("http://127.0.0.1:9", patience_s=0.2)

    with pytest.raises(Unexpected, match="ConnectError"):
        Caller(api).get("/v1/wallet")
    api.close()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
def test_what_is_no_passing_trouble_is_not_asked_again(status: int) -> None:
    with (
        serving((status, {"code": "no"})) as server,
        calling(server) as caller,
        pytest.raises(Unexpected, match=str(status)),
    ):
        caller.get("/v1/wallet")

    assert len(server.asked) == 1


def test_what_another_service_is_finishing_is_not_there_for_a_moment() -> None:
    with serving((404, {}), (404, {}), (200, {"id": "off_1"})) as server, calling(server) as caller:
        assert caller.get("/v1/offers/off_1", soon=True) == {"id": "off_1"}


def test_a_refusal_is_told_with_its_code_and_without_a_key() -> None:
    with serving((409, {"code": "not_funded"})) as server, calling(server) as caller:
        assert caller.refused("POST", "/v1/x", {}) == (409, "not_funded")

    assert server.keys() == [None]


def test_what_should_be_refused_and_is_not_is_unexpected() -> None:
    with (
        serving((200, {})) as server,
        calling(server) as caller,
        pytest.raises(Unexpected),
    ):
        caller.refused("POST", "/v1/x", {})


def test_an_expired_token_is_renewed_once() -> None:
    session = (201, {"access_token": "t2", "member": {"id": "mem_1", "display_name": "Taro"}})
    with (
        serving((401, {}), session, (200, {"ok": True})) as server,
        calling(server) as caller,
    ):
        caller._token = "t1"

        assert caller.get("/v1/me") == {"ok": True}

    signed = [headers.get("Authorization") for _, _, headers, _ in server.asked]
    assert signed == ["Bearer t1", None, "Bearer t2"]
    assert caller.name == "Taro"


def test_a_registration_whose_answer_was_lost_was_ours() -> None:
    session = (201, {"access_token": "t", "member": {"id": "mem_1", "display_name": "Taro"}})
    with (
        serving(None, (409, {"code": "email_taken"}), session) as server,
        calling(server) as caller,
    ):
        caller.register(display_name="Taro")

    assert caller.id == "mem_1"
    assert [path for _, path, _, _ in server.asked] == [
        "/v1/members",
        "/v1/members",
        "/v1/sessions",
    ]


def test_lists_are_read_to_their_end() -> None:
    pages = (200, {"items": [1, 2], "next_cursor": "c"}), (200, {"items": [3], "next_cursor": None})
    with serving(*pages) as server, calling(server) as caller:
        assert caller.items("/v1/jobs", q="x") == [1, 2, 3]

    assert [path for _, path, _, _ in server.asked] == ["/v1/jobs?q=x", "/v1/jobs?q=x&cursor=c"]


def test_what_is_waited_for_is_looked_at_until_it_is_good() -> None:
    api = Api("http://127.0.0.1:9", patience_s=0.5)
    seen = iter([1, 2, 3])

    assert api.wait_until("three", lambda: next(seen), lambda n: n == 3) == 3
    with pytest.raises(Unexpected, match="four"):
        api.wait_until("four", lambda: 3, lambda n: n == 4)
    api.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"amount": 75000, "currency": "JPY"}, "¥75,000"),
        ({"amount": -3750, "currency": "JPY"}, "-¥3,750"),
        ({"amount": 1050, "currency": "USD"}, "10.50 USD"),
    ],
)
def test_money_is_written_with_its_sign(words: dict[str, Any], said: str) -> None:
    assert money(words) == said


def test_no_request_waits_longer_than_ten_seconds() -> None:
    assert client.TIMEOUT_S == 10
