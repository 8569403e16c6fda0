"""Operators' commands against a running deployment: `./dev ops ...`, or `python -m shared.ops ...`.

Each service's `MONGO_URL`, `MONGO_DB` and `AMQP_URL` come from `<service>.env` in the folder that
`UKEOI_ENV_DIR` names (`./dev` writes it; anywhere else an operator does); `ops.env` has the
`AMQP_URL` of a broker's user who may write to every queue.
"""

import dataclasses
import getpass
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from shared import clock, deliveries, story
from shared import store as stores
from shared.bus import Publisher, event_of
from shared.store import Db

SERVICES = ("accounts", "contracts", "escrow", "jobs", "notify")
REPLAY_BATCH = 500

service_option = click.option(
    "--service", type=click.Choice(SERVICES), help="Only this service; all by default."
)


def environment(service: str) -> dict[str, str]:
    """Return a service's environment from its file.

    :raises click.ClickException: there is no such file
    """
    path = Path(os.environ.get("UKEOI_ENV_DIR", ".dev/env")) / f"{service}.env"
    try:
        lines = path.read_text().splitlines()
    except OSError as missing:
        raise click.ClickException(f"no {path}: is a deployment up? ({missing})") from missing
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value.strip().strip('"').strip("'") for name, _, value in pairs}


def database(service: str) -> Db:
    """Return a service's database."""
    env = environment(service)
    return stores.connect(env["MONGO_URL"], env["MONGO_DB"])


def broker_url() -> str:
    """Return the URL by which operators speak to any queue: a service may not."""
    return environment("ops")["AMQP_URL"]


@click.group()
def ops() -> None:
    """Look after a running deployment."""


@ops.group()
def parked() -> None:
    """Deliveries that a service could not do and that wait for a person."""


@parked.command("list")
@service_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_parked(service: str | None, as_json: bool) -> None:
    """List what is parked, with its reason."""
    for name, doc in _parked(service):
        if as_json:
            click.echo(_json({"service": name, **doc}))
        else:
            reason = " ".join(doc["reason"].split())[:100]
            click.echo(f"{name:10} {doc['_id']}  {doc['type']:22} {doc['tries']} tries  {reason}")


@parked.command("show")
@click.argument("id_")
def show_parked(id_: str) -> None:
    """Show one parked delivery whole: the event, the reason, the stack."""
    for name, doc in _parked(None):
        if doc["_id"] == id_:
            click.echo(_json({"service": name, **doc}))
            return
    raise click.ClickException(f"{id_} is not parked")


@parked.command("replay")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every parked delivery.")
@service_option
def replay_parked(ids: tuple[str, ...], everything: bool, service: str | None) -> None:
    """Let parked deliveries be tried again."""
    _on_parked(ids, everything, service, "replayed", deliveries.replay)


@parked.command("drop")
@click.argument("ids", nargs=-1)
@service_option
def drop_parked(ids: tuple[str, ...], service: str | None) -> None:
    """Mark parked deliveries as dropped; they stay readable."""

    def drop(db: Db, id_: str, *, now: datetime) -> bool:
        return deliveries.drop(db, id_, by=getpass.getuser(), now=now)

    _on_parked(ids, False, service, "dropped", drop)


def _on_parked(
    ids: tuple[str, ...], everything: bool, service: str | None, word: str, act: Any
) -> None:
    if not ids and not everything:
        raise click.UsageError("name the deliveries, or say --all")
    here = [(name, doc["_id"]) for name, doc in _parked(service)]
    found = [(name, id_) for name, id_ in here if everything or id_ in ids]
    if missing := set(ids) - {id_ for _, id_ in found}:
        raise click.ClickException(f"not parked: {', '.join(sorted(missing))}")
    for name, id_ in found:
        did = act(database(name), id_, now=clock.now())
        click.echo(f"{name:10} {id_}  {word if did else 'cannot be ' + word}")


def _parked(service: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in [service] if service else SERVICES:
        for doc in deliveries.parked(database(name), limit=10_000):
            yield name, doc


@ops.command()
@click.option("--to", "hearer", type=click.Choice(SERVICES), required=True)
@click.option("--since", required=True, help="RFC 3339 time, or hours back: 24h")
@click.option("--type", "types", multiple=True, help="Only these event types.")
def replay(hearer: str, since: str, types: tuple[str, ...]) -> None:
    """Say facts again to one service; what it has heard before changes nothing."""
    at = _time(since)
    publisher = Publisher(broker_url(), "ops", only_to=hearer)
    publisher.start()
    if not publisher.wait_ready(10):
        raise click.ClickException("RabbitMQ does not answer")
    for name in SERVICES:
        count = say_again(publisher, name, database(name), since=at, types=types)
        click.echo(f"{name:10} {count} facts said again to {hearer}")
    publisher.stop()


def say_again(
    publisher: Publisher, service: str, db: Db, *, since: datetime, types: Sequence[str] = ()
) -> int:
    """Publish again what a service has said; return how much it was."""
    where: dict[str, Any] = {"time": {"$gte": since}}
    if types:
        where["type"] = {"$in": list(types)}
    said = db["facts"].find(where).sort("_id", 1)
    return sum(_publish(publisher, service, batch) for batch in _batches(said))


def _publish(publisher: Publisher, source: str, facts: list[dict[str, Any]]) -> int:
    events = [event_of({**f, "id": f["_id"]}, source=source, subject=f["subject"]) for f in facts]
    sent = publisher.publish(events)
    if len(sent.confirmed) < len(events):
        raise click.ClickException("the broker did not take them all: run the command again")
    return len(events)


def _batches(docs: Any) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for doc in docs:
        batch.append(doc)
        if len(batch) == REPLAY_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _time(words: str) -> datetime:
    if words.endswith("h") and words[:-1].isdigit():
        return clock.now() - timedelta(hours=int(words[:-1]))
    try:
        return clock.parse(words)
    except ValueError as wrong:
        raise click.UsageError("--since takes 2026-12-07T00:00:00Z or 24h") from wrong


@ops.command(name="story")
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all words.")
def story_command(id_: str, as_json: bool) -> None:
    """Tell what happened to a contract, job, offer or hold, in all services, in order of time.

    Also what still waits: facts that the broker has not taken, events that were not done.
    """
    told = story.tell({name: database(name) for name in SERVICES}, id_)
    if not told.lines:
        raise click.ClickException(f"no service has said or heard anything of {id_}")
    for line in told.lines:
        if as_json:
            click.echo(orjson.dumps(dataclasses.asdict(line), default=repr))
        else:
            click.echo(_told(line, id_))


def _told(line: story.Line, id_: str) -> str:
    who = "" if line.by == "system" else f"  by {line.by}"
    about = "" if line.about == id_ else f"  {line.about}"
    waits = f"  WAITS: {line.waits} {line.words.get('reason', '')}" if line.waits else ""
    return f"{clock.text(line.at)}  {line.service:9} {line.what:24}{about}{who}{waits}".rstrip()


def _json(words: Any) -> str:
    return orjson.dumps(words, default=repr, option=orjson.OPT_INDENT_2).decode()


if __name__ == "__main__":
    ops()
