"""The worker of escrow, and operators' commands: money that came back when nobody was there."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from services.escrow import config, figures, incoming, proof, queries, usecases
from services.escrow.reactions import REACTIONS
from services.escrow.records import KINDS
from shared import clock, settings, store, worker
from shared.errors import Refused


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Run the worker, unless a command is given."""
    if context.invoked_subcommand is None:
        config.here()  # what is wrong with it is said at once
        worker.run(
            "escrow",
            kinds=KINDS,
            reactions=REACTIONS,
            sweeps=[usecases.ask_providers, proof.seal, figures.measure],
        )


@contextmanager
def _escrow() -> Iterator[store.Store]:
    here = settings.read()
    escrow = store.Store(store.connect(here.mongo_url, here.mongo_db), source="escrow")
    try:
        yield escrow
    finally:
        escrow.db.client.close()


@main.command("stranded")
def list_stranded() -> None:
    """List payouts that a bank gave back after their member had been erased."""
    with _escrow() as escrow:
        for back in queries.stranded(escrow.db):
            at, amount = clock.text(back.ended_at or back.requested_at), back.amount
            click.echo(
                f"{at}  {back.id}  {amount.amount} {amount.currency}"
                f"  {back.member_id}  {back.provider}  {back.reason}"
            )


@main.command("set-aside")
@click.argument("payout_id")
@click.option("--reason", required=True, help="Why it is set aside; the payout keeps it.")
def set_aside(payout_id: str, reason: str) -> None:
    """Move such a payout from the wallet that nobody empties into suspense."""
    with _escrow() as escrow:
        try:
            aside = incoming.set_aside(escrow, payout_id, reason=reason, now=clock.now())
        except Refused as no:
            raise click.ClickException(f"{no.code}: {no}") from no
    amount = aside.amount
    click.echo(f"{amount.amount} {amount.currency} are in suspense:{aside.id}")


if __name__ == "__main__":
    main()
