"""The worker of accounts, and operators' commands: making one, resetting a second factor, cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import structlog

from services.accounts import queries
from services.accounts.domain import case_silence
from services.accounts.domain import member as rules
from services.accounts.domain.credentials import normal_email
from services.accounts.reactions import REACTIONS, SWEEPS
from services.accounts.records import KINDS, MEMBERS, SHELVES
from services.accounts.usecases import cases, factors
from shared import clock, settings, store, worker
from shared.auth import Caller
from shared.errors import Refused
from shared.paging import LIMIT_MAX, Page


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Run the worker, unless a command is given."""
    if context.invoked_subcommand is None:
        worker.run("accounts", kinds=KINDS, reactions=REACTIONS, shelves=SHELVES, sweeps=SWEEPS)


@contextmanager
def _accounts() -> Iterator[store.Store]:
    config = settings.read()
    accounts = store.Store(store.connect(config.mongo_url, config.mongo_db), source="accounts")
    try:
        yield accounts
    finally:
        accounts.db.client.close()


@main.command("make-operator")
@click.argument("email")
def make_operator(email: str) -> None:
    """Give the member of this address the role of an operator, from their next token on."""
    with _accounts() as accounts:
        found = queries.member_by_email(accounts.db, normal_email(email))
        if found is not None:
            accounts.change(MEMBERS, found.thing.id, rules.make_operator, now=clock.now())
    if found is None:
        raise click.ClickException(f"nobody is registered with {email}")
    click.echo(f"{found.thing.id} is an operator")


@main.command("reset-factor")
@click.argument("email")
@click.option("--reason", required=True, help="How it was made sure who asks; the log keeps it.")
def reset_factor(email: str, reason: str) -> None:
    """Take the second factor off who has lost it, and end their sessions and API tokens."""
    with _accounts() as accounts:
        found = queries.member_by_email(accounts.db, normal_email(email))
        if found is None:
            raise click.ClickException(f"nobody is registered with {email}")
        try:
            factors.reset_totp(accounts, found.thing.id, reason=reason, now=clock.now())
        except Refused as no:
            raise click.ClickException(f"{no.code}: {no}") from no
    click.echo(f"{found.thing.id} logs in with the password alone, and was told so")


@main.command("cases")
def list_cases() -> None:
    """List what waits for operators, what is due first first."""
    with _accounts() as accounts:
        filters = dict.fromkeys(("state", "kind", "author"))
        found, _ = queries.find_cases(accounts.db, Page(LIMIT_MAX), not_of="", **filters)
    for case in found:
        due = (case_silence.next_of(case) or {})["by"]
        about = f"{case.about_kind} {case.about_id}"
        why = ", ".join((*case.findings, *(one.reason for one in case.reports)))
        words = " ".join(case.words.split())[:60]
        click.echo(f"{clock.text(due)}  {case.id}  {case.state:8} {about}  {why}  {words}")


@main.command("decide-case")
@click.argument("case_id")
@click.argument("outcome", type=click.Choice(["release", "remove", "dismiss"]))
@click.option("--reason", required=True, help="The author and the log get it.")
@click.option("--as", "email", required=True, help="The operator's address.")
def decide_case(case_id: str, outcome: str, reason: str, email: str) -> None:
    """Decide a case as the operator of this address; a sanction is ordered by HTTP."""
    with _accounts() as accounts:
        found = queries.member_by_email(accounts.db, normal_email(email))
        if found is None or rules.OPERATOR not in found.thing.roles:
            raise click.ClickException(f"{email} is no operator")
        caller = Caller(found.thing.id, (rules.OPERATOR,))
        words: dict[str, Any] = {"outcome": outcome, "reason": reason, "sanction": None}
        structlog.contextvars.bind_contextvars(actor=caller.id)
        try:
            done = cases.decide(accounts, caller, case_id, once=None, now=clock.now(), **words)
        except Refused as no:
            raise click.ClickException(f"{no.code}: {no}") from no
    click.echo(f"{case_id} is {done.thing.outcome}")


if __name__ == "__main__":
    main()
