"""The files for Kubernetes fit its schemas, each other and the other deployments."""

import copy
import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy import gateway
from deploy.dev import home
from deploy.kubernetes import secrets

ROOT = home.here().root
FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.34.0"
NOT_OF_KUBERNETES = ("keda.sh/", "kustomize.")

pytestmark = pytest.mark.pure


def _documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


@functools.cache
def _all() -> list[dict[str, Any]]:
    return [document for path in sorted(FOLDER.glob("*.yaml")) for document in _documents(path)]


def _of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in _all() if one["kind"] == kind}


def _pods() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet", "Job")
    found = (one for kind in kinds for one in _of_kind(kind).values())
    return {one["metadata"]["name"]: one["spec"]["template"] for one in found}


def test_every_file_fits_the_schemas_of_kubernetes() -> None:
    for document in _all():
        if not document["apiVersion"].startswith(NOT_OF_KUBERNETES):
            kubernetes_validate.validate(document, VERSION, strict=True)


def test_a_word_that_kubernetes_does_not_know_is_found() -> None:
    deployment = copy.deepcopy(_of_kind("Deployment")["gateway"])
    deployment["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSION, strict=True)


def test_every_file_is_listed() -> None:
    listed = yaml.safe_load((ROOT / "deploy" / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(f"kubernetes/{path.name}" for path in FOLDER.glob("*.yaml"))


def test_kustomize_builds_it() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl here: kustomize was not asked")
    done = subprocess.run(
        ["kubectl", "kustomize", str(ROOT / "deploy")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = {(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(done.stdout)}
    assert {(one["kind"], one["metadata"]["name"]) for one in _all()} <= made


@pytest.mark.parametrize("name", home.SERVICES)
def test_web_and_worker_have_probes_budgets_and_what_scales_them(name: str) -> None:
    budgets, scaled = _of_kind("PodDisruptionBudget"), _of_kind("ScaledObject")
    assert {f"{name}-web", f"{name}-worker"} <= budgets.keys()
    assert f"{name}-web" in _of_kind("HorizontalPodAutoscaler")
    assert scaled[f"{name}-worker"]["spec"]["triggers"][0]["metadata"]["queueName"] == (
        f"{name}.inbox"
    )
    for kind in ("web", "worker"):
        (container,) = _pods()[f"{name}-{kind}"]["spec"]["containers"]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


def test_no_container_may_more_than_it_has_to() -> None:
    for name, pod in _pods().items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            assert "requests" in container["resources"], name
            if name in ("mongo", "rabbitmq"):
                continue  # theirs are not our images
            assert spec["securityContext"]["runAsNonRoot"], name
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_every_pod_is_chosen_by_its_own_selectors() -> None:
    for kind in ("Deployment", "StatefulSet"):
        for name, one in _of_kind(kind).items():
            wanted = one["spec"]["selector"]["matchLabels"].items()
            assert wanted <= one["spec"]["template"]["metadata"]["labels"].items(), name
    labels = [pod["metadata"]["labels"].items() for pod in _pods().values()]
    for name, service in _of_kind("Service").items():
        assert any(service["spec"]["selector"].items() <= one for one in labels), name


def test_every_blank_of_the_gateway_is_filled_in() -> None:
    (container,) = _pods()["gateway"]["spec"]["containers"]
    assert gateway.blanks() <= {variable["name"] for variable in container["env"]}


def test_every_secret_that_is_mounted_is_made_and_no_other_service_sees_it(tmp_path: Path) -> None:
    made = secrets.manifests(tmp_path)
    for manifest in made:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    names = {(one["kind"], one["metadata"]["name"]) for one in made}
    for pod_name, pod in _pods().items():
        mounted = {
            volume["secret"]["secretName"]
            for volume in pod["spec"].get("volumes", ())
            if "secret" in volume
        }
        assert {("Secret", name) for name in mounted} <= names, pod_name
        service = pod["metadata"]["labels"].get("service", pod_name)
        own = {service} | ({"private-keys"} if service == "accounts" else set())
        assert mounted <= own | ({"mongo"} if service == "setup" else set()), pod_name
    assert secrets.manifests(tmp_path) == made


def test_the_secrets_lead_to_the_servers_of_the_cluster(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.kubernetes.secrets", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    secret = {one["metadata"]["name"]: one for one in json.loads(said.stdout)["items"]}["jobs"]
    where = re.fullmatch(r"mongodb://jobs:\w+@(\S+)/\?(\S+)", secret["stringData"]["mongo-url"])
    assert where is not None
    assert where[1].split(",") == [f"mongo-{n}.mongo:27017" for n in range(3)]
    assert where[2] == "replicaSet=rs0&authSource=ukeoi_jobs"
