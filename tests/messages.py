"""Whether what services say of themselves fits what is published of it: docs/events/*.json."""

import json
from functools import cache
from typing import Any

import jsonschema_rs

from deploy.documents import written
from shared.store import Db


@cache
def _validator(type_: str) -> Any:
    path = written.DOCS / "events" / f"{type_}.json"
    if not path.exists():
        return None
    return jsonschema_rs.validator_for(json.loads(path.read_text()), validate_formats=True)


def wrong(db: Db) -> list[str]:
    """Return what is wrong with the facts that a service has published; none is no fact."""
    found = []
    for fact in db["facts"].find():
        name = f"{fact['type']} of {fact['subject']}"
        validator = _validator(fact["type"])
        if validator is None:
            found.append(f"{name}: nothing is published of it")
            continue
        found += [f"{name}: {error}" for error in validator.iter_errors(fact["data"])]
    return found


def said(db: Db) -> set[str]:
    """Return the types that a service has published."""
    return set(db["facts"].distinct("type"))
