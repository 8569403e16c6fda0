"""The tree of categories: fields and their parts, in Japanese and English. A job is in a part."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

SOURCE = "categories.toml"


def _read() -> list[dict[str, Any]]:
    text = resources.files("services.jobs").joinpath(SOURCE).read_text(encoding="utf-8")
    fields: list[dict[str, Any]] = tomllib.loads(text)["field"]
    return fields


def _node(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": said["id"],
        "name": {"ja": said["ja"], "en": said["en"]},
        "children": [_node(part) for part in said.get("parts", ())],
    }


TREE: tuple[dict[str, Any], ...] = tuple(_node(field) for field in _read())
"""Nodes `{id, name: {ja, en}, children}`, as they are answered."""

PARTS: Mapping[str, str] = {part["id"]: field["id"] for field in TREE for part in field["children"]}
"""The id of each part -> the id of its field."""

IDS = frozenset(PARTS) | frozenset(PARTS.values())


def path(part: str) -> tuple[str, ...]:
    """Return the ids under which a job of this part is found: the part, its field."""
    return (part, PARTS[part]) if part in PARTS else (part,)
