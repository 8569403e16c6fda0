"""The whole stack in real containers, of images built here: it works, scales, heals and rolls.

Needs a Docker engine that answers, or root to start one of its own below .dev/.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pika
import pytest
from pymongo import MongoClient

from deploy.dev import containers, engine, home
from deploy.dev.containers import Stack
from tests import backends
from tests.deploy.load import Load

HOME = home.here()
KILLED = ("contracts-worker", "contracts-web", "escrow-worker", "rabbitmq", "mongo", "gateway")
NETWORK = "ukeoi-tests"
REPLACED = (*containers.WEBS, "contracts-worker", "escrow-worker")
UNLIMITED = {
    f"GATEWAY_{what}": "10000r/s" if what.endswith("RATE") else "10000"
    for what in ("RATE", "BURST", "MEMBER_RATE", "MEMBER_BURST", "COSTLY_RATE", "COSTLY_BURST")
}

# Minutes of stories beside restarting containers: more than a busy machine has.
UNDER_LOAD = pytest.mark.skipif(
    not os.environ.get("UKEOI_CONTAINERS_UNDER_LOAD"),
    reason="takes minutes on its own: set UKEOI_CONTAINERS_UNDER_LOAD",
)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The images, built, and an engine; nothing runs yet."""
    was_there = engine.is_running(HOME)
    try:
        env = engine.environment(HOME)
    except engine.NoEngine as problem:
        pytest.skip(f"no containers here: {problem}")
    (port,) = home.free_ports(1)
    stack = Stack(HOME, {**env, "GATEWAY_PORT": str(port), **UNLIMITED}, project="ukeoi-test")
    stack.build()
    try:
        yield stack
    finally:
        stack.compose("down", "-v", "--remove-orphans", "--timeout", "5")
        if not was_there:
            engine.stop(HOME)


def test_the_stack_plays_the_demo_and_scales(stack: Stack) -> None:
    stack.up()
    said = subprocess.run(
        [sys.executable, "-m", "deploy.demo", "--url", stack.url],
        cwd=HOME.root,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    _images_hold_nothing_of_this_machine(stack)

    stack.up("--scale", "contracts-worker=3")
    assert len(stack.containers("contracts-worker")) == 3


def test_prometheus_beside_it_finds_every_process_and_its_alerts(stack: Stack) -> None:
    stack.up()
    (port,) = home.free_ports(1)
    stack.env["PROMETHEUS_PORT"] = str(port)
    beside = ("--profile", "observability", "up", "-d", "--no-deps", "prometheus")
    assert stack.compose(*beside) == 0
    stack.wait()
    wanted = {(name, kind) for name in home.SERVICES for kind in ("web", "worker")} | {("", "")}
    deadline = time.monotonic() + 90
    while (found := _up(port)) != wanted:
        assert time.monotonic() < deadline, found ^ wanted
        time.sleep(1)
    groups = _asked(port, "rules")["groups"]
    alerts = {rule["name"] for group in groups for rule in group["rules"]}
    written = (HOME.root / "deploy/observability/alerts.yml").read_text()
    assert alerts == set(re.findall(r"- alert: (\w+)", written))


def _up(port: int) -> set[tuple[str, str]]:
    """Return service and kind of every process that answers Prometheus; the broker has neither."""
    targets = [t for t in _asked(port, "targets")["activeTargets"] if t["health"] == "up"]
    return {(t["labels"].get("service", ""), t["labels"].get("kind", "")) for t in targets}


def _asked(port: int, what: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{what}", timeout=5) as answer:
        return json.load(answer)["data"]


@UNDER_LOAD
def test_every_container_is_replaced_under_load_and_no_request_fails(stack: Stack) -> None:
    stack.up()
    load = Load(stack.url, tellers=2, patience_s=180)
    with load.flowing():
        before = {container["Id"] for container in stack.containers(*REPLACED)}
        stack.roll(*REPLACED)
        assert before.isdisjoint(container["Id"] for container in stack.containers(*REPLACED))
        load.wait_for_more(4)
    load.nothing_is_lost()
    assert load.failed_requests == []


@UNDER_LOAD
@pytest.mark.parametrize("service", KILLED)
def test_a_container_is_killed_under_load_and_nothing_is_lost(stack: Stack, service: str) -> None:
    stack.up()
    load = Load(stack.url, tellers=2, patience_s=180)
    with load.flowing():
        load.wait_for_more(1)
        os.kill(stack.containers(service)[0]["State"]["Pid"], signal.SIGKILL)
        stack.wait()
        load.wait_for_more(2)
    load.nothing_is_lost()


def _images_hold_nothing_of_this_machine(stack: Stack) -> None:
    """In every image that is finished: no handed-over configuration, no tool to build with."""
    look = "ls -d /host /usr/sbin/policy-rc.d; command -v pip gcc"
    for service in ("mongo", "rabbitmq", "gateway", "jobs-web"):
        (container, *_) = stack.containers(service)
        found = subprocess.run(
            ["docker", "exec", container["Id"], "sh", "-c", look],
            env=stack.env,
            capture_output=True,
            text=True,
        )
        assert found.stdout == "", service
    (web, *_) = stack.containers("jobs-web")
    assert web["Config"]["User"] == "10001:10001"
    assert web["HostConfig"]["ReadonlyRootfs"]
    assert web["HostConfig"]["CapDrop"] == ["ALL"]


def test_the_tests_can_take_their_servers_from_containers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "DOCKER_HOST" in stack.env:
        monkeypatch.setenv("DOCKER_HOST", stack.env["DOCKER_HOST"])
    monkeypatch.setenv("TEST_MONGO_IMAGE", "ukeoi-mongo:local")
    monkeypatch.setenv("TEST_RABBITMQ_IMAGE", "ukeoi-rabbitmq:local")
    monkeypatch.setenv("TEST_DOCKER_NETWORK", NETWORK)
    stack.docker("network", "create", NETWORK)
    try:
        with backends.mongo_container() as url, MongoClient(url, timeoutMS=5000) as client:
            with client.start_session() as session, session.start_transaction():
                client["x"]["y"].insert_one({"_id": 1}, session=session)
            assert client["x"]["y"].find_one() == {"_id": 1}
        with (
            backends.rabbitmq_container() as url,
            pika.BlockingConnection(pika.URLParameters(url)) as connection,
        ):
            assert connection.channel().queue_declare("q", durable=True).method.message_count == 0
    finally:
        stack.docker("network", "rm", NETWORK)
