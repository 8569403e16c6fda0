"""`./dev ops migrate`: documents and indexes of all services in the present shape."""

import importlib

import click

from shared import migration
from shared.ops import SERVICES, database


@click.command()
@click.option("--service", type=click.Choice(SERVICES), help="Only this service; all by default.")
@click.option("--most", default=0, help="Look at so many documents of each kind; 0: at all.")
@click.option("--drop-unused", is_flag=True, help="Drop indexes that nothing defines any more.")
def migrate(service: str | None, most: int, drop_unused: bool) -> None:
    """Complete what an older version wrote, while everything runs; harmless at any time."""
    for name in [service] if service else SERVICES:
        db = database(name)
        for kind in importlib.import_module(f"services.{name}.records").KINDS:
            rebuilt = migration.rebuild_indexes(db, kind)
            changed = sum(count for _, count in migration.complete(db, kind, most=most))
            unused = migration.unused_indexes(db, kind)
            if drop_unused:
                for index in unused:
                    db[kind.collection].drop_index(index)
            words = [f"{name:10} {kind.collection:14} {changed} completed"]
            words += [f"rebuilt {', '.join(rebuilt)}"] if rebuilt else []
            verb = "dropped" if drop_unused else "unused:"
            words += [f"{verb} {', '.join(unused)}"] if unused else []
            click.echo("; ".join(words))
