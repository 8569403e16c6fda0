"""One OpenAPI document for the gateway, of those of the five services."""

import copy
import importlib
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from deploy.documents.words import DESCRIPTION, SERVICES_SAY
from shared.settings import Settings
from shared.web.document import operations

Doc = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("accounts", "jobs", "contracts", "escrow", "notify")


def version() -> str:
    """Return the version of the product."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def of_service(name: str) -> Doc:
    """Return the document that a service answers at its own /openapi.json; needs no server."""
    create_app = importlib.import_module(f"services.{name}.app").create_app
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Settings(
            mongo_url="mongodb://127.0.0.1:9/",
            mongo_db="none",
            jwt_public_keys=Path(folder),
            jwt_private_keys=Path(folder),
        )
        app = create_app(nowhere)
        found: Doc = app.test_client().get("/openapi.json").get_json()
        app.extensions["ukeoi_store"].db.client.close()
    return found


def merged() -> Doc:
    """Return the document of the whole surface, as the gateway shows it."""
    return merge({name: of_service(name) for name in SERVICES}, version())


def merge(documents: dict[str, Doc], version_: str) -> Doc:
    """Return one document of several; schemas that only share a name are told apart.

    :raises ValueError: two services have a path or an operationId in common
    """
    own = {name: _apart(name, doc, documents) for name, doc in documents.items()}
    whole: Doc = {
        "openapi": "3.1.0",
        "info": {"title": "Ukeoi", "version": version_, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [],
        "x-tagGroups": [],
        "paths": {},
        "components": {},
    }
    for name, doc in own.items():
        _add(whole, name, doc)
    for kind, there in whole["components"].items():
        whole["components"][kind] = {key: there[key] for key in sorted(there)}
    _refuse_double_ids(whole)
    return whole


def _add(whole: Doc, name: str, doc: Doc) -> None:
    if double := whole["paths"].keys() & doc["paths"].keys():
        raise ValueError(f"{name} answers at another service's paths: {sorted(double)}")
    whole["paths"] |= doc["paths"]
    whole["tags"] += doc["tags"]
    tags = [tag["name"] for tag in doc["tags"]]
    whole["x-tagGroups"].append({"name": f"{name}: {SERVICES_SAY[name]}", "tags": tags})
    for kind, there in doc["components"].items():
        whole["components"].setdefault(kind, {}).update(there)


def _refuse_double_ids(whole: Doc) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(whole)]
    if double := {id_ for id_ in ids if ids.count(id_) > 1}:
        raise ValueError(f"two operations are called {sorted(double)}")


def _apart(name: str, doc: Doc, documents: dict[str, Doc]) -> Doc:
    """Return a copy in which schemas that differ from another service's carry its name."""
    others = [other for key, other in documents.items() if key != name]
    mine = doc["components"]["schemas"]
    clashing = {
        schema
        for schema, said in mine.items()
        if any(other["components"]["schemas"].get(schema, said) != said for other in others)
    }
    renamed = {
        f"#/components/schemas/{schema}": f"#/components/schemas/{name.title()}{schema}"
        for schema in clashing
    }
    mine_apart: Doc = _refer(copy.deepcopy(doc), renamed)
    _tell_tags_apart(name, mine_apart, others)
    mine_apart["components"]["schemas"] = {
        f"{name.title()}{schema}" if schema in clashing else schema: said
        for schema, said in mine_apart["components"]["schemas"].items()
    }
    return mine_apart


def _tell_tags_apart(name: str, doc: Doc, others: list[Doc]) -> None:
    theirs = {tag["name"] for other in others for tag in other["tags"]}
    for tag in doc["tags"]:
        tag["name"] = f"{tag['name']} ({name})" if tag["name"] in theirs else tag["name"]
    for _, _, operation in operations(doc):
        operation["tags"] = [f"{t} ({name})" if t in theirs else t for t in operation["tags"]]


def _refer(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: renamed.get(inner, inner)
            if key == "$ref" and isinstance(inner, str)
            else _refer(inner, renamed)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_refer(inner, renamed) for inner in value]
    return value
