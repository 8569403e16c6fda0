"""`./dev ops shard`: spread the large collections over the shards of a MongoDB cluster.

What is sharded, and by which field's hash, each kind and shelf says itself (`sharded_by`). What is
not named stays whole, on its database's first shard: a unique index cannot be kept across shards.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import click
from pymongo.errors import OperationFailure

from deploy import backup
from shared.documents import Doc
from shared.ops import SERVICES, environment, service_option
from shared.store import FACTS_SHARDED_BY, Db

ROUTER = "isdbgrid"
"""What a mongos calls itself in its answer to `hello`."""
UNAUTHORIZED = 13
MAY_NOT = "this user may not: give --url of one with clusterAdmin and dbAdminAnyDatabase. "


class Refused(Exception):
    """Why a database cannot be sharded as it is; nothing has been changed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a server says of one database: keys and indexes by collection."""

    is_router: bool
    shards: int
    is_enabled: bool
    keys: Mapping[str, Doc]
    indexes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One command of an administrator, or none where it was so already."""

    words: str
    command: Doc | None = None
    on_admin: bool = True


def wanted(service: str) -> dict[str, str]:
    """Return the collections of a service that are sharded, and by which field's hash."""
    records = importlib.import_module(f"services.{service}.records")
    every = (*records.KINDS, *getattr(records, "SHELVES", ()))
    found = {one.collection: one.sharded_by for one in every if one.sharded_by}
    return {"facts": FACTS_SHARDED_BY, **found}


def look(db: Db, collections: Iterable[str]) -> Found:
    """Ask the server what `plan` has to know."""
    if db.client.admin.command("hello").get("msg") != ROUTER:
        return Found(False, 0, False, {}, {})
    return read(db.client["config"], db, collections)


def read(config: Db, db: Db, collections: Iterable[str]) -> Found:
    """Read it: keys from the cluster's own database, indexes from the service's."""
    there = set(db.list_collection_names())
    keys = {}
    for name in collections:
        said = config["collections"].find_one({"_id": f"{db.name}.{name}"})
        if said and not said.get("unsplittable"):  # so 8.0 calls one that is whole
            keys[name] = said["key"]
    return Found(
        is_router=True,
        shards=config["shards"].count_documents({}),
        is_enabled=config["databases"].find_one({"_id": db.name}) is not None,
        keys=keys,
        indexes={name: db[name].index_information() for name in collections if name in there},
    )


def plan(database: str, collections: Mapping[str, str], found: Found) -> list[Step]:
    """Return what is to be done, in order; what is so already has no command.

    :raises Refused: no mongos, no shard, another key, or a unique index across shards
    """
    if not found.is_router:
        raise Refused("this is no sharded cluster: MONGO_URL has to lead to a mongos")
    if not found.shards:
        raise Refused("the cluster has no shard yet: sh.addShard(...) first")
    steps = [Step("is enabled")]
    if not found.is_enabled:
        steps = [Step("enabled", {"enableSharding": database})]
    for name, field in collections.items():
        steps += _of_collection(
            f"{database}.{name}", field, found.keys.get(name), found.indexes.get(name, {})
        )
    return steps


def _of_collection(
    namespace: str, field: str, key: Doc | None, indexes: Mapping[str, Any]
) -> list[Step]:
    wish = {field: "hashed"}
    _, _, name = namespace.partition(".")
    if key is not None:
        if dict(key) != wish:
            raise Refused(
                f"{name} is sharded by {dict(key)}, not by {wish}: reshardCollection is yours"
            )
        return [Step(f"{name} is sharded by {wish}")]
    if across := [index for index, said in indexes.items() if said.get("unique")]:
        raise Refused(
            f"{name}: a unique index cannot be kept across shards: {', '.join(sorted(across))}."
            " One that an older version left goes by ./dev ops migrate --drop-unused"
        )
    index = {"key": wish, "name": f"{field}_hashed"}
    return [
        Step(
            f"{name} indexed by {wish}", {"createIndexes": name, "indexes": [index]}, on_admin=False
        ),
        Step(f"{name} sharded by {wish}", {"shardCollection": namespace, "key": wish}),
    ]


def run(db: Db, steps: Iterable[Step]) -> Iterator[str]:
    """Do them in order; yield what was done, or was so already."""
    for step in steps:
        if step.command is not None:
            (db.client.admin if step.on_admin else db).command(step.command)
        yield step.words if step.command is not None else f"{step.words} already"


@click.command()
@service_option
@click.option(
    "--url",
    envvar="MONGO_ADMIN_URL",
    default="",
    help="Of a mongos, as a user with clusterAdmin and dbAdminAnyDatabase; else each service's.",
)
def shard(service: str | None, url: str) -> None:
    """Shard the large collections, each by its key; harmless when it is done.

    Looks at all services before it changes any.
    """
    with ExitStack() as open_:
        try:
            plans = [_planned(name, url, open_) for name in ([service] if service else SERVICES)]
            for name, db, steps in plans:
                for words in run(db, steps):
                    click.echo(f"{name:10} {words}")
        except OperationFailure as wrong:
            hint = MAY_NOT if wrong.code == UNAUTHORIZED else ""
            raise click.ClickException(f"{hint}{wrong}") from wrong


def _planned(service: str, url: str, open_: ExitStack) -> tuple[str, Db, list[Step]]:
    own = environment(service)
    db = backup.connect(url or own["MONGO_URL"], own["MONGO_DB"])
    open_.callback(db.client.close)
    collections = wanted(service)
    try:
        return service, db, plan(db.name, collections, look(db, collections))
    except Refused as why:
        raise click.ClickException(f"{service}: {why}") from why
