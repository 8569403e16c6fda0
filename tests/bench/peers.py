"""The peers: what is installed for each, into an environment of its own below `.bench/`.

The versions are pinned in `requirements/<peer>.txt` and `requirements/medici-package*.json`; the
product and its development environment never see them.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.bench.rig import PROGRAMS, ROOT, NotHere

REQUIREMENTS = Path(__file__).parent / "requirements"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a peer is installed."""

    folder: Path

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.folder / "bin"

    def python(self, *words: str) -> tuple[str, ...]:
        """Return how to run one of `programs/` with its Python."""
        return (str(self.bin / "python"), str(PROGRAMS / words[0]), *words[1:])


@cache
def installed(name: str) -> Home:
    """Return the home of a Python peer; its first use installs it.

    :raises NotHere: the packages cannot be had
    """
    wanted = REQUIREMENTS / f"{name}.txt"
    home = Home(ROOT / ".bench" / name)
    if not _is_current(home.folder, wanted):
        shutil.rmtree(home.folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(home.folder))
        pip = [str(home.bin / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        _run(*pip, "--disable-pip-version-check", "--requirement", str(wanted))
        _stamp(home.folder, wanted)
    return home


@cache
def installed_medici() -> Path:
    """Return the folder in which node finds medici.

    :raises NotHere: there is no node or npm, or the packages cannot be had
    """
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise NotHere(f"no {program}: install the Debian packages nodejs and npm")
    wanted = REQUIREMENTS / "medici-package-lock.json"
    folder = ROOT / ".bench" / "medici"
    if not _is_current(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        lock = json.loads(wanted.read_text())
        (folder / "package-lock.json").write_text(wanted.read_text())
        needs = {"private": True, "dependencies": lock["packages"][""]["dependencies"]}
        (folder / "package.json").write_text(json.dumps(needs))
        _run("npm", "ci", "--no-audit", "--no-fund", "--prefix", str(folder))
        _stamp(folder, wanted)
    return folder


def _is_current(folder: Path, wanted: Path) -> bool:
    stamp = folder / "ukeoi.lock"
    return stamp.exists() and stamp.read_text() == _sum(wanted)


def _stamp(folder: Path, wanted: Path) -> None:
    (folder / "ukeoi.lock").write_text(_sum(wanted))


def _sum(wanted: Path) -> str:
    return hashlib.sha256(wanted.read_bytes()).hexdigest()


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHere(f"{' '.join(argv[:4])} failed: {done.stderr.strip()[-500:]}")
