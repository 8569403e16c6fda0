"""An outside program: its client is made by a generator from /openapi.json, and it plays a hire.

On the same deployment ./dev demo tells its story; then nobody's secret stands in any log.
"""

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.dev import home, processes
from deploy.dev.home import Home
from tests import backends

ROOT = home.here().root
HERE = Path(__file__).with_name("generated")
NOT_COPIED = shutil.ignore_patterns(".dev", ".git", ".bench", ".*_cache", "__pycache__")
GENERATOR = "openapi-python-client==0.29.1"
UV = str(Path(sys.executable).with_name("uv"))

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A checkout of its own, brought up as people do."""
    copy = Home(tmp_path_factory.mktemp("generated") / "checkout")
    shutil.copytree(ROOT, copy.root, ignore=NOT_COPIED)
    copy.dev.mkdir()
    (copy.dev / "venv").symlink_to(ROOT / ".dev" / "venv")
    try:
        done(str(copy.root / "dev"), "up")
        yield copy
    finally:
        processes.end_marked(copy)


@pytest.fixture(scope="module")
def generator() -> Path:
    """The generator, in an environment of its own that later runs find again."""
    venv = ROOT / ".dev" / f"outside-{GENERATOR.rpartition('=')[2]}"
    if not (venv / "bin" / "openapi-python-client").exists():
        done(UV, "venv", "--clear", "--quiet", "--python", sys.executable, str(venv))
        asked = run(
            UV, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), GENERATOR
        )
        if asked.returncode:
            shutil.rmtree(venv)
            backends.give_up(f"{GENERATOR} cannot be installed: {asked.stderr[-300:]}")
    return venv / "bin"


def run(*words: str, **how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, capture_output=True, text=True, timeout=300, check=False, env=how or None
    )


def done(*words: str, **how: str) -> str:
    ended = run(*words, **how)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def url_of(deployment: Home) -> str:
    return deployment.url_file.read_text().strip()


def test_a_generated_client_plays_a_hire_and_no_secret_is_in_any_log(
    deployment: Home, generator: Path, tmp_path: Path
) -> None:
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx2.get(f"{url_of(deployment)}/openapi.json").content)
    said = done(
        *(str(generator / "openapi-python-client"), "generate", "--fail-on-warning"),
        *("--path", str(document), "--config", str(HERE / "config.yml"), "--meta", "none"),
        *("--output-path", str(tmp_path / "outside")),
    )
    assert "warning" not in said.lower(), said
    password = f"canary-{secrets.token_hex(12)}"
    python = str(generator / "python")
    story = (python, str(HERE / "story.py"), url_of(deployment), password)
    assert "paid out 71250" in done(*story, PYTHONPATH=str(tmp_path))
    told = done(str(deployment.root / "dev"), "demo")
    assert "the ledger sums to zero" in told
    canary = f"canary-{secrets.token_hex(12)}"
    assert strew(url_of(deployment), canary) > 100, "the document has many routes"

    found = leaks(deployment, secrets_of(deployment) | {password, canary, "@outside.example"})
    assert not found, "\n".join(found)


def strew(url: str, canary: str) -> int:
    """Send each documented request with a secret in its token, its key and each of its words.

    What a caller may put into the path or the query is in the gateway's log, as in every server's;
    only secrets have no place there (`token` in a path is one, and must not be).
    """
    document = httpx2.get(f"{url}/openapi.json").json()
    sent = 0
    with httpx2.Client(base_url=url, timeout=30) as client:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method not in ("get", "post", "put", "patch", "delete") or "stream" in path:
                    continue
                client.request(
                    method,
                    re.sub(r"\{(\w*token\w*)\}", canary, path).replace("{", "").replace("}", ""),
                    json=dict.fromkeys(words_of(operation, document), canary) or None,
                    headers={"Authorization": f"Bearer {canary}", "Idempotency-Key": canary},
                )
                sent += 1
    return sent


def words_of(operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return the names of the words that a request takes."""
    taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = taken.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(document["components"]["schemas"].get(name, {}).get("properties", {}))


def test_a_leak_would_be_found(deployment: Home) -> None:
    """The test of the test: what must not be in the logs is found there."""
    secret = min(secrets_of(deployment))
    log = deployment.logs / "made-up.log"
    log.write_text(f'{{"event": "x", "url": "{secret}"}}\n')
    try:
        assert leaks(deployment, secrets_of(deployment)) == ["a secret in made-up.log"]
        log.write_text("token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJtZW0ifQ.c2lnbmF0dXJl\n")
        assert leaks(deployment, set()) == ["a token in made-up.log"]
    finally:
        log.unlink()


TOKEN = re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")


def secrets_of(deployment: Home) -> set[str]:
    """Return every line of a file that only its owner may read: passwords, URLs, private keys."""
    owned = [p for p in deployment.keys.rglob("*") if p.is_file() and not p.stat().st_mode & 0o077]
    lines = {line.strip() for path in owned for line in path.read_text().splitlines()}
    found = {line for line in lines if len(line) >= 20 and "-----" not in line}
    assert len(found) > 10, "the deployment has passwords and keys"
    return found


def leaks(deployment: Home, words: set[str]) -> list[str]:
    """Say which logs hold a secret or a token."""
    logs = sorted(p for p in deployment.dev.rglob("*.log") if "venv" not in p.parts)
    assert len(logs) > 10, logs
    found = []
    for log in logs:
        text = log.read_text(errors="replace")
        found += [f"a secret in {log.name}" for word in words if word in text]
        found += [f"a token in {log.name}"] if TOKEN.search(text) else []
    return found
