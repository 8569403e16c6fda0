"""The deployment on which scenes are played, its people, and what an operator types."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pymongo import MongoClient
from rich.console import Console

from deploy import credentials
from deploy.dev import supervision
from deploy.dev.home import Home
from shared import clock, ids
from shared.store import Db
from tests.rehearsal.watch import Watch

PASSWORD = "correct horse battery staple"
PATIENCE_S = 60
T = TypeVar("T")
Doc = dict[str, Any]


def eventually(found: Callable[[], T], what: str, timeout_s: float = PATIENCE_S) -> T:
    """Return what is found, once there is something."""
    until = time.monotonic() + timeout_s
    while not (it := found()):
        assert time.monotonic() < until, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.2)
    return it


@dataclass
class Stage:
    """One deployment of ./dev."""

    home: Home
    url: str
    watch: Watch
    console: Console
    typed: list[str] = field(default_factory=list)
    paused: set[int] = field(default_factory=set)

    # the operator

    def type(self, book: str, command: str, *, fails: bool = False, **words: str) -> str:
        """Type a command as a page of docs/operations has it, with its capitals filled in."""
        page = (self.home.root / "docs" / "operations" / f"{book}.md").read_text()
        assert command in page, f"{book}.md has no `{command}`"
        for name, value in words.items():
            command = command.replace(name, value)
        env = {**os.environ, "UKEOI_DEV_FOLDER": self.home.folder}
        done = subprocess.run(
            ("bash", "-c", command), cwd=self.home.root, env=env, capture_output=True, text=True
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, f"{command}: {done.returncode}\n{said[-3000:]}"
        self.typed.append(command)
        return said

    def ask_dev(self, *words: str) -> None:
        """Do something by ./dev that is no step of a runbook."""
        env = {**os.environ, "UKEOI_DEV_FOLDER": self.home.folder}
        argv = ["./dev", *words]
        done = subprocess.run(argv, cwd=self.home.root, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {(done.stdout + done.stderr)[-3000:]}"

    def pid(self, name: str) -> int:
        """Return the process id of a program."""
        return int(supervision.infos(self.home)[name]["pid"])

    def pause(self, name: str) -> int:
        """Let a program hang; return its process id."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        self.paused.add(pid)
        return pid

    def let_go_on(self) -> None:
        """Let everything go on that hangs, whatever has become of the scene."""
        for pid in self.paused:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def move_clock(self, ahead: timedelta) -> None:
        """Let the services believe that so much time has passed."""
        path = self.home.clock_file
        path.write_text(f"{float(path.read_text()) + ahead.total_seconds():.0f}\n")

    def root(self, service: str) -> Db:
        """Return a service's database as its administrator sees it."""
        address = f"127.0.0.1:{self.home.ports()['mongod']}"
        client = MongoClient[Doc](credentials._root_url(self.home.keys, address), tz_aware=True)
        return client[credentials.database(service)]

    # people

    def call(
        self, method: str, path: str, words: Doc | None = None, token: str = ""
    ) -> tuple[int, Any]:
        """Ask the gateway once."""
        wire = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        headers = {"Content-Type": "application/json", "Idempotency-Key": ids.new("key")}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = None if words is None else json.dumps(words)
        wire.request(method, path, body, headers)
        answer = wire.getresponse()
        said = answer.read()
        wire.close()
        return answer.status, json.loads(said) if said else None

    def done(self, method: str, path: str, words: Doc | None = None, token: str = "") -> Any:
        """Ask until it is done: what follows from events takes a moment."""
        kept: list[Any] = []

        def ask() -> bool:
            status, said = self.call(method, path, words, token)
            kept[:] = [said]
            return status < 300

        try:
            eventually(ask, f"{method} {path}")
        except AssertionError as late:
            raise AssertionError(f"{late}: {kept}") from None
        return kept[0]

    def member(self, name: str) -> tuple[str, str]:
        """Register somebody; return their id and an access token."""
        email = f"{ids.new('mem')}@example.com"
        words = {"email": email, "password": PASSWORD, "display_name": name, "locale": "ja"}
        self.done("POST", "/v1/members", {**words, "kind": "individual"})
        session = self.done("POST", "/v1/sessions", {"email": email, "password": PASSWORD})
        return session["member"]["id"], session["access_token"]

    def offer(self) -> tuple[str, str, str]:
        """Make an offer to somebody new; return its id, the client's and the worker's token."""
        (_, client), (worker_id, worker) = self.member("喫茶ひだまり"), self.member("山田太郎")
        ahead = timedelta(seconds=float(self.home.clock_file.read_text()))
        words = {
            "worker_id": worker_id,
            "title": "喫茶店のホームページ制作",
            "scope": "五ページ。",
            "amount": {"amount": 75_000, "currency": "JPY"},
            "deliver_by": clock.text(clock.now() + ahead + timedelta(days=10)),
        }
        return self.done("POST", "/v1/offers", words, client)["id"], client, worker

    def hire(self) -> str:
        """Hire somebody and pay them; return the contract's id."""
        offer, client, worker = self.offer()
        contract = self.done("POST", f"/v1/offers/{offer}/accept", {}, worker)["id"]
        path = f"/v1/contracts/{contract}"
        hold = self.done("GET", path, None, client)["milestones"][0]["hold_id"]
        self.done("POST", f"/v1/holds/{hold}/fund", {"method": "card"}, client)
        self.done("POST", f"{path}/milestones/1/deliver", {"note": "完成しました。"}, worker)
        self.done("POST", f"{path}/milestones/1/accept", {}, client)
        return str(contract)

    def folder(self, name: str) -> Path:
        """Return a path below the deployment where nothing is yet."""
        return self.home.dev / f"{name}-{ids.new('run')[-8:]}"
