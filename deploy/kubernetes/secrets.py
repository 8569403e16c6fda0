"""Prints the Secrets of a cluster, for `kubectl apply -f -`: with the folder as its word.

The folder holds every password and key, as `deploy.credentials` and `deploy.keys` make them; what
is there is kept, so that a second call changes nothing. Keep it where you keep secrets.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy import credentials, keys

NAMESPACE = "ukeoi"
MONGO = "mongo-0.mongo:27017,mongo-1.mongo:27017,mongo-2.mongo:27017"
RABBITMQ = "rabbitmq:5672"


def manifests(
    folder: Path, *, mongo: str = MONGO, rabbitmq: str = RABBITMQ
) -> list[dict[str, Any]]:
    """Return all of them: each service sees its own URLs alone, only accounts the private keys."""
    credentials.write(folder, mongo=mongo, rabbitmq=rabbitmq)
    keys.ensure(folder / "keys")
    keys.secret(folder / "broker" / "cookie")
    files = {
        **{name: _texts(folder / name) for name in (*credentials.SERVICES, credentials.OPS)},
        "mongo": _texts(folder / "mongo"),
        "rabbitmq": _texts(folder / "broker"),
        "private-keys": _texts(folder / "keys" / "private"),
    }
    made = [_manifest("Secret", name, {"stringData": texts}) for name, texts in files.items()]
    public = _texts(folder / "keys" / "public")
    return [*made, _manifest("ConfigMap", "public-keys", {"data": public})]


def _manifest(kind: str, name: str, words: dict[str, Any]) -> dict[str, Any]:
    about = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": kind, "metadata": about, **words}


def _texts(folder: Path) -> dict[str, str]:
    return dict(_each(folder))


def _each(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path.name, path.read_text()


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("folder", type=Path)
    words.add_argument("--mongo", default=MONGO, help="host:port[,host:port...]")
    words.add_argument("--rabbitmq", default=RABBITMQ, help="host:port")
    args = words.parse_args()
    items = manifests(args.folder, mongo=args.mongo, rabbitmq=args.rabbitmq)
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1))


if __name__ == "__main__":
    main()
