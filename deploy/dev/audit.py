"""Asks whether any pinned package has a known vulnerability; that needs the internet."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOL = "pip-audit==2.10.1"  # fetched when it is asked for: it can do nothing without a network
TIMEOUT_S = 600
CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 2


@dataclass
class Audit:
    """What came of asking: packages by name and version."""

    asked: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    vulnerable: dict[str, list[str]] = field(default_factory=dict)
    trouble: str = ""

    def add(self, said: dict[str, Any]) -> None:
        """Take in pip-audit's answer about one lock file."""
        for one in said["dependencies"]:
            name = f"{one['name']} {one.get('version', '')}".strip()
            if "skip_reason" in one:
                self.unanswered.add(name)
                continue
            self.asked.add(name)
            if one["vulns"]:
                self.vulnerable[name] = sorted(
                    f"{v['id']} (fixed in {', '.join(v['fix_versions']) or 'no version yet'})"
                    for v in one["vulns"]
                )

    def verdict(self) -> int:
        """Return the exit code: nothing that was not asked about counts as clean."""
        if self.vulnerable:
            return VULNERABLE
        return NOT_ASKED if self.trouble or self.unanswered or not self.asked else CLEAN

    def lines(self) -> list[str]:
        """Say it in words."""
        said = [f"{name}: {', '.join(ids)}" for name, ids in sorted(self.vulnerable.items())]
        said.append(f"{len(self.asked)} packages asked about, {len(self.vulnerable)} vulnerable")
        if self.unanswered:
            said.append(
                f"{len(self.unanswered)} packages could not be asked about: the index that is "
                "used here does not tell. Ask again where PyPI itself can be reached."
            )
        if self.trouble:
            said.append(f"not all could be asked, perhaps for want of a network: {self.trouble}")
        return said


def audit(uv: Path, locks: list[Path]) -> Audit:
    """Ask about everything in these lock files."""
    found = Audit()
    for lock in locks:
        try:
            found.add(_ask(uv, lock))
        except (OSError, ValueError, subprocess.TimeoutExpired) as wrong:
            found.trouble = str(wrong)[-300:]
    return found


def _ask(uv: Path, lock: Path) -> dict[str, Any]:
    words = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    argv = [str(uv), "tool", "run", "--from", TOOL, "pip-audit", *words, "--requirement", str(lock)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError as wrong:
        raise ValueError(done.stderr.strip() or f"exit code {done.returncode}") from wrong
    return said
