"""`./dev ops timers` and `leases`: what is held back in a running deployment, and letting it go."""

import importlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import click

from shared import clock
from shared.documents import Doc
from shared.ops import SERVICES, database, ops, service_option
from shared.store import Db

LATE = timedelta(minutes=5)
SHOWN = 100


@ops.group()
def timers() -> None:
    """Timers whose time has come and that have not fired."""


@timers.command("list")
@service_option
def list_timers(service: str | None) -> None:
    """List timers that are more than five minutes late, with their tries; at most 100 a kind."""
    for name in [service] if service else SERVICES:
        db = database(name)
        for collection in collections(name):
            for doc in late_timers(db, collection, now=clock.now()):
                held = doc.get("leased_until")
                until = f"held until {clock.text(held)}" if held else "not held"
                tries = doc.get("wake_tries", 0)
                due = clock.text(doc["wake_at"])
                click.echo(f"{name:10} {doc['_id']}  due {due}  {tries} tries  {until}")


@timers.command("free")
@click.argument("ids", nargs=-1, required=True)
def free_timers(ids: tuple[str, ...]) -> None:
    """Let timers that are held fire at once, with all their tries again."""
    for id_ in ids:
        found = [name for name in SERVICES if free_timer(database(name), collections(name), id_)]
        if not found:
            raise click.ClickException(f"no timer of {id_} is held")
        click.echo(f"{found[0]:10} {id_}  free")


def collections(service: str) -> list[str]:
    """Return the collections of a service whose things have timers."""
    kinds = importlib.import_module(f"services.{service}.records").KINDS
    return sorted({kind.collection for kind in kinds if kind.on_wake})


def late_timers(db: Db, collection: str, *, now: datetime) -> Iterator[Doc]:
    """Yield what has a timer that is late, the latest first."""
    where = {"wake_at": {"$lte": now - LATE}}
    fields = {"wake_at": 1, "wake_tries": 1, "leased_until": 1}
    yield from db[collection].find(where, fields).sort("wake_at", 1).limit(SHOWN)


def free_timer(db: Db, names: list[str], id_: str) -> bool:
    """Let a timer fire that is held; False when none of this name is."""
    free = {"$unset": {"leased_until": 1, "wake_tries": 1}}
    held = {"_id": id_, "leased_until": {"$exists": True}}
    return any(db[name].update_one(held, free).matched_count for name in names)


@ops.group()
def leases() -> None:
    """What one process at a time does: sealing the ledger, publishing what was left behind."""


@leases.command("list")
@service_option
def list_leases(service: str | None) -> None:
    """List who holds what, and until when; a lease ends by itself within 10 s."""
    for name in [service] if service else SERVICES:
        for doc in database(name)["leases"].find().sort("_id", 1):
            until = clock.text(doc["until"])
            click.echo(f"{name:10} {doc['_id']:12} {doc['owner']:30} until {until}")


@leases.command("free")
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("name")
def free_lease(service: str, name: str) -> None:
    """Take a lease away that somebody holds whose clock is wrong."""
    if not database(service)["leases"].delete_one({"_id": name}).deleted_count:
        raise click.ClickException(f"nobody holds {name} in {service}")
    click.echo(f"{service:10} {name}  free")
