"""RabbitMQ is set as the deployment's files and docs/scaling.md say, and three nodes keep to it."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
import yaml

from deploy.dev import home, servers
from deploy.dev.servers import LocalServer
from shared.bus import topology
from tests import backends

FILES = ("rabbitmq.conf", "kubernetes/cluster.conf")
CTL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
ROOT = home.here().root
MEMBERS = """{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"notify.inbox">>)),
length(maps:get(nodes, amqqueue:get_type_state(Q)))."""
STOPPED_S = 60


@pytest.fixture
def nodes() -> Iterator[tuple[list[LocalServer], str]]:
    """Three nodes; the queue of a service declared through one of them."""
    with backends.cluster_of_three() as (nodes, url):
        how = topology.parameters(url, "test")
        with pika.BlockingConnection(how) as connection:
            topology.declare(connection.channel(), "notify", ["job.opened"], "3.10.8")
        yield nodes, url


def _asked(node: LocalServer, expression: str) -> str:
    """Ask a node's Erlang machine."""
    env = {**os.environ, **node.command.env}
    command = [CTL, "-q", "-n", env["RABBITMQ_NODENAME"], "eval", expression]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _set(node: LocalServer, name: str) -> str:
    return _asked(node, f"{{ok, It}} = application:get_env(rabbit, {name}), It.")


def test_three_nodes_are_set_as_the_files_say_and_every_queue_has_a_member_on_each(
    nodes: tuple[list[LocalServer], str],
) -> None:
    said = servers.broker_settings(FILES[0]) | servers.broker_settings(FILES[1])
    for node in nodes[0]:
        assert _set(node, "cluster_partition_handling") == said["cluster_partition_handling"]
        assert _set(node, "queue_leader_locator") == f'<<"{said["queue_leader_locator"]}">>'
        assert _set(node, "consumer_timeout") == said["consumer_timeout"]
        assert _asked(node, MEMBERS) == "3"


def test_a_node_that_has_lost_the_majority_serves_nobody(
    nodes: tuple[list[LocalServer], str],
) -> None:
    last, *others = nodes[0]
    port = int(last.command.env["RABBITMQ_NODE_PORT"])
    assert servers.answers_amqp(port)
    for node in others:
        node.kill()
    until = time.monotonic() + STOPPED_S
    while servers.answers_amqp(port) and time.monotonic() < until:
        time.sleep(0.5)
    assert not servers.answers_amqp(port)


@pytest.mark.pure
def test_the_page_names_every_setting_with_its_value() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text()
    rows = dict(re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \|", page, re.MULTILINE))
    said = servers.broker_settings(FILES[0]) | servers.broker_settings(FILES[1])
    own = ("load_definitions", "cluster_formation.classic_config.")
    assert rows == {name: value for name, value in said.items() if not name.startswith(own)}


@pytest.mark.pure
def test_what_a_node_may_take_fits_its_pod() -> None:
    files = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "rabbitmq.yaml").read_text())
    (nodes,) = (one for one in files if one["kind"] == "StatefulSet")
    (container,) = nodes["spec"]["template"]["spec"]["containers"]
    (disk,) = (one["spec"]["resources"] for one in nodes["spec"]["volumeClaimTemplates"])
    cluster, common = servers.broker_settings(FILES[1]), servers.broker_settings(FILES[0])
    memory = _mb(container["resources"]["limits"]["memory"])
    assert 0.4 * memory <= _mb(cluster["vm_memory_high_watermark.absolute"]) <= 0.7 * memory
    assert _mb(common["disk_free_limit.absolute"]) <= 0.1 * _mb(disk["requests"]["storage"])
    listed = [name for name in cluster if name.startswith("cluster_formation.classic_config.")]
    target = cluster["quorum_queue.continuous_membership_reconciliation.target_group_size"]
    assert len(listed) == nodes["spec"]["replicas"] == int(target)


def _mb(said: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(\w+)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"MB": 1, "GB": 1000, "Gi": 1073.7}[unit]


@pytest.mark.pure
def test_every_deployment_reads_the_files() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    assert "./deploy/rabbitmq.conf:/etc/rabbitmq/conf.d/" in compose
    kustomized = yaml.safe_load((ROOT / "deploy" / "kustomization.yaml").read_text())
    made = {one["name"]: one.get("files") for one in kustomized["configMapGenerator"]}
    assert made["rabbitmq"] == list(FILES)
    mounted = (ROOT / "deploy" / "kubernetes" / "rabbitmq.yaml").read_text()
    assert all(f"subPath: {Path(file).name}" in mounted for file in FILES)
