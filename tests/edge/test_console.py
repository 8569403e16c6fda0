"""The operators' console: its own process behind the real gateway, in a real browser."""

import http.client
import os
import re
import threading
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from werkzeug.serving import make_server

from deploy.console import signing, words
from deploy.console.app import create_app
from deploy.dev import home, programs, servers
from deploy.dev.home import SERVICES, Home
from deploy.dev.servers import Command, LocalServer
from services.accounts.domain import member as rules
from services.accounts.records import MEMBERS
from services.contracts.domain import silence
from services.contracts.records import CONTRACTS
from shared import clock, deliveries, ids
from shared.documents import Doc
from shared.events import Event
from shared.languages import LANGUAGES
from tests import backends
from tests.browser import Browser, browser
from tests.edge.world import World
from tests.shared.broker import until

PASSWORD = "correct horse battery staple"
PAGES = ("", "/parked", "/contracts", "/cases", "/members", "/jobs", "/ledger", "/story")
TEMPLATES = Path(words.__file__).parent / "templates"


@pytest.fixture(scope="module")
def gateway(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of nginx before the five services and the console."""
    folder = tmp_path_factory.mktemp("gateway")
    port, console, services = home.free_ports(3)
    ports = {"gateway": port, "console": console, **{f"{name}-web": services for name in SERVICES}}
    server = make_server("127.0.0.1", services, world.wsgi, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    running = [a_console(ports, folder), a_gateway(ports, folder)]
    for one in running:
        one.start()
    yield port
    for one in running:
        one.kill()
    server.shutdown()
    thread.join()
    server.server_close()


def a_console(ports: dict[str, int], folder: Path) -> LocalServer:
    [found] = [p for p in programs.all_of(Home(folder), {**everywhere(), **ports}) if is_it(p)]
    command = Command(found.argv, dict(found.env))
    port = ports["console"]
    wait = lambda: servers.until(servers.answers_tcp, port)  # noqa: E731
    return LocalServer(command, wait, log=folder / "console.log")


def is_it(program: programs.Program) -> bool:
    return program.name == "console"


def everywhere() -> dict[str, int]:
    return dict.fromkeys(home.PORT_NAMES, 9)


def a_gateway(ports: dict[str, int], folder: Path) -> LocalServer:
    checkout = Home(folder)
    checkout.make()
    programs.write_gateway_conf(checkout, ports)
    try:
        command = programs.gateway_command(checkout)
    except servers.Missing as missing:
        backends.give_up(str(missing))
    port = ports["gateway"]
    wait = lambda: servers.until(servers.answers_tcp, port)  # noqa: E731
    return LocalServer(command, wait, log=folder / "gateway.log")


def test_an_operator_sees_what_is_parked_replays_it_and_drops_another(
    world: World, gateway: int
) -> None:
    replayed, dropped = a_parked("escrow.funded", world), a_parked("<b>bold</b>", world)
    with browser() as window:
        sign_in(window, gateway, an_operator(world))
        window.until("#card-contracts", lambda text: "parked messages\n2" in text)
        picture(window, "overview")
        window.click("#waiting a[href='/console/parked']")
        why = window.until(f"#{replayed} td:nth-child(4)", bool)
        assert "it said <script>" in why, "text, not markup"
        picture(window, "parked")
        window.click(f"#{replayed} .see")
        assert "ValueError" in window.until("#stack", bool)
        assert '"subject": "hld_' in window.text("#message")
        window.click(".replay")
        window.until("#told", lambda text: text == "It is tried again.")
        assert kept(world, replayed)["state"] == "retry"
        window.click(f"#{dropped} .see")
        window.write("input[name=reason]", "nobody said this")
        window.click("button.drop")
        window.until("#parked", lambda text: "Nothing is parked." in text)
        doc = kept(world, dropped)
        assert (doc["state"], doc["dropped_for"]) == ("dropped", "nobody said this")


def test_a_dispute_is_read_and_decided_with_a_reason(world: World, gateway: int) -> None:
    contract = world.dispute()
    with browser() as window:
        sign_in(window, gateway, an_operator(world))
        window.open(f"http://127.0.0.1:{gateway}/console/contracts")
        window.click(f"#{contract} .see")
        assert "dispute.opened" in window.until("#timeline", bool)
        assert "escrow.funded" in window.until("#story", bool)
        picture(window, "dispute")
        window.write("input[name=worker_gets]", "much")
        window.write("textarea[name=reason]", "half of it was done")
        window.click(".decide")
        window.until("#decide .wrong", lambda text: "not_an_amount" in text)
        assert world.db("contracts")["contracts"].find_one({"_id": contract})["dispute"][
            "state"
        ] != ("decided")
        window.run("document.querySelector('input[name=worker_gets]').value = '1,000'")
        window.click(".decide")
        window.until("#told", lambda text: text == "The dispute is decided.")
        decided = world.db("contracts")["contracts"].find_one({"_id": contract}) or {}
        assert decided["dispute"]["decision"] == "half of it was done"
        assert decided["dispute"]["worker_gets"]["amount"] == 1000
        window.open(f"http://127.0.0.1:{gateway}/console/contracts")
        assert "half of it was done" in window.until("#decisions tbody", bool)


def test_what_was_held_back_is_read_and_removed_and_its_appeal_answered_by_another(
    world: World, gateway: int
) -> None:
    case, first, second = world.case(), an_operator(world), an_operator(world)
    with browser() as window:
        sign_in(window, gateway, first)
        window.open(f"http://127.0.0.1:{gateway}/console/cases")
        window.click(f"#{case} .see")
        window.until("#words", lambda text: "手数料" in text)
        window.write("textarea[name=reason]", "contact outside")
        window.click("#decide .remove")
        window.until("#told", lambda text: text == "The decision is kept.")
        assert "contact outside" in window.text("#decision")
        world.pump()
        world.worker.did(f"/v1/cases/{case}/appeal", {"reason": "it is our own site"})
        window.open(f"http://127.0.0.1:{gateway}/console/cases/{case}")
        window.write("textarea[name=reason]", "I still think so")
        window.click("#decide .upheld")
        window.until("#decide .wrong", lambda text: "decided_by_you" in text)
    with browser() as window:
        sign_in(window, gateway, second)
        window.open(f"http://127.0.0.1:{gateway}/console/cases/{case}")
        window.write("textarea[name=reason]", "it is")
        window.click("#decide .restored")
        window.until("#case", lambda text: "closed" in text)
    said = world.operator.sees(f"/v1/cases/{case}")
    assert (said["outcome"], said["answer"]) == ("restored", "it is")


def test_a_report_is_dismissed_with_a_reason(world: World, gateway: int) -> None:
    case = world.report()
    operator = Visitor(gateway)
    operator.sign_in(an_operator(world))
    page = operator.get(f"/console/cases/{case}")
    assert "spam" in page
    form = {"form": operator.form, "outcome": "dismiss", "reason": ""}
    status, page = operator.ask("POST", f"/console/cases/{case}/decide", form)
    assert (status, "invalid_words" in page) == (422, True)
    form["reason"] = "it is none"
    assert operator.ask("POST", f"/console/cases/{case}/decide", form)[0] == 303
    assert world.operator.sees(f"/v1/cases/{case}")["outcome"] == "dismissed"


def test_overdue_work_is_listed_with_what_silence_leads_to(world: World, gateway: int) -> None:
    contract = world.contract("funded")
    store = world.services["contracts"].store
    due = silence.wake(store.get(CONTRACTS, contract))
    assert due is not None
    store.change(CONTRACTS, contract, silence.resolve, now=due)
    operator = Visitor(gateway)
    operator.sign_in(an_operator(world))
    page = operator.get("/console/contracts")
    assert f'id="{contract}"' in page
    assert "cancelled" in page


def test_a_member_is_suspended_and_the_suspension_lifted_each_with_its_reason(
    world: World, gateway: int
) -> None:
    world.newly("their own good password 1")
    with browser() as window:
        sign_in(window, gateway, an_operator(world))
        window.open(f"http://127.0.0.1:{gateway}/console/members")
        window.write("input[name=id]", world.newcomer.id)
        window.click("#find button")
        window.until("#sanctions", lambda text: "There are none." in text)
        window.write("textarea[name=reason]", "paid outside")
        window.click(".impose")
        window.until("#sanctions", lambda text: "paid outside" in text)
        window.write("article input[name=reason]", "it was not them")
        window.click(".lift")
        window.until("#told", lambda text: text == "The sanction is lifted.")
    [sanction] = world.operator.sees(f"/v1/members/{world.newcomer.id}/sanctions")["items"]
    assert (sanction["state"], sanction["decision"]) == ("lifted", "it was not them")


def test_the_ledger_is_a_chart_and_jobs_are_counted_in_both_languages(
    world: World, gateway: int
) -> None:
    world.contract("completed")
    world.job()
    with browser() as window:
        sign_in(window, gateway, an_operator(world))
        window.open(f"http://127.0.0.1:{gateway}/console/ledger")
        window.until("#ledger", lambda text: "In all 0, as it must be." in text)
        assert window.run("return document.querySelectorAll('#ledger rect').length") >= 6
        picture(window, "ledger")
        window.open(f"http://127.0.0.1:{gateway}/console/jobs")
        assert int(window.until("#mode-project .open", bool)) >= 1
        assert "half took" in window.text("#paid")
        window.click("a.lang")
        window.until("h1", lambda text: text == "方式ごとの仕事")
        window.open(f"http://127.0.0.1:{gateway}/console/ledger")
        window.until("#ledger", lambda text: "合計 0。" in text)


def test_who_is_no_operator_gets_no_further_and_stays_logged_in_nowhere(
    world: World, gateway: int
) -> None:
    visitor, email = Visitor(gateway), a_member(world)
    status, page = visitor.sign_in(email)
    assert (status, "ops_only" in page) == (403, True)
    assert "console_session" not in visitor.cookies
    member = world.db("accounts")["members"].find_one({"email": email}) or {}
    sessions = world.db("accounts")["sessions"].find({"member_id": member["_id"]})
    assert [session["state"] for session in sessions] == ["ended"]
    assert visitor.sign_in(email, password="no")[0] == 401


@pytest.mark.parametrize("page", PAGES)
def test_without_a_session_every_page_leads_to_the_login_and_back(
    world: World, gateway: int, page: str
) -> None:
    visitor = Visitor(gateway)
    assert visitor.ask("GET", f"/console{page}")[0] == 303
    where = visitor.location
    assert where == ("/console/login" if not page else f"/console/login?to=/console{page}")
    assert 'name="password"' in visitor.get(where)
    status, _ = visitor.sign_in(an_operator(world), to=f"/console{page}")
    assert (status, visitor.location) == (303, f"/console{page}")
    assert visitor.ask("GET", f"/console{page}")[0] == 200


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/console/\\evil"])
def test_the_login_leads_to_no_other_site(world: World, gateway: int, to: str) -> None:
    visitor = Visitor(gateway)
    assert visitor.sign_in(an_operator(world), to=to)[0] == 303
    assert visitor.location == "/console"


def test_a_form_that_was_not_made_for_this_browser_changes_nothing(
    world: World, gateway: int
) -> None:
    operator, other = Visitor(gateway), Visitor(gateway)
    operator.sign_in(an_operator(world))
    other.get("/console/login")
    parked = a_parked("escrow.funded", world)
    path = f"/console/parked/contracts/{parked}/replay"
    for form in ("", "x", "ア", other.form):
        assert operator.ask("POST", path, {"form": form})[0] == 403
        assert other.ask("POST", path, {"form": form})[0] in (303, 403)
    assert other.ask("POST", "/console/login", {"form": "x", "email": "", "password": ""})[0] == 403
    assert kept(world, parked)["state"] == "parked"
    operator.get("/console/parked")
    assert operator.ask("POST", path, {"form": operator.form})[0] == 303
    assert kept(world, parked)["state"] == "retry"


def test_cookies_are_kept_from_scripts_and_other_sites_and_pages_run_no_script(
    world: World, gateway: int
) -> None:
    operator = Visitor(gateway)
    operator.sign_in(an_operator(world))
    assert {"console_session", "console_form"} <= operator.cookies.keys()
    for morsel in operator.cookies.values():
        said = morsel.OutputString()
        assert "HttpOnly" in said
        assert "SameSite=Strict" in said
        assert "Path=/console" in said
    for page in PAGES:
        text = operator.get(f"/console{page}")
        assert not re.search(r"<script|style=|\son\w+=|https?://", text), page
        assert operator.headers["Cache-Control"] == "no-store"
        policy = operator.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy


def test_signing_out_ends_the_login_at_accounts_as_well(world: World, gateway: int) -> None:
    operator = Visitor(gateway)
    operator.sign_in(an_operator(world))
    session = operator.cookies["console_session"].value
    operator.get("/console/ledger")
    assert operator.ask("POST", "/console/logout", {"form": operator.form})[0] == 303
    assert not operator.cookies["console_session"].value
    world.pump()
    operator.cookies.load(f"console_session={session}")
    until(lambda: operator.ask("GET", "/console/parked")[0] == 303)
    assert operator.location == "/console/login?to=/console/parked"


def test_a_service_that_is_away_is_shown_so_and_the_others_are_still_seen(
    world: World, gateway: int
) -> None:
    addresses = dict.fromkeys(SERVICES, "127.0.0.1:9")
    app = create_app(addresses, "http://127.0.0.1")
    session = signing.Session(world.operator.token, "x", clock.now().timestamp() + 3600)
    client = app.test_client()
    client.set_cookie("console_session", signing._pack(session), path="/console")
    page = client.get("/console?lang=en").get_data(as_text=True)
    assert page.count("does not answer") == len(SERVICES)
    assert client.get("/console/ledger").status_code == 503
    assert create_app(addresses, "https://x.example").config["SECURE"]


@pytest.mark.pure
def test_every_text_is_in_both_languages_and_used() -> None:
    texts = words.texts()
    assert [n for n, said in texts.items() if set(said) != set(LANGUAGES)] == []
    code = "".join(
        p.read_text() for p in TEMPLATES.parent.rglob("*") if p.suffix in (".html", ".py")
    )
    named = set(re.findall(r"\bt\('(\w+)'[,)]", code)) | set(re.findall(r"\btell\(\"(\w+)\"", code))
    assert named - texts.keys() == set()
    groups = tuple(re.findall(r"\bt(?:\.known)?\('(\w+?)_?'(?: \+|, \w)", code))
    grouped = tuple(f"{group.rstrip('_')}_" for group in groups)
    spare = {name for name in texts if name not in code and not name.startswith(grouped)}
    assert spare == set()


@pytest.mark.pure
@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("12,500", "JPY", 12_500),
        ("10.50", "USD", 1_050),
        ("0", "JPY", 0),
        ("10.5", "JPY", None),
        ("-1", "JPY", None),
        ("NaN", "JPY", None),
        ("1e400000", "JPY", None),
        ("", "JPY", None),
    ],
)
def test_an_amount_is_read_as_a_person_types_it(
    typed: str, currency: str, minor: int | None
) -> None:
    assert words.minor_units(typed, currency) == minor


class Visitor:
    """Somebody with cookies and no browser."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: SimpleCookie = SimpleCookie()
        self.headers: http.client.HTTPMessage = http.client.HTTPMessage()
        self.form = ""

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        said = "; ".join(f"{m.key}={m.coded_value}" for m in self.cookies.values())
        headers = {"Cookie": said, "Accept-Language": "en"}
        body = urlencode(form) if form is not None else None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        wire.request(method, path, body, headers)
        answer = wire.getresponse()
        text = answer.read().decode()
        self.headers = answer.headers
        for one in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.load(one)
        if found := re.search(r'name="form" value="(\w+)"', text):
            self.form = found[1]
        wire.close()
        return answer.status, text

    def get(self, path: str) -> str:
        status, text = self.ask("GET", path)
        assert status == 200, (path, status, text)
        return text

    def sign_in(self, email: str, *, password: str = PASSWORD, to: str = "") -> tuple[int, str]:
        self.get("/console/login")
        said = {"form": self.form, "email": email, "password": password, "to": to}
        return self.ask("POST", "/console/login", said)


def a_member(world: World) -> str:
    email = f"{ids.new('mem')}@example.com"
    words = {"email": email, "password": PASSWORD, "display_name": "運用", "locale": "ja"}
    world.client.did("/v1/members", {**words, "kind": "individual"})
    return email


def an_operator(world: World) -> str:
    email = a_member(world)
    store = world.services["accounts"].store
    doc = store.db["members"].find_one({"email": email}) or {}
    store.change(MEMBERS, doc["_id"], rules.make_operator, now=clock.now())
    return email


def a_parked(type_: str, world: World) -> str:
    event = Event(
        id=ids.new("evt"),
        type=type_,
        source="escrow",
        subject=ids.new("hld"),
        time=clock.text(clock.now()),
        version=1,
        data={"amount": {"amount": 75_000, "currency": "JPY"}},
        tries=8,
    )
    try:
        raise ValueError("it said <script>alert(1)</script>")
    except ValueError as why:
        deliveries.failed(world.db("contracts"), event, why, now=clock.now())
    return event.id


def kept(world: World, id_: str) -> Doc:
    found: Doc = world.db("contracts")["deliveries"].find_one({"_id": id_}) or {}
    return found


def sign_in(window: Browser, port: int, email: str) -> None:
    window.open(f"http://127.0.0.1:{port}/console?lang=en")
    window.write("input[name=email]", email)
    window.write("input[name=password]", PASSWORD)
    window.click("#login button")
    window.until("#services", lambda text: "notify" in text)


def picture(window: Browser, name: str) -> None:
    """Keep what is seen for the documents, in the folder that UKEOI_PICTURES names."""
    if folder := os.environ.get("UKEOI_PICTURES"):
        window.picture(Path(folder) / f"{name}.png")
