"""The Python client asks again safely, and knows when to stop."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.demo.telling import money
from ukeoi_client import (
    Conflict,
    Invalid,
    Member,
    NoAnswer,
    NotFound,
    Problem,
    TimeIsUp,
    Ukeoi,
    Unauthenticated,
    Unavailable,
    sending,
)

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

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815

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


def calling(server: Server, patience_s: float = 5) -> Ukeoi:
    """Return the client of this server."""
    return Ukeoi(server.url, patience_s=patience_s)


SESSION = (201, {"access_token": "t2", "member": {"id": "mem_1", "display_name": "Taro"}})


@pytest.mark.parametrize("trouble", [None, (502, {}), (503, {}), (504, {}), (429, {})])
def test_passing_trouble_is_asked_again_with_the_same_key(
    trouble: tuple[int, dict[str, Any]] | None,
) -> None:
    with serving(trouble, trouble, (201, {"id": "job_1"})) as server, calling(server) as ukeoi:
        heard: list[str] = []
        ukeoi.sender.on_trouble = heard.append

        answer = ukeoi.anybody().post("/v1/jobs", {"title": "x"})

    assert (answer.status, answer.body) == (201, {"id": "job_1"})
    assert len(server.asked) == 3
    assert len(set(server.keys())) == 1
    assert server.keys()[0]
    assert [words for *_, words in server.asked] == [{"title": "x"}] * 3
    assert len(heard) == 2


def test_two_posts_have_two_keys_and_one_s_own_is_taken() -> None:
    with serving((201, {})) as server, calling(server) as ukeoi:
        ukeoi.anybody().post("/v1/jobs")
        ukeoi.anybody().post("/v1/jobs")
        ukeoi.anybody().post("/v1/jobs", key="my-own")

    assert len(set(server.keys())) == 3
    assert server.keys()[2] == "my-own"


def test_patience_ends_with_the_last_refusal() -> None:
    with (
        serving((503, {"code": "unavailable"})) as server,
        calling(server, patience_s=0.3) as ukeoi,
        pytest.raises(Unavailable, match="unavailable"),
    ):
        ukeoi.anybody().get("/v1/wallet")

    assert len(server.asked) > 1


def test_nobody_there_is_waited_for_and_then_said() -> None:
    with (
        Ukeoi("http://127.0.0.1:9", patience_s=0.2) as ukeoi,
        pytest.raises(NoAnswer, match="ConnectError"),
    ):
        ukeoi.anybody().get("/v1/wallet")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422, 500])
def test_what_is_no_passing_trouble_is_not_asked_again(status: int) -> None:
    with (
        serving((status, {"code": "no"})) as server,
        calling(server) as ukeoi,
        pytest.raises(Problem, match=str(status)),
    ):
        ukeoi.anybody().get("/v1/wallet")

    assert len(server.asked) == 1


def test_what_another_service_is_finishing_is_not_there_for_a_moment() -> None:
    with serving((404, {}), (404, {}), (200, {"id": "off_1"})) as server, calling(server) as ukeoi:
        assert ukeoi.anybody().get_offer("off_1", soon=True).body["id"] == "off_1"
    with (
        serving((404, {"code": "no_such_offer"})) as server,
        calling(server, patience_s=0.3) as ukeoi,
        pytest.raises(NotFound, match="no_such_offer"),
    ):
        ukeoi.anybody().get_offer("off_1", soon=True)


def test_a_refusal_tells_its_code_its_fields_and_which_request_it_was() -> None:
    words = {"code": "invalid_words", "fields": {"title": ["Missing."]}, "request_id": "req_1"}
    with (
        serving((422, words)) as server,
        calling(server) as ukeoi,
        pytest.raises(Invalid) as refused,
    ):
        ukeoi.anybody().post("/v1/jobs")

    assert refused.value.code == "invalid_words"
    assert refused.value.fields == {"title": ["Missing."]}
    assert refused.value.request_id == "req_1"


def test_a_refusal_that_is_no_problem_document_is_one_all_the_same() -> None:
    with (
        serving((409, ["what"])) as server,  # type: ignore[arg-type]
        calling(server) as ukeoi,
        pytest.raises(Conflict) as refused,
    ):
        ukeoi.anybody().get("/v1/x")

    assert refused.value.code == ""


def test_an_expired_token_is_renewed_once() -> None:
    with (
        serving(SESSION, (401, {}), SESSION, (200, {"ok": True})) as server,
        calling(server) as ukeoi,
    ):
        member = ukeoi.log_in("taro@example.com", "secret")
        assert member.get("/v1/me") == {"ok": True}

    signed = [headers.get("Authorization") for _, _, headers, _ in server.asked]
    assert signed == [None, "Bearer t2", None, "Bearer t2"]
    assert (member.id, member.name) == ("mem_1", "Taro")


def test_a_token_that_stays_bad_is_said() -> None:
    with (
        serving(SESSION, (401, {"code": "bad_token"})) as server,
        calling(server) as ukeoi,
        pytest.raises(Unauthenticated),
    ):
        ukeoi.log_in("taro@example.com", "secret").get("/v1/me")

    assert len(server.asked) == 3


def test_a_registration_whose_answer_was_lost_was_ours() -> None:
    with (
        serving(None, (409, {"code": "email_taken"}), SESSION) as server,
        calling(server) as ukeoi,
    ):
        member: Member = ukeoi.register("taro@example.com", "secret", display_name="Taro")

    assert member.id == "mem_1"
    asked = [path for _, path, _, _ in server.asked]
    assert asked == ["/v1/members", "/v1/members", "/v1/sessions"]


def test_an_address_that_is_another_s_is_taken() -> None:
    taken, wrong = (409, {"code": "email_taken"}), (401, {"code": "bad_credentials"})
    with (
        serving(taken, wrong) as server,
        calling(server) as ukeoi,
        pytest.raises(Conflict, match="email_taken"),
    ):
        ukeoi.register("taro@example.com", "secret", display_name="Taro")


def test_lists_are_read_page_by_page_as_far_as_they_are_asked_for() -> None:
    pages = (200, {"items": [1, 2], "next_cursor": "c"}), (200, {"items": [3], "next_cursor": None})
    with serving(*pages) as server, calling(server) as ukeoi:
        found = ukeoi.anybody().list_jobs(q="x")
        assert server.asked == []
        assert next(found) == 1
        assert len(server.asked) == 1
        assert list(found) == [2, 3]

    assert [path for _, path, _, _ in server.asked] == ["/v1/jobs?q=x", "/v1/jobs?q=x&cursor=c"]


def test_a_change_names_its_version() -> None:
    with serving((200, {"id": "mem_1"})) as server, calling(server) as ukeoi:
        ukeoi.with_token("t").change_me({"bio": "x"}, if_match='"3"')

    ((method, path, headers, words),) = server.asked
    assert (method, path, words) == ("PATCH", "/v1/me", {"bio": "x"})
    assert (headers["If-Match"], headers["Authorization"]) == ('"3"', "Bearer t")


def test_what_is_waited_for_is_looked_at_until_it_is_good() -> None:
    seen = iter([1, 2, 3])
    with Ukeoi("http://127.0.0.1:9", patience_s=0.5) as ukeoi:
        assert ukeoi.wait_until("three", lambda: next(seen), lambda n: n == 3) == 3
        with pytest.raises(TimeIsUp, match="four"):
            ukeoi.wait_until("four", lambda: 3, lambda n: n == 4)


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
    assert sending.TIMEOUT_S == 10
