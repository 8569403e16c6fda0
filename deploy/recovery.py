"""`./dev ops backup`, `restore` and `verify`."""

import time
from pathlib import Path

import click

from deploy import backup
from deploy import verify as consistency
from shared import clock
from shared.ops import SERVICES, environment, ops, service_option
from shared.store import Db

LOOKS = 3


def _database(service: str, name: str | None = None) -> Db:
    env = environment(service)
    return backup.connect(env["MONGO_URL"], name or env["MONGO_DB"])


@ops.command(name="backup")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="A new folder.")
@service_option
def backup_command(into: Path, service: str | None) -> None:
    """Write the databases into a folder, each as it was at one moment; nothing is stopped."""
    if into.exists() and any(into.iterdir()):
        raise click.ClickException(f"{into} is not empty")
    for name in [service] if service else SERVICES:
        manifest = backup.take(_database(name), name, into / name, now=clock.now())
        count = sum(kept["count"] for kept in manifest["collections"].values())
        click.echo(f"{name:10} {count} documents of {len(manifest['collections'])} collections")


@ops.command(name="restore")
@click.option("--from", "folder", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--database", help="Into another database than the service's own.")
@service_option
def restore_command(folder: Path, database: str | None, service: str | None) -> None:
    """Put a backup into databases that are empty; stop the services before, start them after.

    What was on its way is said again, which harms nobody. To a service that went back in time alone
    say again what the others have said since: `./dev ops replay --to SERVICE --since TIME`.
    """
    names = [service] if service else [name for name in SERVICES if (folder / name).exists()]
    if database and not service:
        raise click.UsageError("--database goes with --service")
    try:
        for name in names:
            backup.check(folder / name)
        for name in names:
            manifest = backup.restore(folder / name, _database(name, database))
            click.echo(f"{name:10} is as it was at {manifest['taken_at']}")
    except backup.Broken as why:
        raise click.ClickException(str(why)) from why


@ops.command(name="verify")
@click.option("--backup", "folder", type=click.Path(path_type=Path, exists=True))
@service_option
def verify_command(folder: Path | None, service: str | None) -> None:
    """Recount everything: ledger, seals, terms, holds against milestones; or a backup's files."""
    names = [service] if service else SERVICES
    if folder:
        try:
            for name in [name for name in names if service or (folder / name).exists()]:
                backup.check(folder / name)
                click.echo(f"{name:10} the files are as they were written")
        except backup.Broken as why:
            raise click.ClickException(str(why)) from why
        return
    dbs = {name: _database(name) for name in names}
    found = consistency.check(dbs, now=clock.now())
    for _ in range(LOOKS) if found else ():
        # While the services work, what is read first and what last need not be of one moment.
        time.sleep(1)
        again = set(consistency.check(dbs, now=clock.now()))
        found = [wrong for wrong in found if wrong in again]
    for wrong in found:
        click.echo(wrong)
    if found:
        raise click.ClickException(f"{len(found)} things are WRONG")
    click.echo(f"all is right in {', '.join(names)}")
