"""What is really asked of MongoDB, and how it finds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson import SON
from pymongo import MongoClient, monitoring
from pymongo.database import Database

ASKED = {"find", "findAndModify", "aggregate", "count", "update", "delete"}


class Spy(monitoring.CommandListener):
    """Keeps the commands that look for documents."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep a command that looks for something."""
        if event.command_name in ASKED:
            self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to do."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to do."""


@contextmanager
def spied(mongo_url: str, name: str) -> Iterator[tuple[Database[dict[str, Any]], Spy]]:
    """Give the database through a client whose commands are kept."""
    spy = Spy()
    listeners = [spy]
    with MongoClient[dict[str, Any]](
        mongo_url, tz_aware=True, timeoutMS=5000, event_listeners=listeners
    ) as client:
        yield client[name], spy


def scans(db: Database[dict[str, Any]], spy: Spy) -> list[dict[str, Any]]:
    """Return the kept commands for which the server reads or sorts a whole collection."""
    return [words for c in spy.commands if (words := _explained(db, c)) is not None]


def _explained(db: Database[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any] | None:
    noise = ("lsid", "txnNumber", "$clusterTime", "$db", "writeConcern", "maxTimeMS")
    words = SON((k, v) for k, v in command.items() if k not in (*noise, "readConcern"))
    if "updates" in words:  # only one statement of a bulk write can be explained at a time
        words["updates"] = words["updates"][:1]
    if "deletes" in words:
        words["deletes"] = words["deletes"][:1]
    plan = db.command("explain", words, verbosity="queryPlanner")
    stages = set(_stages(plan))
    return dict(words) if stages & {"COLLSCAN", "SORT"} else None


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if isinstance(stage := plan.get("stage"), str):
            yield stage
        for name, inner in plan.items():
            if name != "rejectedPlans":
                yield from _stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from _stages(inner)
