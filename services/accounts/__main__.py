"""The worker of accounts, and the command that makes an operator."""

import click

from services.accounts import queries
from services.accounts.domain import member as rules
from services.accounts.domain.credentials import normal_email
from services.accounts.reactions import REACTIONS, SWEEPS
from services.accounts.records import KINDS, MEMBERS, SHELVES
from shared import clock, settings, store, worker


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Run the worker, unless a command is given."""
    if context.invoked_subcommand is None:
        worker.run("accounts", kinds=KINDS, reactions=REACTIONS, shelves=SHELVES, sweeps=SWEEPS)


@main.command("make-operator")
@click.argument("email")
def make_operator(email: str) -> None:
    """Give the member of this address the role of an operator, from their next token on."""
    config = settings.read()
    accounts = store.Store(store.connect(config.mongo_url, config.mongo_db), source="accounts")
    found = queries.member_by_email(accounts.db, normal_email(email))
    if found is not None:
        accounts.change(MEMBERS, found.thing.id, rules.make_operator, now=clock.now())
    accounts.db.client.close()
    if found is None:
        raise click.ClickException(f"nobody is registered with {email}")
    click.echo(f"{found.thing.id} is an operator")


if __name__ == "__main__":
    main()
