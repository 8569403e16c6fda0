"""The audit says what it knows, and never calls clean what it could not ask about."""

from pathlib import Path
from typing import Any

import pytest

from deploy.dev import audit
from deploy.dev.audit import CLEAN, NOT_ASKED, VULNERABLE, Audit

pytestmark = pytest.mark.pure

GOOD = {"name": "flask", "version": "3.1.3", "vulns": []}
SKIPPED = {"name": "pika", "skip_reason": "not found on PyPI"}
BAD = {
    "name": "jinja2",
    "version": "3.0",
    "vulns": [{"id": "PYSEC-2099-1", "fix_versions": ["3.1.6"]}],
}


def heard(*dependencies: dict[str, Any]) -> Audit:
    found = Audit()
    found.add({"dependencies": list(dependencies)})
    return found


def test_nothing_known_is_clean() -> None:
    assert heard(GOOD).verdict() == CLEAN


def test_a_known_vulnerability_is_named_with_its_cure() -> None:
    found = heard(GOOD, BAD, SKIPPED)
    assert found.verdict() == VULNERABLE
    assert "jinja2 3.0: PYSEC-2099-1 (fixed in 3.1.6)" in found.lines()


def test_what_could_not_be_asked_about_is_not_clean() -> None:
    found = heard(GOOD, SKIPPED)
    assert found.verdict() == NOT_ASKED
    assert any("1 packages could not be asked about" in line for line in found.lines())
    assert Audit().verdict() == NOT_ASKED


def test_without_its_tool_or_a_network_it_says_so(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    uv.chmod(0o755)
    found = audit.audit(uv, [tmp_path / "requirements.txt"])
    assert found.verdict() == NOT_ASKED
    assert "no route to host" in found.lines()[-1]
