"""Where one checkout keeps its deployment, and which ports are its own.

Two checkouts side by side never meet: every path, port, node name and process mark comes from
the checkout's own path.
"""

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("jobs", "contracts", "escrow", "notify", "accounts")
PORT_NAMES = (
    *("mongod", "rabbitmq", "rabbitmq-dist", "epmd"),
    *(f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")),
    "console",
)
GATEWAY_FIRST_PORT = 8080
PORTS_FROM = 20_000  # below the range from which the kernel takes ports for outgoing connections
PORTS_TO = 30_000
PORTS_PER_CHECKOUT = 20
SOCKET_PATH_MAX = 90  # the kernel's limit is 108, and supervisor adds a suffix while it starts


@dataclass(frozen=True, slots=True)
class Home:
    """A deployment that belongs to the checkout at `root`; `folder` tells several apart."""

    root: Path
    folder: str = ".dev"

    @property
    def dev(self) -> Path:
        """Everything of this deployment lies below; `rm -r` of it leaves a clean checkout."""
        return self.root / self.folder

    @property
    def tag(self) -> str:
        """Twelve hex digits that stand for this checkout where a path does not fit."""
        return hashlib.sha256(str(self.dev).encode()).hexdigest()[:12]

    @property
    def run(self) -> Path:
        """Configuration and pid files of what runs now."""
        return self.dev / "run"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.dev / "logs"

    @property
    def data(self) -> Path:
        """What MongoDB and RabbitMQ keep; `down --wipe` deletes it."""
        return self.dev / "data"

    @property
    def keys(self) -> Path:
        """The signing keys: private/ for accounts alone, public/ for all."""
        return self.dev / "keys"

    @property
    def env(self) -> Path:
        """One `<service>.env` each: what the running service was told."""
        return self.dev / "env"

    @property
    def gateway(self) -> Path:
        """The prefix of nginx."""
        return self.dev / "gateway"

    @property
    def url_file(self) -> Path:
        """Holds the gateway's URL while the deployment is up."""
        return self.dev / "url"

    @property
    def clock_file(self) -> Path:
        """Seconds by which a test deployment's clock is ahead."""
        return self.dev / "clock"

    @property
    def socket(self) -> Path:
        """Supervisor's control socket, elsewhere when the checkout's path is too long for one."""
        here = self.run / "supervisor.sock"
        if len(str(here).encode()) <= SOCKET_PATH_MAX:
            return here
        base = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"  # noqa: S108
        return Path(base) / f"ukeoi-{os.getuid()}-{self.tag}.sock"

    @property
    def faults_file(self) -> Path:
        """Names the point at which a process of a test deployment is to die."""
        return self.dev / "faults"

    @property
    def mark(self) -> tuple[str, str]:
        """The environment variable that every process of this deployment carries."""
        return "UKEOI_DEV", str(self.dev)

    def make(self) -> None:
        """Create the folders; those that hold secrets are the owner's alone."""
        self.dev.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.logs, self.data, self.env, self.gateway / "www"):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.env, self.data):
            folder.chmod(0o700)

    def ports(self) -> dict[str, int]:
        """Return the ports of this checkout by name; the first call chooses and stores them."""
        known = self._stored_ports()
        wanted = {"gateway", *PORT_NAMES}
        return known if wanted <= known.keys() else self.choose_ports()

    def choose_ports(self) -> dict[str, int]:
        """Keep the stored ports that are free and choose others for the rest.

        Only to be called while nothing of this deployment runs, or its own ports look taken.
        """
        ports = {name: port for name, port in self._stored_ports().items() if is_free(port)}
        fresh = _free_ports(self.tag, taken=ports.values())
        for name in PORT_NAMES:
            if name not in ports:
                ports[name] = next(fresh)
        if "gateway" not in ports:
            ports["gateway"] = next(filter(is_free, range(GATEWAY_FIRST_PORT, PORTS_FROM)))
        self.dev.mkdir(parents=True, exist_ok=True)
        (self.dev / "ports.json").write_text(json.dumps(ports, indent=2) + "\n")
        return ports

    def _stored_ports(self) -> dict[str, int]:
        try:
            stored: dict[str, int] = json.loads((self.dev / "ports.json").read_text())
        except (OSError, ValueError):
            return {}
        return stored


def here() -> Home:
    """Return the home of the checkout that this file belongs to; `UKEOI_DEV_FOLDER` names another.

    A second deployment of one checkout, as rehearsals have it, takes every command of ./dev so.
    """
    return Home(Path(__file__).resolve().parents[2], os.environ.get("UKEOI_DEV_FOLDER", ".dev"))


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ports for servers that live for minutes, as tests start them."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _free_ports(tag: str, taken: Iterable[int]) -> Iterator[int]:
    """Yield free ports, from a place of this checkout's own so that neighbours rarely meet."""
    blocks = (PORTS_TO - PORTS_FROM) // PORTS_PER_CHECKOUT
    start = PORTS_FROM + int(tag, 16) % blocks * PORTS_PER_CHECKOUT
    excluded = set(taken)
    for port in (*range(start, PORTS_TO), *range(PORTS_FROM, start)):
        if port not in excluded and is_free(port):
            yield port
    raise SystemExit(f"no free port between {PORTS_FROM} and {PORTS_TO}")
