"""`./dev ops`: the operators' commands, with those that concern this deployment's own files."""

from datetime import UTC, datetime
from pathlib import Path

import click

from deploy import held, recovery  # noqa: F401  (their commands)
from deploy import keys as pairs
from deploy.migration import migrate
from deploy.sharding import shard
from shared.ops import environment, ops

ops.add_command(migrate)
ops.add_command(shard)


@ops.group()
def keys() -> None:
    """The key pairs that sign and check access tokens."""


@keys.command("list")
def list_keys() -> None:
    """List the pairs, the oldest first; the last one signs."""
    folder = _folder()
    for kid in pairs.kids(folder):
        click.echo(f"{kid}  made {pairs.made_at(kid):%Y-%m-%d %H:%M:%S} UTC")


@keys.command("rotate")
def rotate_keys() -> None:
    """Add a pair; within a minute it signs, and the old ones still check what they signed.

    The services read the folder again by themselves, at once when a token names a new pair.
    """
    click.echo("\n".join(pairs.ensure(_folder(), rotate=True)))
    minutes = pairs.RETIRE_AFTER_S // 60
    click.echo(f"in {minutes} minutes: ./dev ops keys retire", err=True)


@keys.command("retire")
@click.option("--now", "at_once", is_flag=True, help="A key was stolen: end its tokens at once.")
def retire_keys(at_once: bool) -> None:
    """Delete all pairs but the newest, once every token that they signed has ended."""
    try:
        gone = pairs.retire(_folder(), now=datetime.now(UTC), at_once=at_once)
    except pairs.TooEarly as early:
        raise click.ClickException(str(early)) from early
    click.echo("\n".join(gone) if gone else "there is only one pair")


def _folder() -> Path:
    return Path(environment("accounts")["JWT_PRIVATE_KEYS"]).parent


if __name__ == "__main__":
    ops()
