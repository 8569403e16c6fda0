"""Installs what ./dev needs: Python packages into .dev/venv, Debian packages by apt-get.

Runs on bare Python, before anything is installed, so it imports nothing else.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".dev" / "venv"
LOCK = ROOT / "deploy" / "requirements-dev.txt"
STAMP = VENV / "ukeoi.lock"
CLIENTS = ("clients/python", "clients/testing")
POLICY = Path("/usr/sbin/policy-rc.d")


def python_packages() -> None:
    """Make the virtual environment hold what the lock file says, whole or not at all."""
    VENV.parent.mkdir(exist_ok=True)
    with (VENV.parent / "install.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        checksum = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        if STAMP.exists() and STAMP.read_text() == checksum:
            return  # another ./dev did it while this one waited
        say("installing the pinned Python packages into .dev/venv")
        if not (VENV / "bin" / "pip").exists():
            run(sys.executable, "-m", "venv", "--clear", str(VENV))
        if not (_install_uv() and _install_with_uv()):
            say("uv cannot be used here: going on with pip, which takes longer")
            run(*_pip(), "--requirement", str(LOCK))
        _let_import_clients()
        STAMP.write_text(checksum)


def _let_import_clients() -> None:
    """Make the checkout's own clients importable, from where they lie."""
    (site,) = (VENV / "lib").glob("python3*/site-packages")
    up = os.path.relpath(VENV.parents[1], site)
    lines = [f"{up}/{folder}/src\n" for folder in CLIENTS]
    (site / "ukeoi-clients.pth").write_text("".join(lines))


def missing_debian(*, tests: bool = False) -> list[str]:
    """Return the Debian packages that this machine lacks of those that ./dev up, or test, needs."""
    has = {
        "rabbitmq-server": Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists(),
        "nginx-light": bool(shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")),
        "libcurl4": _loads("libcurl.so.4"),
    }
    if tests:
        # promtool checks the alert rules; the operators' console is tried in a browser.
        has |= {
            "prometheus": bool(shutil.which("promtool")),
            "chromium": bool(shutil.which("chromium")),
            "chromium-driver": bool(shutil.which("chromedriver")),
        }
    return [name for name, found in has.items() if not found]


def debian_packages(names: list[str]) -> bool:
    """Install these by apt-get without starting their services; say whether it worked."""
    if not names:
        return True
    by_hand = f"apt-get install {' '.join(names)}"
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get") or (sudo and not shutil.which("sudo")):
        say(f"missing here: {' '.join(names)}. Install them by hand (on Debian: {by_hand})")
        return False
    say(f"installing with apt-get: {' '.join(names)}")
    with _no_service_starts(sudo):
        worked = _apt(sudo, "install", *names)
        if not worked:
            say("perhaps its package lists are old: apt-get update, and once more")
            worked = _apt(sudo, "update") and _apt(sudo, "install", *names)
    if not worked:
        say(f"apt-get failed (see above). Install them by hand: {by_hand}")
    return worked


def say(words: str) -> None:
    """One line for the person who waits."""
    print(f"./dev: {words}", file=sys.stderr, flush=True)


def run(*argv: str) -> None:
    """Run a program, its chatter on stderr; a failure ends ./dev."""
    if subprocess.run(argv, stdout=sys.stderr, check=False).returncode:
        raise SystemExit(f"./dev: this failed: {' '.join(argv)}")


def _pip() -> list[str]:
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    return [*pip, "install", "--require-hashes"]


def _install_uv() -> bool:
    """Install the locked uv by pip: it installs the rest ten times faster."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(_locked("uv"))
        only_uv.flush()
        argv = [*_pip(), "--no-deps", "--requirement", only_uv.name]
        return subprocess.run(argv, stdout=sys.stderr, check=False).returncode == 0


def _install_with_uv() -> bool:
    argv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--require-hashes"]
    argv += ["--compile-bytecode", "--python", str(VENV / "bin" / "python")]
    argv += ["--requirement", str(LOCK)]
    env = {**os.environ, **_index_of_pip()}
    return subprocess.run(argv, env=env, stdout=sys.stderr, check=False).returncode == 0


def _index_of_pip() -> dict[str, str]:
    """Let uv use the package index that this machine's pip is set to, if it is set to one."""
    argv = [str(VENV / "bin" / "python"), "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(argv, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    return {"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {}


def _locked(name: str) -> str:
    """Return the lock file's own lines about one package: its version and hashes."""
    lines = LOCK.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{name}=="))
    hashes = itertools.takewhile(lambda line: line.startswith("    --hash"), lines[first + 1 :])
    return "\n".join([lines[first], *hashes]) + "\n"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _apt(sudo: list[str], *words: str) -> bool:
    """Run apt-get, waiting for its lock; what it says is only worth reading when it fails."""
    argv = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "-qq"]
    argv += ["-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode == 0


@contextlib.contextmanager
def _no_service_starts(sudo: list[str]) -> Iterator[None]:
    """Tell Debian not to start what it installs, unless the machine has a policy of its own."""
    if POLICY.exists():
        yield
        return
    text = b"#!/bin/sh\nexit 101\n"
    subprocess.run([*sudo, "tee", str(POLICY)], input=text, stdout=subprocess.DEVNULL, check=True)
    subprocess.run([*sudo, "chmod", "755", str(POLICY)], check=True)
    try:
        yield
    finally:
        subprocess.run([*sudo, "rm", str(POLICY)], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "python":
        python_packages()
    elif not debian_packages(missing_debian(tests=sys.argv[2:] == ["tests"])):
        sys.exit(1)
