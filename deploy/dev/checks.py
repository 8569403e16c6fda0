"""What must hold of the code before its tests are worth running."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.dev import home, install, programs

ROOT = home.here().root
BIN = Path(sys.executable).parent
LOCKS = {"deploy/requirements.txt": [], "deploy/requirements-dev.txt": ["--extra", "dev"]}

COMPOSE_PROFILES = ("observability", "grafana", "mail")
PYTEST_FAILED = 1


def check() -> int:
    """Run every check, also after one has failed; return 0 or 1."""
    failed = [
        *_tool("format", "ruff", "format", "--check", "."),
        *_tool("lint", "ruff", "check", "--output-format", "concise", "."),
        *_tool("types", "mypy"),
        *_tool("imports", "lint-imports"),
        *_said("compose", compose_problem()),
        *_said("gateway", gateway_problem()),
        *_tool("documents", "python", "-m", "deploy.documents", "check"),
    ]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def pytest(*words: str) -> int:
    """Run the tests; what failed runs once more, alone.

    Races against real servers depend on how busy the machine is. A test that passes the second
    time is named in the first run's summary, for someone to look at; one that fails again fails.
    """
    argv = [str(BIN / "python"), "-m", "pytest"]
    if os.environ.get("CI"):
        argv += ["-p", "no:randomly"]  # the same order on every machine
    first = subprocess.run([*argv, *words], cwd=ROOT).returncode
    if first != PYTEST_FAILED:
        return first
    print("\nThese tests failed; they run once more, alone.\n", flush=True)
    again = [*argv, "--last-failed", "--last-failed-no-failures=none", *words]
    return subprocess.run(again, cwd=ROOT).returncode


def lock() -> None:
    """Pin every dependency with its hashes, for any platform."""
    for path, words in LOCKS.items():
        argv = [str(BIN / "uv"), "pip", "compile", "--universal", "--generate-hashes", "--quiet"]
        argv += ["--no-emit-index-url", "--no-header", "--upgrade", *words]
        argv += ["--output-file", path, "pyproject.toml"]
        subprocess.run(argv, cwd=ROOT, check=True)


def compose_problem() -> str:
    """Let Compose read docker-compose.yml; say what it does not like."""
    tool = _compose_tool()
    if not tool:
        missing = "no docker compose here: the file was not checked"
        if os.environ.get("CI"):
            return missing
        print(missing, file=sys.stderr)
        return ""
    profiles = [f"--profile={name}" for name in COMPOSE_PROFILES]
    return _complaint(*tool, *profiles, "-f", "docker-compose.yml", "config", "--quiet")


def gateway_problem() -> str:
    """Let nginx read its configuration, as rendered for a checkout that is not up."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = home.Home(Path(folder))
        conf = programs.write_gateway_conf(scratch, scratch.ports())
        return _complaint(programs.nginx(), "-t", "-q", "-p", str(scratch.gateway), "-c", str(conf))


def _compose_tool() -> list[str]:
    if shutil.which("docker") and not _complaint("docker", "compose", "version"):
        return ["docker", "compose"]
    if not shutil.which("docker-compose") and os.geteuid() == 0 and shutil.which("apt-get"):
        install.debian_packages(["docker-compose"])
    return ["docker-compose"] if shutil.which("docker-compose") else []


def _tool(title: str, name: str, *words: str) -> list[str]:
    return _said(title, _complaint(str(BIN / name), *words))


def _said(title: str, problem: str) -> list[str]:
    print(f"{title}: {problem or 'ok'}", flush=True)
    return [title] if problem else []


def _complaint(*argv: str) -> str:
    """Run a checker; return what it says when it is not content."""
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
