"""The real MongoDB and RabbitMQ as private processes: how to start them, and when they are ready.

`./dev up` gives the commands to supervisor; the tests start the same commands as `LocalServer`.
Everything a server keeps lies in one folder, and it listens on 127.0.0.1 alone.
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy import replica_set

RABBITMQ_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
DEPLOY = Path(__file__).parents[1]
NOT_LOCAL = ("cluster_formation.classic_config.", "quorum_queue.", "vm_memory_high_watermark.")
AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class Missing(Exception):
    """A program that this machine lacks; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. The process that starts is the server itself, so its pid can be killed."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def mongod(folder: Path, port: int, *, oplog_mb: int = 64, keyfile: Path | None = None) -> Command:
    """Return the command of a one-member replica set `rs0`, still to be initiated.

    With a key file nobody gets in without a password.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return Command(
        (
            find_mongod(),
            *("--replSet", "rs0", "--dbpath", str(folder)),
            *("--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", "0.5", "--oplogSize", str(oplog_mb)),
            # A client killed inside a transaction leaves its documents locked for this long.
            *("--setParameter", "transactionLifetimeLimitSeconds=3"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *(("--keyFile", str(keyfile)) if keyfile else ()),
        )
    )


def find_mongod() -> str:
    """Return the path of mongod: the one that pip installed, or one on the PATH."""
    wheel = Path(sysconfig.get_paths()["purelib"], "fiftyone", "db", "bin", "mongod")
    if wheel.exists():
        return str(wheel)
    if found := shutil.which("mongod"):
        return found
    raise Missing("no mongod: there is no wheel of it for this platform; put one on the PATH")


def epmd(port: int) -> Command:
    """Return the command of the Erlang port mapper that the RabbitMQ node registers with."""
    if not (found := shutil.which("epmd")):
        raise Missing("no epmd: install the Debian package rabbitmq-server")
    return Command((found, "-address", "127.0.0.1", "-port", str(port)))


def rabbitmq(
    folder: Path,
    *,
    node: str,
    port: int,
    dist_port: int,
    epmd_port: int,
    definitions: str = "",
    peers: Sequence[str] = (),
) -> Command:
    """Return the command of a private node, with the users of its definitions (as JSON).

    Without definitions, `guest` may do anything, from this machine only. `peers` are the names of
    all nodes of a cluster, its own among them.

    RUNNING_UNDER_SYSTEMD makes Debian's shell script exec the Erlang machine instead of waiting
    for it, so that the process started here is the broker itself.
    """
    if not os.access(RABBITMQ_SERVER, os.X_OK):
        raise Missing("no rabbitmq-server: install the Debian package rabbitmq-server")
    conf = _write_conf(folder, definitions, peers)
    env = {
        # What it may change between two starts, so that supervisor restarts it then.
        "UKEOI_CHECKSUM": hashlib.sha256((conf + definitions).encode()).hexdigest(),
        "RUNNING_UNDER_SYSTEMD": "true",
        "HOME": str(folder),  # the node's cookie
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),  # not the machine's own settings
        "RABBITMQ_NODENAME": f"{node}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false"
        " -kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    return Command((RABBITMQ_SERVER,), env)


def _write_conf(folder: Path, definitions: str, peers: Sequence[str]) -> str:
    """Write what the node reads when it starts; return its main part."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "enabled_plugins").write_text("[].\n")
    settings = broker_settings("rabbitmq.conf") | {"disk_free_limit.absolute": "200MB"}
    del settings["load_definitions"]
    if definitions:
        said = folder / "definitions.json"
        said.touch(mode=0o600)
        said.write_text(definitions)
        settings["load_definitions"] = str(said)
    if peers:
        settings |= _cluster_settings(folder, peers)
    conf = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "rabbitmq.conf").write_text(conf)
    return conf


def broker_settings(file: str) -> dict[str, str]:
    """Return what a file of the deployment sets: `rabbitmq.conf` or `kubernetes/cluster.conf`."""
    lines = (DEPLOY / file).read_text().splitlines()
    pairs = (line.partition(" = ") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _cluster_settings(folder: Path, peers: Sequence[str]) -> dict[str, str]:
    """Let the nodes know each other, by name and by a cookie that comes from their names.

    As in Kubernetes, without what Debian's 3.10 does not know and what is for a pod's size.
    """
    cookie = folder / ".erlang.cookie"
    cookie.unlink(missing_ok=True)
    cookie.write_text(hashlib.sha256("".join(peers).encode()).hexdigest())
    cookie.chmod(0o400)
    theirs = broker_settings("kubernetes/cluster.conf")
    nodes = "cluster_formation.classic_config.nodes"
    return {
        **{name: value for name, value in theirs.items() if not name.startswith(NOT_LOCAL)},
        **{f"{nodes}.{n}": f"{node}@localhost" for n, node in enumerate(peers, start=1)},
        "cluster_formation.discovery_retry_limit": "3",
    }


def answers_amqp(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a broker greets on this port: its socket opens when its boot is done."""
    try:
        with socket.create_connection((host, port), timeout=2) as wire:
            wire.sendall(AMQP_GREETING)
            return wire.recv(1) == b"\x01"  # a method frame: connection.start
    except OSError:
        return False


def answers_tcp(port: int) -> bool:
    """Say whether anything listens on this port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


class LocalServer:
    """One real server as a child of this process, to be killed, paused and started again at will.

    It dies with the thread that called `start`, so also when a test run is killed: start it from
    the main thread.
    """

    def __init__(self, command: Command, wait: Callable[[], None], *, log: Path) -> None:
        self.command = command
        self._wait = wait
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process id; only while it runs."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.pid

    def start(self) -> None:
        """Start it (again) and wait until it is ready."""
        env = {**os.environ, **self.command.env}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", *self.command.argv),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests, not for their servers
            )
        self.wait()

    def wait(self) -> None:
        """Wait until the server answers; raises TimeoutError with the end of its log."""
        try:
            self._wait()
        except TimeoutError as late:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise TimeoutError(f"{late}\n{tail}") from None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang: its connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def local_mongod(folder: Path, port: int, *, keyfile: Path | None = None) -> LocalServer:
    """Return a replica set of one, ready to start; its URL is `mongo_url(port)`."""
    command = mongod(folder / "data", port, keyfile=keyfile)
    address = f"127.0.0.1:{port}"

    def wait() -> None:
        replica_set.initiate(f"mongodb://{address}", member=address, patience_s=READY_TIMEOUT_S)

    return LocalServer(command, wait, log=folder / "mongod.log")


def local_epmd(folder: Path, port: int) -> LocalServer:
    """Return a port mapper for one private node."""
    folder.mkdir(parents=True, exist_ok=True)
    return LocalServer(epmd(port), lambda: until(answers_tcp, port), log=folder / "epmd.log")


def local_rabbitmq(folder: Path, *, port: int, **how: Any) -> LocalServer:
    """Return a broker, ready to start once its epmd runs; its URL is `amqp_url(port)`."""
    command = rabbitmq(folder, port=port, **how)
    return LocalServer(command, lambda: until(answers_amqp, port), log=folder / "rabbitmq.log")


def mongo_url(port: int) -> str:
    """Return the URL by which clients reach the replica set on this port."""
    return f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"


def amqp_url(port: int) -> str:
    """Return the URL by which clients reach the broker on this port."""
    return f"amqp://guest:guest@127.0.0.1:{port}/%2F"


def until(answers: Callable[[int], bool], port: int) -> None:
    """Wait until the port answers; raises TimeoutError."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not answers(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers on port {port} after {READY_TIMEOUT_S} s")
        time.sleep(0.1)
