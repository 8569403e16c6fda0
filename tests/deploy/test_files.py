"""The files of the deployment agree with each other, and their own tools accept them."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import gateway
from deploy.dev import checks, home, servers
from tests import backends

ROOT = home.here().root


def test_nginx_accepts_the_gateway_configuration() -> None:
    try:
        assert checks.gateway_problem() == ""
    except servers.Missing as missing:
        backends.give_up(str(missing))


def test_compose_accepts_its_file() -> None:
    assert checks.compose_problem() == ""


@pytest.mark.pure
def test_compose_fills_in_every_blank_of_the_gateway() -> None:
    assert gateway.blanks() <= _compose()["services"]["gateway"]["environment"].keys()


@pytest.mark.pure
def test_compose_runs_a_web_process_and_a_worker_of_each_service() -> None:
    running = _compose()["services"].keys()
    assert {f"{name}-{kind}" for name in home.SERVICES for kind in ("web", "worker")} <= running


@pytest.mark.pure
def test_compose_starts_what_watches_and_catches_mail_only_when_it_is_asked_to() -> None:
    services = _compose()["services"]
    profiles = {
        name: tuple(said["profiles"]) for name, said in services.items() if "profiles" in said
    }
    assert profiles == {
        "prometheus": ("observability",),
        "grafana": ("grafana",),
        "mail": ("mail",),
    }
    assert {name for of in profiles.values() for name in of} == set(checks.COMPOSE_PROFILES)
    for name in profiles:
        for volume in services[name].get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists(), volume


@pytest.mark.pure
def test_prometheus_finds_every_web_process_and_worker_of_compose() -> None:
    watch = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text())
    [ours] = [job for job in watch["scrape_configs"] if job["job_name"] == "ukeoi"]
    found = {name: place["port"] for place in ours["dns_sd_configs"] for name in place["names"]}
    ports = {"web": 8000, "worker": 9000}
    assert found == {
        f"{name}-{kind}": port for name in home.SERVICES for kind, port in ports.items()
    }


@pytest.mark.pure
def test_in_compose_only_accounts_sees_the_private_keys() -> None:
    services = _compose()["services"].items()
    holders = {name for name, said in services if "private-keys" in str(said.get("volumes"))}
    assert holders == {"keys", "accounts-web", "accounts-worker"}


@pytest.mark.pure
@pytest.mark.parametrize("extra", [(), ("dev",)])
def test_the_lock_pins_what_the_project_asks_for(extra: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [
        *project["dependencies"],
        *(p for e in extra for p in project["optional-dependencies"][e]),
    ]
    lock = (ROOT / "deploy" / f"requirements{''.join(f'-{e}' for e in extra)}.txt").read_text()
    pinned = {line.split(" ")[0] for line in lock.splitlines() if "==" in line}
    for requirement in asked:
        name, version = requirement.split(";")[0].strip().split("==")
        assert f"{name.partition('[')[0]}=={version}" in pinned, "run ./dev lock"


@pytest.mark.pure
@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_names_no_package_index(lock: str) -> None:
    assert "://" not in (ROOT / "deploy" / lock).read_text()


@pytest.mark.pure
def test_help_needs_nothing_installed(tmp_path: Path) -> None:
    script = tmp_path / "dev"
    script.write_bytes((ROOT / "dev").read_bytes())
    script.chmod(0o755)
    for words in (["help"], ["--help"], []):
        done = subprocess.run([str(script), *words], capture_output=True, text=True, check=True)
        assert "./dev up" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found
