"""The gateway as strangers meet it: limits, other origins, TLS, the documents' pages."""

import base64
import datetime as dt
import http.client
import json
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.dev import home, programs, servers
from deploy.dev.home import SERVICES, Home
from deploy.documents import site
from tests import backends

PAGES = ("/", "/docs", "/docs/reference", "/docs/events", "/docs/problems")
ORIGIN = "https://app.example.com"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Quiet(BaseHTTPRequestHandler):
    """A service that answers at once; a stream stays open until its caller goes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        if self.path == "/v1/stream":
            self.end_headers()
            self.wfile.write(b"retry: 1\n\n")
            self.wfile.flush()
            self.connection.recv(1)
            return
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        """Answer as to a GET."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    do_OPTIONS = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def a_gateway(folder: Path, **blanks: str) -> Iterator[int]:
    """Run nginx with these blanks in front of stand-ins; give its port."""
    checkout = Home(folder)
    checkout.make()
    names = ["gateway", "console", *(f"{name}-web" for name in SERVICES)]
    ports = dict(zip(names, home.free_ports(len(names)), strict=True))
    listen = blanks.pop("GATEWAY_LISTEN", "{}").format(f"127.0.0.1:{ports['gateway']}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in blanks.items():
            patch.setenv(name, value)
        conf = programs.write_gateway_conf(checkout, ports)
    conf.write_text(conf.read_text().replace(f"127.0.0.1:{ports['gateway']}", listen))
    with ExitStack() as stack:
        for name in SERVICES:
            stack.enter_context(_a_service(ports[f"{name}-web"]))
        gateway = _nginx(checkout, ports["gateway"])
        gateway.start()
        stack.callback(gateway.kill)
        yield ports["gateway"]


@contextmanager
def _a_service(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Quiet)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def _nginx(checkout: Home, port: int) -> servers.LocalServer:
    try:
        command = programs.gateway_command(checkout)
    except servers.Missing as missing:
        backends.give_up(str(missing))
    log = checkout.logs / "gateway.log"
    return servers.LocalServer(command, lambda: servers.until(servers.answers_tcp, port), log=log)


Answer = tuple[int, http.client.HTTPMessage, bytes]


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask once, on a connection of its own."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    wire.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = wire.getresponse()
    found = answer.status, answer.headers, answer.read()
    wire.close()
    return found


def a_token(member: str, session: str = "s") -> str:
    """Return what looks like a token of ours; the gateway does not check signatures."""
    claims = json.dumps({"sub": member, "sid": session}, separators=(",", ":")).encode()
    return f"Bearer eyJhbGciOiJFZERTQSJ9.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"


def a_member(n: int) -> str:
    return f"mem_{n:032x}"


def many(port: int, count: int, path: str = "/v1/jobs", **how: str) -> list[int]:
    """Ask many times at once; return the statuses."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda _: ask(port, path, **how)[0], range(count)))


# limits


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gateway whose limits are soon reached."""
    blanks = {
        "GATEWAY_MEMBER_RATE": "1r/s",
        "GATEWAY_MEMBER_BURST": "5",
        "GATEWAY_COSTLY_RATE": "1r/m",
        "GATEWAY_COSTLY_BURST": "3",
        "GATEWAY_STREAMS": "2",
    }
    with a_gateway(tmp_path_factory.mktemp("strict"), **blanks) as port:
        yield port


def test_a_member_over_the_limit_is_429_and_the_others_of_the_office_are_not(strict: int) -> None:
    eager = many(strict, 40, Authorization=a_token(a_member(1)))
    assert set(eager) == {200, 429}
    assert eager.count(200) < 15
    for n in range(2, 12):
        assert ask(strict, "/v1/jobs", Authorization=a_token(a_member(n)))[0] == 200


def test_another_session_of_the_same_member_has_no_limit_of_its_own(strict: int) -> None:
    statuses = [
        ask(strict, "/v1/jobs", Authorization=a_token(a_member(20), f"session {n}"))[0]
        for n in range(30)
    ]
    assert 429 in statuses


def test_the_refusal_is_a_problem_that_says_when_to_try_again(strict: int) -> None:
    many(strict, 20, Authorization=a_token(a_member(30)))
    status, headers, body = ask(strict, "/v1/jobs", Authorization=a_token(a_member(30)))
    assert status == 429
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "1"
    assert json.loads(body)["code"] == "too_many_requests"
    time.sleep(1.5)
    assert ask(strict, "/v1/jobs", Authorization=a_token(a_member(30)))[0] == 200


def test_what_costs_a_password_hash_is_limited_by_address(strict: int) -> None:
    statuses = [ask(strict, "/v1/sessions", "POST")[0] for _ in range(10)]
    assert statuses.count(200) == 4
    assert ask(strict, "/v1/sessions/refresh", "POST")[0] == 200
    assert ask(strict, "/v1/members?q=taro")[0] == 200
    assert ask(strict, "/v1/members", "POST")[0] == 429
    assert ask(strict, "/console/login", "POST")[0] == 429


def test_a_member_has_only_so_many_streams_open(strict: int) -> None:
    member = {"Authorization": a_token(a_member(40))}
    wires = []
    for _ in range(2):
        wire = http.client.HTTPConnection("127.0.0.1", strict, timeout=10)
        wire.request("GET", "/v1/stream", headers=member)
        assert wire.getresponse().status == 200
        wires.append(wire)
    assert ask(strict, "/v1/stream", **member)[0] == 429
    for wire in wires:
        wire.close()


def test_by_default_a_member_may_ask_fifty_times_a_second(tmp_path: Path) -> None:
    compose = (home.here().root / "docker-compose.yml").read_text()
    names = ("GATEWAY_RATE", "GATEWAY_BURST", "GATEWAY_MEMBER_RATE", "GATEWAY_MEMBER_BURST")
    found = {name: re.search(rf"\${{{name}:-(.*?)}}", compose) for name in names}
    with a_gateway(tmp_path, **{name: match[1] for name, match in found.items() if match}) as port:
        began, statuses = time.monotonic(), []
        for n in range(150):
            time.sleep(max(0.0, began + n / 50 - time.monotonic()))
            statuses.append(ask(port, "/v1/jobs", Authorization=a_token(a_member(1)))[0])
        assert set(statuses) == {200}
        assert 429 in many(port, 400, Authorization=a_token(a_member(2)))


def test_an_address_has_a_limit_for_callers_without_a_token(tmp_path: Path) -> None:
    with a_gateway(tmp_path, GATEWAY_RATE="1r/s", GATEWAY_BURST="5") as port:
        statuses = many(port, 30)
        assert set(statuses) == {200, 429}
        assert statuses.count(200) < 12


# other origins, headers


@pytest.fixture(scope="module")
def open_to_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gateway that lets two origins call, with the documents' pages."""
    folder = tmp_path_factory.mktemp("open")
    site.build(Home(folder).gateway / "www")
    origins = r"https://app\.example\.com|http://localhost:3000"
    with a_gateway(folder, GATEWAY_CORS_ORIGINS=origins) as port:
        yield port


def test_an_origin_that_is_named_may_call(open_to_app: int) -> None:
    status, headers, _ = ask(open_to_app, "/v1/jobs", Origin=ORIGIN)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert "ETag" in headers["Access-Control-Expose-Headers"]
    assert headers["Vary"] == "Origin"
    asked = {"Access_Control_Request_Method": "PATCH", "Origin": ORIGIN}
    status, headers, body = ask(open_to_app, "/v1/me", "OPTIONS", **asked)
    assert (status, body) == (204, b"")
    assert "PATCH" in headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://appxexample.com",
        "http://app.example.com",
        "null",
    ],
)
def test_any_other_origin_may_not(open_to_app: int, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        asked = {"Access_Control_Request_Method": "GET", "Origin": origin}
        _, headers, _ = ask(open_to_app, "/v1/jobs", method, **asked)
        assert "Access-Control-Allow-Origin" not in headers
        assert "Access-Control-Allow-Methods" not in headers


def test_without_configuration_no_origin_may(strict: int) -> None:
    _, headers, _ = ask(strict, "/v1/jobs", Origin=ORIGIN)
    assert "Access-Control-Allow-Origin" not in headers
    assert "Vary" not in headers


def test_every_answer_carries_the_headers_of_safety_once(open_to_app: int) -> None:
    for path in ("/v1/jobs", "/nothing", "/docs", "/openapi.json"):
        _, headers, _ = ask(open_to_app, path)
        for name, value in {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
        }.items():
            assert headers.get_all(name) == [value], (path, name)
        (policy,) = headers.get_all("Content-Security-Policy") or []
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "Strict-Transport-Security" not in headers
        assert "Server" not in headers or "/" not in headers["Server"]


# the documents


class Links(HTMLParser):
    """Everything that a page loads or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses."""
        self.found |= {v for k, v in attrs if k in ("src", "href", "spec-url") and v}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_but_this_gateway(open_to_app: int, page: str) -> None:
    status, headers, body = ask(open_to_app, page)
    assert (status, headers["Content-Type"]) == (200, "text/html")
    links = Links()
    links.feed(body.decode())
    assert links.found
    for link in links.found:
        assert re.match(r"#|/(?!/)", link), f"{page} leads outside: {link}"
        status, headers, loaded = ask(open_to_app, link.partition("#")[0] or page)
        assert status == 200, link
        assert loaded
        if link.endswith((".js", ".css")):
            kind = {"js": "text/javascript", "ss": "text/css"}[link[-2:]]
            assert headers["Content-Type"] == kind


def test_the_documents_are_served_as_they_are_committed(open_to_app: int) -> None:
    docs = home.here().root / "docs"
    for name in ("openapi.json", "asyncapi.json"):
        status, headers, body = ask(open_to_app, f"/{name}")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert body == (docs / name).read_bytes()
    _, _, body = ask(open_to_app, "/docs/schemas/contract.formed.json")
    assert body == (docs / "events" / "contract.formed.json").read_bytes()


def test_every_problem_leads_to_its_row(open_to_app: int) -> None:
    _, _, page = ask(open_to_app, "/docs/problems")
    _, _, body = ask(open_to_app, "/nothing")
    anchor = json.loads(body)["type"].partition("#")[2]
    assert f'id="{anchor}"'.encode() in page
    assert b'id="wrong_state"' in page


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
@pytest.mark.parametrize(
    ("page", "shows"),
    [
        ("/docs", "Draft a job that nobody else sees"),
        ("/docs/reference", "contracts: what was agreed"),
        ("/docs/events", "contract.formed"),
        ("/docs/problems", "wrong_state"),
    ],
)
def test_in_a_browser_a_page_shows_what_it_should_and_asks_nobody_else(
    open_to_app: int, page: str, shows: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{open_to_app}{page}{'#/jobs' if page == '/docs' else ''}"
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    words += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom", url]
    done = subprocess.run([str(CHROMIUM), *words], capture_output=True, text=True, timeout=90)
    assert shows in done.stdout
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    # Redoc would show a picture of its makers', which its page's policy does not let it ask for.
    assert not [s for s in said if "Content Security Policy" in s and "redoc/logo" not in s], said
    assert not [s for s in said if "Uncaught" in s], said


# TLS


def test_with_its_files_the_gateway_speaks_tls(tmp_path: Path) -> None:
    include = Home(tmp_path).gateway / "include"
    include.mkdir(parents=True)
    certificate = _self_signed(include)
    example = (home.here().root / "deploy/gateway/examples/tls.conf").read_text()
    (include / "tls.conf").write_text(example.replace("/etc/nginx/include", str(include)))
    with a_gateway(tmp_path, GATEWAY_LISTEN="{} ssl") as port:
        trust = ssl.create_default_context(cafile=str(certificate))
        wire = http.client.HTTPSConnection("localhost", port, timeout=10, context=trust)
        wire.request("GET", "/v1/jobs")
        answer = wire.getresponse()
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        answer.read()
        wire.close()
        assert ask(port, "/v1/jobs")[0] == 400
        old = ssl.create_default_context(cafile=str(certificate))
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        refused = http.client.HTTPSConnection("localhost", port, timeout=10, context=old)
        with pytest.raises(ssl.SSLError):
            refused.request("GET", "/v1/jobs")


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = folder / "fullchain.pem"
    path.write_bytes(certificate.public_bytes(pem))
    return path
