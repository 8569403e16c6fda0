"""The operators' console in a real browser: what is parked is seen, replayed and dropped."""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from deploy import gateway
from deploy.documents import site
from services.accounts.domain import member as rules
from services.accounts.records import MEMBERS
from shared import clock, deliveries, ids
from shared.documents import Doc
from shared.events import Event
from tests.browser import Browser, browser
from tests.edge.world import World

PASSWORD = "correct horse battery staple"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the gateway would serve."""
    folder = tmp_path_factory.mktemp("www")
    site.build(folder)
    return folder


def test_an_operator_sees_what_is_parked_replays_it_and_drops_another(
    world: World, pages: Path, tmp_path: Path
) -> None:
    email = an_operator(world)
    replayed, dropped = a_parked("escrow.funded", world), a_parked("<b>bold</b>", world)
    with served(world, pages) as url, browser() as window:
        log_in(window, url, email)
        window.until("#card-contracts", lambda text: "parked\n2" in text)
        assert "it said <script>" in window.text(f"#{replayed} td:nth-child(4)"), "text, not markup"
        window.click(f"#{replayed} .replay")
        window.until("#told", lambda text: "is tried again" in text)
        assert kept(world, replayed)["state"] == "retry"
        window.click(f"#{dropped} .drop")
        window.write("dialog input[name=reason]", "nobody said this")
        window.click("dialog .main")
        window.until("#parked tbody", lambda text: text == "Nothing is parked.")
        doc = kept(world, dropped)
        assert (doc["state"], doc["dropped_for"]) == ("dropped", "nobody said this")
        window.until("#ledger", lambda text: "0, as it must be" in text)


def test_a_dispute_is_read_as_a_story_and_decided_with_a_reason(world: World, pages: Path) -> None:
    email = an_operator(world)
    contract = world.dispute()
    with served(world, pages) as url, browser() as window:
        log_in(window, url, email)
        window.until(f"#{contract}", lambda text: "Decide" in text)
        window.click(f"#{contract} .id")
        story = window.until("#story ol", lambda text: "dispute.opened" in text)
        assert "contract.formed" in story
        window.click(f"#{contract} .decide")
        window.write("dialog input[name=worker_gets]", "1000")
        window.write("dialog input[name=reason]", "half of it was done")
        window.click("dialog .main")
        window.until("#told", lambda text: "decided" in text)
        decided = world.db("contracts")["contracts"].find_one({"_id": contract}) or {}
        assert decided["dispute"]["decision"] == "half of it was done"


def test_a_member_who_is_no_operator_gets_no_further_than_the_login(
    world: World, pages: Path
) -> None:
    email = a_member(world)
    with served(world, pages) as url, browser() as window:
        log_in(window, url, email, expect="ops_only")
        assert window.run("return document.querySelector('main').hidden") is True


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
        data={},
        tries=8,
    )
    why = ValueError("it said <script>alert(1)</script>")
    deliveries.failed(world.db("contracts"), event, why, now=clock.now())
    return event.id


def kept(world: World, id_: str) -> Doc:
    found: Doc = world.db("contracts")["deliveries"].find_one({"_id": id_}) or {}
    return found


def log_in(window: Browser, url: str, email: str, expect: str = "") -> None:
    window.open(f"{url}/console")
    window.write("input[name=email]", email)
    window.write("input[name=password]", PASSWORD)
    window.click("#login button")
    if expect:
        window.until("#login .wrong", lambda text: expect in text)
    else:
        window.until("#services", lambda text: "notify" in text)


@contextmanager
def served(world: World, pages: Path) -> Iterator[str]:
    """Serve the console and the services at one address, with the gateway's content policy."""
    policy = content_policy()

    def answer(environ: Doc, start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        path = "/docs/console.html" if path == "/console" else path
        file = pages / path.lstrip("/")
        if path.startswith("/v1/") or not file.is_file():
            return world.wsgi(environ, start)
        kind = TYPES.get(file.suffix, "application/octet-stream")
        start("200 OK", [("Content-Type", kind), ("Content-Security-Policy", policy)])
        return [file.read_bytes()]

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def content_policy() -> str:
    """Return what the gateway says of its pages."""
    found = re.search(r'"~\^/\(docs\.\*\)\?\$" "([^"]+)"', gateway.TEMPLATE.read_text())
    assert found is not None
    return found[1]
