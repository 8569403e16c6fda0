"""`./dev compose`: the stack of docker-compose.yml on this machine, with images built here."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from deploy.dev import engine, home
from deploy.dev.home import SERVICES, Home
from deploy.images import build

PROJECT = "ukeoi"
READY_TIMEOUT_S = 180
STOP_TIMEOUT_S = 30
ONCE = ("keys", "replica-set", "documents")
WEBS = (*(f"{name}-web" for name in SERVICES), "console")
WORKERS = tuple(f"{name}-worker" for name in SERVICES)


class Wrong(Exception):
    """The stack is not as it should be; the message says what."""


class Stack:
    """The containers of one checkout."""

    def __init__(self, at: Home, env: Mapping[str, str], project: str = PROJECT) -> None:
        self.home = at
        self.project = project
        self.env = {**env, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
        self.env.setdefault("GATEWAY_PORT", str(_gateway_port(at)))
        self.files = ("docker-compose.yml", "deploy/images/compose.yml")

    @property
    def url(self) -> str:
        """The address that callers use."""
        return f"http://127.0.0.1:{self.env['GATEWAY_PORT']}"

    def build(self) -> None:
        """Build what is not built yet."""
        build.build(self.home.root, self.home.dev / "images", self.env)

    def compose(self, *words: str) -> int:
        """Say something to Compose; its exit code."""
        return subprocess.run(self._argv(*words), cwd=self.home.root, env=self.env).returncode

    def up(self, *words: str) -> None:
        """Bring all of it up, and wait until every container is healthy."""
        if not build.has("ukeoi:local", self.env):
            self.build()
        if self.compose("up", "-d", *words):
            raise Wrong("Compose could not bring it up")
        self.wait()

    def wait(self) -> None:
        """Wait until every container that goes on running is healthy."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while waiting := self._not_ready():
            if time.monotonic() > deadline:
                raise Wrong(f"not ready after {READY_TIMEOUT_S} s: {waiting}")
            time.sleep(0.5)

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """Return what the engine knows of the containers of these services, or of all."""
        asked = subprocess.run(
            self._argv("ps", "-q", *services),
            cwd=self.home.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        if not (ids := asked.stdout.split()):
            return []
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *ids))
        return found

    def docker(self, *words: str) -> str:
        """Say something to the engine; return its answer."""
        done = subprocess.run(
            ("docker", *words), env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Wrong(done.stderr.strip())
        return done.stdout

    def roll(self, *services: str) -> None:
        """Replace the containers of these services, else of all; one after another.

        New ones are started beside the old; once they are healthy, the old are told to stop, finish
        what they have in hand and go. Without names first all web processes, then all workers.
        """
        for wave in [services] if services else [WEBS, WORKERS]:
            old = {service: self._ids(service) for service in wave}
            doubled = [f"--scale={service}={2 * len(ids)}" for service, ids in old.items()]
            if self.compose("up", "-d", "--no-deps", "--no-recreate", *doubled, *wave):
                raise Wrong("Compose could not start the new ones")
            self.wait()
            gone = [id_ for ids in old.values() for id_ in ids]
            self.docker("stop", "--time", str(STOP_TIMEOUT_S), *gone)
            self.docker("rm", *gone)

    def _ids(self, service: str) -> list[str]:
        found = [container["Id"] for container in self.containers(service)]
        if not found:
            raise Wrong(f"{service} does not run")
        return found

    def _not_ready(self) -> dict[str, str]:
        states = {}
        for container in self.containers():
            name, state = container["Name"].lstrip("/"), container["State"]
            service = container["Config"]["Labels"]["com.docker.compose.service"]
            if service in ONCE:
                if state["Status"] == "exited" and state["ExitCode"]:
                    raise Wrong(f"{name} failed:\n{self.docker('logs', '--tail', '20', name)}")
                continue
            said = state.get("Health", {}).get("Status", state["Status"])
            if said not in ("healthy", "running") or state["Status"] != "running":
                states[name] = said
        return states

    def _argv(self, *words: str) -> list[str]:
        files = [word for path in self.files for word in ("-f", path)]
        return [*_tool(self.env), "-p", self.project, *files, *words]


def stack(at: Home) -> Stack:
    """Return the checkout's stack, with an engine that answers.

    :raises engine.NoEngine: none can be had
    """
    return Stack(at, engine.environment(at))


def _tool(env: Mapping[str, str]) -> list[str]:
    plugin = ("docker", "compose", "version")
    if subprocess.run(plugin, env=env, capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose", path=env.get("PATH")):
        return ["docker-compose"]
    raise engine.NoEngine("no docker compose here: install the Debian package docker-compose")


def _gateway_port(at: Home) -> int:
    """Return a port of this checkout's own, the same every time."""
    kept = at.dev / "docker" / "gateway-port"
    if kept.exists():
        return int(kept.read_text())
    taken = {at.ports()["gateway"]}
    first, last = home.GATEWAY_FIRST_PORT, home.PORTS_FROM
    port = next(p for p in range(first, last) if p not in taken and home.is_free(p))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{port}\n")
    return port
