"""The gateway in front of stand-in services that answer what they were sent."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.dev import home, programs, servers
from deploy.dev.home import SERVICES, Home
from tests import backends

ROUTES = {
    "accounts": "members sessions me email-verifications password-resets reports cases",
    "jobs": "categories jobs proposals questions entries assignments listings",
    "contracts": "offers contracts extensions",
    "escrow": "quotes holds payments wallet payouts ledger",
    "notify": "notifications todo notification-preferences webhooks events stream",
}
MEBIBYTE = 1024 * 1024


class Echo(BaseHTTPRequestHandler):
    """A service that answers its own port and what it was sent."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        size = len(self.rfile.read(length))
        port = self.connection.getsockname()[1]
        said = {"port": port, "path": self.path, "size": size, "headers": dict(self.headers)}
        body = json.dumps(said).encode()
        self.send_response(404 if self.path.endswith("/nothing") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", "the service's own")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """nginx on its port, stand-ins on those of the services, except notify, which is away."""
    checkout = Home(tmp_path_factory.mktemp("gateway"))
    checkout.make()
    names = ["gateway", "console", *(f"{name}-web" for name in SERVICES)]
    ports = dict(zip(names, home.free_ports(len(names)), strict=True))
    echoes = [_echo(ports[f"{name}-web"]) for name in SERVICES if name != "notify"]
    gateway = _nginx(checkout, ports)
    gateway.start()
    yield ports
    gateway.kill()
    for echo in echoes:
        echo.shutdown()
        echo.server_close()


def test_the_first_segment_names_the_service(ports: dict[str, int]) -> None:
    for service, segments in ROUTES.items():
        if service == "notify":
            continue
        for segment in segments.split():
            for path in (f"/v1/{segment}", f"/v1/{segment}/x?y=1"):
                status, _, said = _ask(ports, "GET", path)
                assert (status, said["port"]) == (200, ports[f"{service}-web"]), path
                assert said["path"] == path


def test_the_public_keys_come_from_accounts(ports: dict[str, int]) -> None:
    _, _, said = _ask(ports, "GET", "/.well-known/jwks.json")
    assert said["port"] == ports["accounts-web"]


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/readyz",
        "/v1/",
        "/v1/jobsfoo",
        "/v1/metrics",
        "/v1/jobs/../../metrics",
        "/problem",
    ],
)
def test_what_has_no_route_is_a_404_problem(ports: dict[str, int], path: str) -> None:
    _problem(_ask(ports, "GET", path), 404, "no_such_path")


def test_a_service_s_own_404_is_left_alone(ports: dict[str, int]) -> None:
    status, _, said = _ask(ports, "GET", "/v1/jobs/nothing")
    assert (status, said["path"]) == (404, "/v1/jobs/nothing")


@pytest.mark.parametrize("segment", ROUTES["notify"].split())
def test_a_service_that_is_away_is_503_with_retry_after(
    ports: dict[str, int], segment: str
) -> None:
    for method in ("GET", "POST"):
        answer = _ask(ports, method, f"/v1/{segment}")
        _problem(answer, 503, "service_unavailable")
        assert answer[1]["Retry-After"] == "2"


def test_the_gateway_s_own_refusals_are_problems(ports: dict[str, int]) -> None:
    _problem(_ask(ports, "POST", "/v1/jobs", body=b"x" * (MEBIBYTE + 1)), 413, "body_too_large")
    _problem(_ask(ports, "GET", "/v1/jobs?" + "x" * 9000), 414, "uri_too_long")
    _problem(_ask(ports, "GET", "/v1/jobs", {"X-Long": "x" * 9000}), 431, "headers_too_large")
    _problem(_raw(ports, b"GARBAGE\r\n\r\n"), 400, "malformed")
    trace = _ask(ports, "TRACE", "/v1/jobs")
    _problem(trace, 405, "method_not_allowed")
    assert "POST" in trace[1]["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/metrics",
        "/v1/%2e%2e/metrics",
        "/v1/jobs/..%2f..%2fmetrics",
        "/v1/jobs/%2e%2e/%2e%2e/readyz",
        "//metrics",
        "/v1//metrics",
        "/v1/jobs/..;/..;/metrics",
        "/v1/jobs/..\\..\\metrics",
        "/internal/metrics",
    ],
)
def test_no_way_of_writing_a_path_leads_inside(ports: dict[str, int], path: str) -> None:
    """It is refused here, or handed to the service that the path is said to be of, as it is."""
    status, _, said = _ask(ports, "GET", path)
    if status == 200:
        assert said["path"] == path
        assert path.startswith("/v1/jobs/")
    else:
        assert (status, said["code"]) in ((404, "no_such_path"), (400, "malformed"))


def test_two_lengths_of_a_body_are_refused(ports: dict[str, int]) -> None:
    smuggled = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    for lengths in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 6",
    ):
        words = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n\r\n" + smuggled
        _problem(_raw(ports, words), 400, "malformed")


def test_a_body_that_never_comes_holds_nothing_for_long(ports: dict[str, int]) -> None:
    words = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", ports["gateway"]), timeout=60) as wire:
        wire.sendall(words)
        with contextlib.suppress(ConnectionResetError):
            assert wire.recv(1) == b"", "the connection is closed, or reset"


def test_a_body_of_one_mebibyte_passes(ports: dict[str, int]) -> None:
    status, _, said = _ask(ports, "POST", "/v1/jobs", body=b"x" * MEBIBYTE)
    assert (status, said["size"]) == (200, MEBIBYTE)


def test_a_clean_request_id_is_taken_and_answered(ports: dict[str, int]) -> None:
    for clean in ("a", "A-b_9", "x" * 128):
        _, headers, said = _ask(ports, "GET", "/v1/jobs", {"X-Request-ID": clean})
        assert headers["X-Request-ID"] == said["headers"]["X-Request-ID"] == clean


@pytest.mark.parametrize("unclean", ["", "x" * 129, "a b", 'a"b', "a;b", "\u00e9"])
def test_any_other_request_id_is_replaced(ports: dict[str, int], unclean: str) -> None:
    _, headers, said = _ask(ports, "GET", "/v1/jobs", {"X-Request-ID": unclean})
    assert headers["X-Request-ID"] == said["headers"]["X-Request-ID"] != unclean
    assert len(headers["X-Request-ID"]) == 32


def test_nobody_outside_speaks_in_another_s_name(ports: dict[str, int]) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-User-Id": "mem_1",
        "X-User-Roles": "ops",
        "X-HTTP-Method-Override": "DELETE",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
    }
    _, _, said = _ask(ports, "GET", "/v1/jobs", {**forged, "traceparent": "00-1-2-01"})
    seen = {name.lower(): value for name, value in said["headers"].items()}
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["traceparent"] == "00-1-2-01"
    assert seen.keys().isdisjoint(name.lower() for name in forged.keys() - {"X-Forwarded-For"})


def test_the_gateway_answers_for_its_own_health(ports: dict[str, int]) -> None:
    status, _, said = _ask(ports, "GET", "/healthz")
    assert (status, said) == (200, {"status": "ok"})


Answer = tuple[int, http.client.HTTPMessage, Any]


def _ask(
    ports: dict[str, int],
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    wire = http.client.HTTPConnection("127.0.0.1", ports["gateway"], timeout=20)
    wire.request(method, path, body, headers or {})
    return _read(wire)


def _raw(ports: dict[str, int], words: bytes) -> Answer:
    wire = http.client.HTTPConnection("127.0.0.1", ports["gateway"], timeout=20)
    wire.connect()
    wire.send(words)
    answer = http.client.HTTPResponse(wire.sock)
    answer.begin()
    with answer:
        found = answer.status, answer.headers, json.loads(answer.read())
    wire.close()
    return found


def _read(wire: http.client.HTTPConnection) -> Answer:
    answer = wire.getresponse()
    found = answer.status, answer.headers, json.loads(answer.read())
    wire.close()
    return found


def _problem(answer: Answer, status: int, code: str) -> None:
    """Assert that this is a whole problem document."""
    found, headers, body = answer
    assert (found, body["status"], body["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["request_id"] == headers["X-Request-ID"]
    assert body["type"] == f"/docs/problems#{code}"
    for name in ("X-Request-ID", "X-Content-Type-Options", "Retry-After", "Allow"):
        assert len(headers.get_all(name, [])) <= 1, name


def _echo(port: int) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _nginx(checkout: Home, ports: dict[str, int]) -> servers.LocalServer:
    programs.write_gateway_conf(checkout, ports)
    try:
        command = programs.gateway_command(checkout)
    except servers.Missing as missing:
        backends.give_up(str(missing))
    port = ports["gateway"]
    log = checkout.logs / "gateway.log"
    return servers.LocalServer(command, lambda: servers.until(servers.answers_tcp, port), log=log)
