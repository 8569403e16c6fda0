"""A real Chromium, without a screen, driven by its own chromedriver over the WebDriver protocol."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.dev import home
from tests import backends

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1200,1500", "--lang=en", "--hide-scrollbars"),
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE_S = 20.0


class Browser:
    """One window."""

    def __init__(self, driver: str) -> None:
        self._driver = driver
        self._session = ""

    def start(self, profile: str) -> None:
        """Open the window."""
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        self._session = self.ask("POST", "/session", {"capabilities": wanted})["sessionId"]

    def ask(self, method: str, path: str, words: Any = None) -> Any:
        """Ask the driver."""
        data = None if words is None else json.dumps(words).encode()
        asked = urllib.request.Request(  # noqa: S310
            f"{self._driver}{path}", data=data, method=method
        )
        asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                return json.load(answer)["value"]
        except urllib.error.HTTPError as wrong:
            raise AssertionError(wrong.read().decode()[:1000]) from wrong

    def _here(self, method: str, path: str, words: Any = None) -> Any:
        return self.ask(method, f"/session/{self._session}{path}", words)

    def open(self, url: str) -> None:
        """Go to a page."""
        self._here("POST", "/url", {"url": url})

    def run(self, script: str, *words: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self._here("POST", "/execute/sync", {"script": script, "args": list(words)})

    def _find(self, selector: str) -> str:
        found = self._here("POST", "/element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    def click(self, selector: str) -> None:
        """Click on what is there, as a person would: it must be in sight."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._here("POST", f"/element/{self._find(selector)}/click", {})
                return
            except AssertionError as wrong:
                # The page drew it anew between the finding and the click.
                if "stale element" not in str(wrong) or time.monotonic() > until:
                    raise

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self._here("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def text(self, selector: str) -> str:
        """Return what a person reads there; nothing when it is not there."""
        script = "const it = document.querySelector(arguments[0]); return it ? it.innerText : ''"
        return str(self.run(script, selector))

    def until(self, selector: str, found: Callable[[str], object]) -> str:
        """Return what is read there, once it is as it should be."""
        until = time.monotonic() + PATIENCE_S
        while not found(text := self.text(selector)):
            assert time.monotonic() < until, f"{selector} reads: {text}"
            time.sleep(0.05)
        return text

    def picture(self, path: Path) -> None:
        """Keep what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self._here("GET", "/screenshot")))

    def close(self) -> None:
        """Close the window."""
        if self._session:
            self._here("DELETE", "")


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a new window; its profile goes with it."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        backends.give_up("no Chromium: install the Debian packages chromium and chromium-driver")
    (port,) = home.free_ports(1)
    argv = ["chromedriver", f"--port={port}"]
    driver = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    window = Browser(f"http://127.0.0.1:{port}")
    try:
        _wait(window, driver)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            window.start(profile)
            yield window
            window.close()
    finally:
        driver.terminate()
        driver.wait()


def _wait(window: Browser, driver: subprocess.Popen[bytes]) -> None:
    for _ in itertools.repeat(None, 200):
        assert driver.poll() is None, "chromedriver ended"
        try:
            if window.ask("GET", "/status")["ready"]:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("chromedriver does not answer")
