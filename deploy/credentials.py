"""Each service's own users of RabbitMQ and MongoDB, and what little they may.

A service's broker user writes the events that it says, reads its own queue, and binds it to what it
hears. Its database user reads and writes its own database. Passwords are files, made at first use:

    FOLDER/rabbitmq/<user>     jobs contracts escrow notify accounts, and ops for operators
    FOLDER/mongo/<user>        the same, and root; FOLDER/mongo/keyfile is the replica set's own

`python -m deploy.credentials FOLDER --mongo HOST:PORT --rabbitmq HOST:PORT` writes all of it and,
for each service, `FOLDER/<service>/mongo-url` and `amqp-url`, to be named by `MONGO_URL_FILE` and
`AMQP_URL_FILE`; `--users` makes the replica set and the database users instead.
"""

import argparse
import base64
import hashlib
import importlib
import json
import re
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy import keys, replica_set
from shared import catalog
from shared.bus import topology

SERVICES = ("jobs", "contracts", "escrow", "notify", "accounts")
OPS = "ops"
ROOT = "root"
DEFAULT_EXCHANGE = "amq.default"
USER_EXISTS = 51003
TRY_EVERY_S = 0.1


def broker_password(folder: Path, user: str) -> str:
    """Return the password of a broker's user."""
    return keys.secret(folder / "rabbitmq" / user)


def database_password(folder: Path, user: str) -> str:
    """Return the password of a database's user."""
    return keys.secret(folder / "mongo" / user)


def keyfile(folder: Path) -> Path:
    """Return the file by which the members of the replica set know each other."""
    path = folder / "mongo" / "keyfile"
    keys.secret(path)
    path.chmod(0o400)
    return path


def amqp_url(folder: Path, user: str, address: str) -> str:
    """Return the URL by which a user reaches the broker."""
    return f"amqp://{user}:{broker_password(folder, user)}@{address}/%2F"


def mongo_url(folder: Path, service: str, address: str) -> str:
    """Return the URL by which a service reaches its database."""
    password = database_password(folder, service)
    where = f"replicaSet=rs0&authSource={database(service)}"
    return f"mongodb://{service}:{password}@{address}/?{where}"


def database(service: str) -> str:
    """Return the name of a service's database; its user is known there alone."""
    return f"ukeoi_{service}"


# the broker


def definitions(folder: Path) -> dict[str, Any]:
    """Return RabbitMQ's definitions: users, what they may, and the exchange all speak through.

    With such a file the broker makes no user `guest`.
    """
    return {
        "users": [_broker_user(folder, name) for name in (*SERVICES, OPS)],
        "vhosts": [{"name": "/"}],
        "permissions": [*(_permission(name) for name in SERVICES), _everything(OPS)],
        "topic_permissions": [_topics(name) for name in SERVICES],
        "exchanges": [
            {
                "name": topology.EXCHANGE,
                "vhost": "/",
                "type": "topic",
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
        ],
    }


def _broker_user(folder: Path, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": _password_hash(broker_password(folder, name)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "administrator" if name == OPS else "",
    }


def _password_hash(password: str) -> str:
    """Return RabbitMQ's hash: 4 bytes of salt, then SHA-256 of salt and password, in base64.

    The salt comes from the (random) password: the same definitions for as long as it is kept.
    """
    salt = hashlib.sha256(b"salt" + password.encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _permission(service: str) -> dict[str, str]:
    """Binding a queue takes writing to it and reading from the exchange; publishing, writing."""
    own = re.escape(topology.inbox(service))
    both = f"^({own}|{re.escape(topology.EXCHANGE)})$"
    return {"user": service, "vhost": "/", "configure": f"^{own}$", "write": both, "read": both}


def _everything(user: str) -> dict[str, str]:
    return {"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}


def _topics(service: str) -> dict[str, str]:
    return {
        "user": service,
        "vhost": "/",
        "exchange": topology.EXCHANGE,
        "write": _one_of(catalog.PUBLISHERS[service]),
        "read": _one_of(importlib.import_module(f"services.{service}.reactions").REACTIONS),
    }


def _one_of(types: Any) -> str:
    return f"^({'|'.join(re.escape(type_) for type_ in sorted(types))})$"


# the database


def make_database_users(
    folder: Path, address: str, *, patience_s: float = 60, first: bool = True
) -> None:
    """Wait for the primary, then make each user or give it its password; harmless at every start.

    `first`: an unguarded root may be made, which MongoDB allows once, from its own machine.

    :raises TimeoutError: no primary that lets us
    """
    deadline = time.monotonic() + patience_s
    while problem := _users_problem(folder, address, first=first):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no users at {address} within {patience_s:.0f} s: {problem}")
        time.sleep(TRY_EVERY_S)


def _users_problem(folder: Path, address: str, *, first: bool) -> str:
    try:
        if first:
            _make_root(folder, address)
        with MongoClient[dict[str, Any]](_root_url(folder, address), timeoutMS=5000) as client:
            for service in SERVICES:
                _make_user(client, folder, service)
    except PyMongoError as wrong:
        return str(wrong)
    return ""


def _root_url(folder: Path, address: str) -> str:
    password = database_password(folder, ROOT)
    how = "replicaSet=rs0" if "," in address else "directConnection=true"
    return f"mongodb://{ROOT}:{password}@{address}/?{how}&authSource=admin"


def _make_root(folder: Path, address: str) -> None:
    with MongoClient[dict[str, Any]](address, directConnection=True, timeoutMS=5000) as client:
        try:
            client.admin.command(
                "createUser", ROOT, pwd=database_password(folder, ROOT), roles=["root"]
            )
        except OperationFailure as wrong:
            if wrong.details is None or wrong.code not in (13, USER_EXISTS):
                raise  # 13: it is there, and from now on nobody makes users without it


def _make_user(client: MongoClient[dict[str, Any]], folder: Path, service: str) -> None:
    own, password = client[database(service)], database_password(folder, service)
    # dbAdmin: escrow changes the guard of a collection that exists.
    roles = [{"role": role, "db": own.name} for role in ("readWrite", "dbAdmin")]
    try:
        own.command("createUser", service, pwd=password, roles=roles)
    except OperationFailure as wrong:
        if wrong.code != USER_EXISTS:
            raise
        own.command("updateUser", service, pwd=password, roles=roles)


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("folder", type=Path)
    words.add_argument("--mongo", required=True, help="host:port[,host:port...]")
    words.add_argument("--rabbitmq", default="", help="host:port")
    words.add_argument("--users", action="store_true", help="make the database users, as root")
    args = words.parse_args()
    if args.users:
        first, *_ = args.mongo.split(",")
        replica_set.initiate(_root_url(args.folder, first), member=args.mongo)
        make_database_users(args.folder, args.mongo, first=False)
        print("the replica set and its users are there")
        return
    write(args.folder, mongo=args.mongo, rabbitmq=args.rabbitmq)


def write(folder: Path, *, mongo: str, rabbitmq: str) -> None:
    """Write every file that the servers and the services of a deployment read."""
    keyfile(folder)
    database_password(folder, ROOT)
    # The broker reads it as a user of its own; of the passwords it has only hashes.
    _keep(folder / "broker" / "definitions.json", json.dumps(definitions(folder), indent=1), 0o644)
    for service in SERVICES:
        _keep(folder / service / "mongo-url", mongo_url(folder, service, mongo), 0o600)
    for user in (*SERVICES, OPS):
        _keep(folder / user / "amqp-url", amqp_url(folder, user, rabbitmq), 0o600)


def _keep(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(mode=0o755 if mode & 0o004 else 0o700, parents=True, exist_ok=True)
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)


if __name__ == "__main__":
    main()
