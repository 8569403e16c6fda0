"""`python -m deploy.documents`: write docs/openapi.json, asyncapi.json and events/ anew."""

import shutil
import sys
from pathlib import Path

import click

from deploy.documents import breaking, site, written


@click.group(invoke_without_command=True)
@click.pass_context
def documents(context: click.Context) -> None:
    """Write the documents anew, unless a command is given."""
    if context.invoked_subcommand is None:
        for path in written.write():
            click.echo(path)


@documents.command()
def check() -> None:
    """Fail when the files are not what the code says, or break callers of the last release."""
    problems = [*written.drift(), *breaking.since_release()]
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


@documents.command()
def release() -> None:
    """Keep today's documents as those of the release, against which later ones are compared."""
    written.RELEASED.mkdir(exist_ok=True)
    for name in written.NAMES:
        click.echo(shutil.copy(written.DOCS / name, written.RELEASED / name))


@documents.command("site")
@click.argument("folder", type=click.Path(path_type=Path))
def build_site(folder: Path) -> None:
    """Write the pages that the gateway serves into a folder."""
    site.build(folder)


if __name__ == "__main__":
    documents()
