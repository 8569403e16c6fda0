"""Real MongoDB and RabbitMQ for the tests, started once for the whole run and only when asked for.

The first of these that is there:
* a server named by TEST_MONGO_URL or TEST_AMQP_URL (MongoDB as a replica set);
* a container, where a Docker engine answers and has or can pull the image;
* a private server from this machine's own binaries, as `./dev up` starts them.
Where there is none, tests are skipped at a desk and fail in CI.

A test that kills or pauses servers takes its own: `private_mongod()`, `private_rabbitmq()`.
"""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from deploy import credentials, replica_set
from deploy.dev import home, servers
from deploy.dev.servers import Command, LocalServer

# TEST_MONGO_IMAGE, TEST_RABBITMQ_IMAGE: others, as `./dev images` builds them.
MONGO_IMAGE = "mongo:7.0"
RABBITMQ_IMAGE = "rabbitmq:3.13-management"
CONTAINER_USER = "ukeoi"
MOST = {"w": "majority"}

_until_the_end = ExitStack()
atexit.register(_until_the_end.close)


@cache
def mongo_url() -> str:
    """Return the URL of a replica set of one, the same for the whole run."""
    return _first_of(
        lambda: os.environ.get("TEST_MONGO_URL", ""),
        lambda: _until_the_end.enter_context(mongo_container()),
        lambda: _until_the_end.enter_context(private_mongod())[1],
    )


@cache
def amqp_url() -> str:
    """Return the URL of a broker, the same for the whole run."""
    return _first_of(
        lambda: os.environ.get("TEST_AMQP_URL", ""),
        lambda: _until_the_end.enter_context(rabbitmq_container()),
        lambda: _until_the_end.enter_context(private_rabbitmq())[1],
    )


@contextmanager
def private_mongod() -> Iterator[tuple[LocalServer, str]]:
    """Give a mongod of the test's own, to be killed at will, and its URL."""
    with _folder("mongod") as folder:
        (port,) = home.free_ports(1)
        with _running(servers.local_mongod(folder, port)) as server:
            yield server, servers.mongo_url(port)


@contextmanager
def private_rabbitmq(definitions: str = "") -> Iterator[tuple[LocalServer, str]]:
    """Give a broker of the test's own, to be killed at will, and its URL."""
    with _folder("rabbitmq") as folder:
        port, dist_port, epmd_port = home.free_ports(3)
        broker = servers.local_rabbitmq(
            folder,
            node=f"test-{port}",
            port=port,
            dist_port=dist_port,
            epmd_port=epmd_port,
            definitions=definitions,
        )
        with _running(servers.local_epmd(folder, epmd_port)), _running(broker) as server:
            yield server, servers.amqp_url(port)


@contextmanager
def replica_set_of_three() -> Iterator[tuple[dict[str, LocalServer], str]]:
    """Give three members of one set by their addresses, to be killed at will, and the set's URL."""
    with _folder("mongod") as folder, ExitStack() as running:
        ports = home.free_ports(3)
        addresses = [f"127.0.0.1:{port}" for port in ports]
        members = {}
        for port, address in zip(ports, addresses, strict=True):
            (folder / str(port)).mkdir()
            server = LocalServer(
                servers.mongod(folder / str(port) / "data", port),
                partial(servers.until, servers.answers_tcp, port),
                log=folder / f"{port}.log",
            )
            members[address] = running.enter_context(_running(server))
        replica_set.initiate(f"mongodb://{addresses[0]}", member=",".join(addresses))
        yield members, f"mongodb://{','.join(addresses)}/?replicaSet=rs0"


@contextmanager
def cluster_of_three() -> Iterator[tuple[list[LocalServer], str]]:
    """Give three nodes of one broker, to be killed at will, and a URL that names all of them."""
    with _folder("rabbitmq") as folder, ExitStack() as running:
        epmd_port, *ports = home.free_ports(7)
        running.enter_context(_running(servers.local_epmd(folder, epmd_port)))
        names = [f"test-{port}" for port in ports[:3]]
        nodes = []
        for name, port, dist_port in zip(names, ports[:3], ports[3:], strict=True):
            how = {"node": name, "dist_port": dist_port, "epmd_port": epmd_port, "peers": names}
            node = servers.local_rabbitmq(folder / name, port=port, **how)
            nodes.append(running.enter_context(_running(node)))
        where = ",".join(f"127.0.0.1:{port}" for port in ports[:3])
        yield nodes, f"amqp://guest:guest@{where}/%2F"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A config server and two shards. A mongos is in no package that can be had: `take` sends each
    server what a mongos sends it for an administrator's command (MongoDB 6.0).
    """

    config_server: MongoClient[dict[str, Any]]
    shards: Mapping[str, MongoClient[dict[str, Any]]]

    @property
    def config(self) -> Database[dict[str, Any]]:
        """What the cluster knows of itself."""
        return self.config_server["config"]

    def database(self, name: str) -> Database[dict[str, Any]]:
        """Make a database; return it on its first shard."""
        self.config_server.admin.command("_configsvrCreateDatabase", name, writeConcern=MOST)
        return self.shards[self._said(name)["primary"]][name]

    def take(self, db: Database[dict[str, Any]], command: Mapping[str, Any]) -> None:
        """Do what an administrator tells a mongos."""
        if "shardCollection" not in command:
            db.command(command)
            return
        version = self._said(db.name)["version"]
        db.command(
            "_shardsvrCreateCollection",
            command["shardCollection"].partition(".")[2],
            shardKey=command["key"],
            databaseVersion=version,
            writeConcern=MOST,
        )

    def shards_of(self, db: Database[dict[str, Any]], collection: str) -> set[str]:
        """Return which shards have a part of a collection."""
        said = self.config["collections"].find_one({"_id": f"{db.name}.{collection}"})
        assert said is not None
        return set(self.config["chunks"].distinct("shard", {"uuid": said["uuid"]}))

    def _said(self, name: str) -> dict[str, Any]:
        said = self.config["databases"].find_one({"_id": name})
        assert said is not None
        return said


@contextmanager
def cluster_without_router() -> Iterator[Cluster]:
    """Give the servers of a sharded cluster: each a set of one, the shards known to the first."""
    with _folder("cluster") as folder, ExitStack() as running:
        clients = {}
        for name, port in zip(("config", "shard0", "shard1"), home.free_ports(3), strict=True):
            (folder / name).mkdir()
            role = "--configsvr" if name == "config" else "--shardsvr"
            argv = servers.mongod(folder / name / "data", port).argv
            command = Command((*(name if word == "rs0" else word for word in argv), role))
            wait = partial(servers.until, servers.answers_tcp, port)
            running.enter_context(_running(LocalServer(command, wait, log=folder / f"{name}.log")))
            clients[name] = running.enter_context(_member_of(name, f"127.0.0.1:{port}"))
        config = clients.pop("config")
        for name, client in clients.items():
            host, port = client.address or ("", 0)
            config.admin.command("_configsvrAddShard", f"{name}/{host}:{port}", writeConcern=MOST)
        yield Cluster(config, clients)


def _member_of(name: str, address: str) -> MongoClient[dict[str, Any]]:
    """Make a set of one; return a client of it."""
    client = MongoClient[dict[str, Any]](address, directConnection=True, timeoutMS=20_000)
    config = {"_id": name, "members": [{"_id": 0, "host": address}]}
    client.admin.command(
        "replSetInitiate", config | ({"configsvr": True} if name == "config" else {})
    )
    replica_set.initiate(f"mongodb://{address}", member=address, name=name)
    return client


@contextmanager
def guarded_mongod(keys: Path) -> Iterator[tuple[LocalServer, str]]:
    """Give a mongod with a deployment's users, whose passwords lie in `keys`; and its address."""
    with _folder("mongod") as folder:
        (port,) = home.free_ports(1)
        keyfile = credentials.keyfile(keys)
        with _running(servers.local_mongod(folder, port, keyfile=keyfile)) as server:
            credentials.make_database_users(keys, f"127.0.0.1:{port}")
            yield server, f"127.0.0.1:{port}"


@contextmanager
def guarded_rabbitmq(keys: Path) -> Iterator[tuple[LocalServer, str]]:
    """Give a broker with a deployment's users, whose passwords lie in `keys`; and its address."""
    with private_rabbitmq(json.dumps(credentials.definitions(keys))) as (server, url):
        yield server, url.rpartition("@")[2].partition("/")[0]


def _first_of(*sources: Callable[[], str]) -> str:
    """Return the first URL that can be had; without one, skip at a desk and fail in CI."""
    reasons = []
    for source in sources:
        try:
            if url := source():
                return url
        except servers.Missing as missing:
            reasons.append(str(missing))
    return give_up(f"no server to test with: {'; '.join(reasons)}")


def give_up(reason: str) -> NoReturn:
    """End a test that lacks a real part: skipped at a desk, failed in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _running(server: LocalServer) -> Iterator[LocalServer]:
    server.start()
    try:
        yield server
    finally:
        server.kill()  # nobody needs its data any more


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"ukeoi-test-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mongo_container() -> Iterator[str]:
    """Give the URL of a replica set in a container; raises Missing without engine or image."""
    box = _container(os.environ.get("TEST_MONGO_IMAGE", MONGO_IMAGE)).with_command(
        "--replSet rs0 --bind_ip_all"
    )
    with _published(box, 27017) as address:
        url = f"mongodb://{address}/?directConnection=true"
        replica_set.initiate(url, member="localhost:27017")
        yield url


@contextmanager
def rabbitmq_container() -> Iterator[str]:
    """Give the URL of a broker in a container; raises Missing without engine or image."""
    box = _container(os.environ.get("TEST_RABBITMQ_IMAGE", RABBITMQ_IMAGE))
    for name in ("RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"):
        box.with_env(name, CONTAINER_USER)
    with _published(box, 5672) as address:
        host, _, port = address.rpartition(":")
        servers.until(lambda port: servers.answers_amqp(port, host), int(port))
        yield f"amqp://{CONTAINER_USER}:{CONTAINER_USER}@{address}/%2F"


def _container(image: str) -> Any:
    """Describe a container of this image; raises Missing without an engine that has the image."""
    if not (_docker("image", "inspect", image) or _docker("pull", "--quiet", image)):
        raise servers.Missing(f"no Docker engine that has {image}")
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # one image less to pull
    from testcontainers.core.container import DockerContainer

    box = DockerContainer(image)
    if network := os.environ.get("TEST_DOCKER_NETWORK"):  # of an engine without a default one
        box.with_kwargs(network=network)
    return box


def _docker(*words: str) -> bool:
    """Say whether this docker command works; an engine that is away is found at once."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(("docker", *words), capture_output=True, check=False).returncode == 0


@contextmanager
def _published(box: Any, port: int) -> Iterator[str]:
    """Run the container; give the address on this machine that leads to its port."""
    with box.with_exposed_ports(port) as running:
        yield f"{running.get_container_host_ip()}:{running.get_exposed_port(port)}"
