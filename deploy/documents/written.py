"""The documents as files, and whether they still are what the code says."""

import json
from pathlib import Path
from typing import Any

from deploy.documents import client, events, openapi

DOCS = openapi.ROOT / "docs"
RELEASED = DOCS / "released"
NAMES = ("openapi.json", "asyncapi.json")


def wanted() -> dict[Path, str]:
    """Return the text of every file, by its path."""
    spec = openapi.merged()
    said = {
        DOCS / "openapi.json": spec,
        DOCS / "asyncapi.json": events.asyncapi(openapi.version()),
    }
    said |= {DOCS / "events" / f"{type_}.json": body for type_, body in events.schemas().items()}
    return {path: _text(words) for path, words in said.items()} | client.modules(spec, openapi.ROOT)


def write() -> list[Path]:
    """Write every file anew and delete what is of no event any more; return what was changed."""
    files = wanted()
    changed = [path for path, text in files.items() if _now(path) != text]
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path])
    gone = [path for path in (DOCS / "events").glob("*.json") if path not in files]
    for path in gone:
        path.unlink()
    return changed + gone


def drift() -> list[str]:
    """Say which files are not what the code says."""
    files = wanted()
    there = {*(DOCS / "events").glob("*.json"), *(DOCS / name for name in NAMES)}
    wrong = [path for path in {*files, *there} if _now(path) != files.get(path)]
    return [
        f"{path.relative_to(openapi.ROOT)} is not what the code says: python -m deploy.documents"
        for path in sorted(wrong)
    ]


def _now(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _text(words: dict[str, Any]) -> str:
    return json.dumps(words, indent=1, ensure_ascii=False) + "\n"
