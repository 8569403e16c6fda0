"""A real Prometheus that watches a deployment of ./dev with our alerts, made quick."""

import json
import re
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from deploy.dev import home, servers
from deploy.dev.home import SERVICES, Home
from deploy.dev.servers import Command, LocalServer

RULES = home.here().root / "deploy" / "observability" / "alerts.yml"
WINDOW, FOR = "[20s]", "2s"
PATIENCE_S = 90


class Watch:
    """What is firing now."""

    def __init__(self, port: int) -> None:
        self.port = port

    def firing(self) -> set[tuple[str, str]]:
        """Return the alerts that fire: name and service."""
        found = self._ask("/api/v1/alerts")["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("service", ""))
            for one in found
            if one["state"] == "firing"
        }

    def until(self, alert: str, *, fires: bool, service: str = "") -> float:
        """Wait until an alert fires or has fallen silent; return how long it took."""
        began = time.monotonic()
        while True:
            now = self.firing()
            there = any(a == alert and (not service or s == service) for a, s in now)
            if there == fires:
                return time.monotonic() - began
            if time.monotonic() - began > PATIENCE_S:
                raise AssertionError(f"{alert} {'does not fire' if fires else 'goes on'}: {now}")
            time.sleep(0.3)

    def until_it_knows_all(self) -> None:
        """Wait until every process has been asked a few times: a rate needs something before."""
        asked = urllib.parse.quote(f"count(count_over_time(up{WINDOW}) >= 3)")
        until = time.monotonic() + PATIENCE_S
        while True:
            found = self._ask(f"/api/v1/query?query={asked}")["result"]
            if found and int(found[0]["value"][1]) == 2 * len(SERVICES):
                return
            assert time.monotonic() < until, f"not every process was asked: {found}"
            time.sleep(0.3)

    def _ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as said:
            return json.load(said)["data"]


@contextmanager
def watching(at: Home) -> Iterator[Watch]:
    """Run Prometheus beside a deployment."""
    if not shutil.which("prometheus"):
        raise SystemExit("no prometheus: install the Debian package prometheus")
    folder = at.dev / "prometheus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "alerts.yml").write_text(quick(RULES.read_text()))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration(at)))
    (port,) = home.free_ports(1)
    argv = (
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    wait = lambda: servers.until(servers.answers_tcp, port)  # noqa: E731
    server = LocalServer(Command(argv), wait, log=folder / "log")
    server.start()
    try:
        watch = Watch(port)
        watch.until_it_knows_all()
        yield watch
    finally:
        server.stop()


def quick(rules: str) -> str:
    """Return the rules with the same expressions, but short windows and waits."""
    return re.sub(r"\[\d+m\]", WINDOW, re.sub(r"for: \d+m", f"for: {FOR}", rules))


def _configuration(at: Home) -> dict[str, Any]:
    ports = at.ports()
    targets = [
        {
            "targets": [f"127.0.0.1:{ports[f'{name}-{kind}']}"],
            "labels": {"service": name, "kind": kind},
        }
        for name in SERVICES
        for kind in ("web", "worker")
    ]
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    job = {"job_name": "ukeoi", "honor_labels": True, "static_configs": targets}
    return {"global": every, "rule_files": ["alerts.yml"], "scrape_configs": [job]}
