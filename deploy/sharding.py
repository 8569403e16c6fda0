"""`./dev ops shard`: spread what is only ever added to over the shards of a MongoDB cluster.

A unique index that does not begin with the shard key cannot be kept across shards. So aggregates
stay whole, each service's on its own primary shard: their unique indexes decide races.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click
from pymongo import MongoClient

from shared.documents import Doc
from shared.ops import SERVICES, environment

KEY: Mapping[str, str] = {"_id": "hashed"}
SHARDED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(SERVICES, ("facts",)),
    "notify": ("facts", "feed"),
}
"""Found by `_id`, or asked of all shards; never changed by anything that does not name an `_id`."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What a cluster knows of a collection: `key` is None while it is whole on one shard."""

    name: str
    key: Mapping[str, object] | None
    unique: Mapping[str, Sequence[str]]
    """The fields of each unique index but `_id_`."""


def refusal(it: Collection) -> str | None:
    """Return why this collection cannot be sharded by `KEY`, or None."""
    if it.key is not None and dict(it.key) != dict(KEY):
        return f"{it.name} is sharded by {dict(it.key)}, not by {dict(KEY)}"
    guards = [name for name, fields in it.unique.items() if list(fields)[:1] != list(KEY)]
    if guards:
        return f"{it.name} has the unique index {guards[0]}, which shards cannot keep"
    return None


def look(client: MongoClient[Doc], database: str, name: str) -> Collection:
    """Return what the cluster knows of a collection."""
    there = client["config"]["collections"].find_one({"_id": f"{database}.{name}"})
    indexes = client[database][name].index_information()
    unique = {
        index: [field for field, _ in how["key"]]
        for index, how in indexes.items()
        if how.get("unique")
    }
    return Collection(name, there["key"] if there else None, unique)


@click.command()
@click.option("--service", type=click.Choice(SERVICES), help="Only this service; all by default.")
@click.option(
    "--url",
    envvar="MONGO_ADMIN_URL",
    required=True,
    help="Of a mongos, as a user with clusterManager; services' own users may not.",
)
def shard(service: str | None, url: str) -> None:
    """Shard facts and notify's feed by a hash of their id; harmless when they are.

    Run it after the services' first start: their indexes are to be there.
    """
    with MongoClient[Doc](url, timeoutMS=60_000) as client:
        if client.admin.command("hello").get("msg") != "isdbgrid":
            raise click.ClickException("this is no mongos: a single replica set has no shards")
        for name in [service] if service else SERVICES:
            database = environment(name)["MONGO_DB"]
            client.admin.command("enableSharding", database)
            for collection in SHARDED[name]:
                said = _shard(client, database, collection)
                click.echo(f"{name:10} {collection:10} {said}")


def _shard(client: MongoClient[Doc], database: str, name: str) -> str:
    there = look(client, database, name)
    if why := refusal(there):
        raise click.ClickException(f"{database}: {why}")
    if there.key is not None:
        return "is sharded already"
    client[database][name].create_index([*KEY.items()])
    client.admin.command("shardCollection", f"{database}.{name}", key=dict(KEY))
    return "sharded"
