"""A Docker engine to build and run with: the one that answers here, else a private one below .dev/.

The private one is for machines where none is set up: as root, from Debian's packages, it is started
by hand, keeps everything in .dev/docker, and is stopped again.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from deploy.dev import install
from deploy.dev.home import SOCKET_PATH_MAX, Home

PACKAGES = {
    "docker.io": "dockerd",
    "docker-compose": "docker-compose",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
}
START_TIMEOUT_S = 60
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class NoEngine(Exception):
    """No engine answers, and none can be started; the message says why."""


def environment(home: Home) -> dict[str, str]:
    """Return what docker and Compose are to be told, with an engine that answers.

    :raises NoEngine: there is none, and none can be started
    """
    env = {**os.environ, "PATH": PATH}
    private = {**env, **_where(home)}
    if is_running(home):
        return private
    if _answers(env):
        return env
    _start(home, private)
    return private


def is_running(home: Home) -> bool:
    """Say whether the private engine of this checkout runs."""
    return _socket(home).exists() and _answers({**os.environ, **_where(home)})


def stop(home: Home) -> bool:
    """Stop the private engine; say whether there was one."""
    try:
        pid = int(_pid_file(home).read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return False
    deadline = time.monotonic() + START_TIMEOUT_S
    while Path("/proc", str(pid)).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return True


def log(home: Home) -> Path:
    """Return where the private engine says what it does."""
    return _folder(home) / "log"


def _start(home: Home, env: dict[str, str]) -> None:
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine answers here, and only root may start one")
    missing = [name for name, tool in PACKAGES.items() if not shutil.which(tool, path=PATH)]
    if missing and not (shutil.which("apt-get") and install.debian_packages(missing)):
        raise NoEngine(f"no Docker engine here, and not to be had: {' '.join(missing)}")
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    _pid_file(home).unlink(missing_ok=True)
    # No default bridge: several engines on one machine would share it. Compose makes its own.
    argv = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "run")]
    argv += ["--host", env["DOCKER_HOST"], "--pidfile", str(_pid_file(home)), "--bridge", "none"]
    with log(home).open("ab") as out:  # setsid --fork: it is no child of ours, and outlives us
        subprocess.run(
            ("setsid", "--fork", *argv),
            env=env,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            check=True,
        )
    deadline, began = time.monotonic() + START_TIMEOUT_S, False
    while not _answers(env):
        began = began or _pid_file(home).exists()
        if (began and not _pid_file(home).exists()) or time.monotonic() > deadline:
            stop(home)
            tail = "\n".join(log(home).read_text(errors="replace").splitlines()[-5:])
            raise NoEngine(f"dockerd does not start here:\n{tail}")
        time.sleep(0.2)


def _answers(env: dict[str, str]) -> bool:
    if not shutil.which("docker", path=PATH):
        return False
    argv = ("docker", "version", "--format", "{{.Server.Version}}")
    try:
        done = subprocess.run(argv, env=env, capture_output=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _folder(home: Home) -> Path:
    return home.dev / "docker"


def _where(home: Home) -> dict[str, str]:
    return {"DOCKER_HOST": f"unix://{_socket(home)}"}


def _socket(home: Home) -> Path:
    here = _folder(home) / "docker.sock"
    if len(str(here)) <= SOCKET_PATH_MAX:
        return here
    return Path("/run") / f"ukeoi-docker-{home.tag}.sock"


def _pid_file(home: Home) -> Path:
    return _folder(home) / "pid"
