"""Requests made up from the merged document, as many as one likes: `./dev fuzz`.

schemathesis makes them (examples, edge cases of each schema, random ones, and sequences that follow
from answers) and holds the answers against the document. Real ids, tokens of the people in the
world and the facts that follow let them reach further than the front door.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
import schemathesis
import structlog
from pymongo import MongoClient
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.context import EngineContext

from services.notify.api import feed
from tests import backends
from tests.callers import Signer
from tests.edge.world import World

PUMP_EVERY = 100
TELL_EVERY = 1000
TOKEN_LIFE_S = 240
REAL_IDS = 0.8
KNOWN_AT_MOST = 50
# A request that fits its schema may be refused all the same: by a rule (409, 422), or a moment
# after a 202, before another service has heard (404).
NOT_ASKED = ("positive_data_acceptance", "ensure_resource_availability")


@dataclass
class Report:
    """What was sent and what was found wrong, each finding once with its number."""

    seed: int
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    phases: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return it for people."""
        return [
            f"seed {self.seed}: {self.requests} requests, "
            f"{len(self.reached)} operations succeeded at least once",
            "made by: " + ", ".join(f"{p}: {n}" for p, n in self.phases.most_common()),
            "answers: " + ", ".join(f"{s}: {n}" for s, n in sorted(self.statuses.items())),
            *(f"{n} x {finding}" for finding, n in self.findings.most_common()),
            *self.errors,
        ]


def signing(world: World, dice: random.Random) -> type:
    """Return what gives each request the token of somebody in the world, as schemathesis wants."""
    everybody = (world.client, world.worker, world.bidder, world.stranger, world.operator)
    renewed = [0.0]

    class Signing:
        def get(self, _case: Any, _context: Any) -> str:
            if time.monotonic() - renewed[0] > TOKEN_LIFE_S:
                world.renew()
                renewed[0] = time.monotonic()
            return dice.choices(everybody, (6, 6, 2, 1, 1))[0].token

        def set(self, case: Any, token: str, _context: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    return Signing


class Guide:
    """Puts ids of real things into paths, and lets facts be heard now and then."""

    def __init__(self, world: World, report: Report, dice: random.Random) -> None:
        self.world, self.report, self.dice = world, report, dice
        self.known: dict[str, list[str]] = {}

    def before(self, case: Any) -> None:
        """Give a request a real id, unless a wrong one is what it is about."""
        if self.report.requests % PUMP_EVERY == 0:
            self.world.pump()
            self.known = self._ids()
        self.report.requests += 1
        places = case.path_parameters
        if not places or "id" not in places or self.dice.random() > REAL_IDS:
            return
        if case.meta is not None and case.meta.generation.mode.name == "NEGATIVE":
            return
        noun = case.operation.path.split("/")[2]
        if ids := self.known.get(noun):
            places["id"] = self.dice.choice(ids)

    def after(self, case: Any, response: Any) -> None:
        """Count an answer."""
        self.report.statuses[response.status_code] += 1
        if response.status_code < 300:
            self.report.reached.add(case.operation.label)
        if self.report.requests % TELL_EVERY == 0:
            click.echo(f"seed {self.report.seed}: {self.report.requests} requests", err=True)

    def _ids(self) -> dict[str, list[str]]:
        kinds = [(s, kind) for s in self.world.services.values() for kind in s.kinds]
        return {
            kind.collection if kind.collection != "notices" else "notifications": [
                str(doc["_id"])
                for doc in service.store.db[kind.collection]
                .find({}, {"_id": 1})
                .sort("_id", -1)
                .limit(KNOWN_AT_MOST)
            ]
            for service, kind in kinds
        }


def run(
    world: World,
    *,
    examples: int,
    seed: int,
    max_time_s: int | None = None,
    at_most: int | None = None,
    only: str = "",
) -> Report:
    """Send made-up requests: `examples` random ones for each operation, and all other phases.

    `at_most` ends it soon after so many requests; `only` is the one operation to ask, of all.
    """
    report, dice = Report(seed), random.Random(seed)
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", world.wsgi, config=_config(examples, seed, max_time_s)
    )
    if only:
        schema = schema.include(operation_id=only)
    schema.auth(refresh_interval=None)(signing(world, dice))
    with _hooked(Guide(world, report, dice)):
        stream = from_schema(schema).execute()
        for event in stream:
            if at_most is not None and report.requests >= at_most:
                stream.stop()
            if isinstance(event, events.ScenarioFinished):
                _note(event, report)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                report.errors.append(str(getattr(event, "info", event))[:500])
    world.pump()
    return report


@contextmanager
def _hooked(guide: Guide) -> Iterator[None]:
    """Let the guide see every request and answer; schemathesis has one list of hooks for all."""

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        guide.before(case)

    def after_call(_context: Any, case: Any, response: Any) -> None:
        guide.after(case, response)

    with pytest.MonkeyPatch.context() as patch:
        # Some of its checks hand the settings of sockets on to an application, which takes none.
        patch.setattr(EngineContext, "get_transport_kwargs", lambda *_, **__: {})
        for hook in (before_call, after_call):
            schemathesis.hook(hook)
        try:
            yield
        finally:
            for hook in (before_call, after_call):
                schemathesis.hooks.unregister(hook)


def _config(examples: int, seed: int, max_time_s: int | None) -> SchemathesisConfig:
    words: dict[str, Any] = {
        "seed": seed,
        "continue-on-failure": True,
        "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
        "checks": {
            **{name: {"enabled": False} for name in NOT_ASKED},
            "missing_required_header": {"expected-statuses": [400, 401, 404, 422, 428]},
        },
    }
    if max_time_s:
        words["max-time"] = max_time_s
    return SchemathesisConfig.from_dict(words)


def _note(event: events.ScenarioFinished, report: Report) -> None:
    report.phases[event.phase.value] += len(event.recorder.interactions)
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                found = event.recorder.cases[case_id].value
                title = " ".join(f"{failure.title}: {failure.message}".split())[:300]
                report.findings[f"{found.operation.label} [{check.name}] {title}"] += 1


@contextmanager
def a_world(mongo_url: str) -> Iterator[World]:
    """Give a world of its own, with something of everything in it, outside of pytest."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        signer = Signer(Path(folder) / "keys")
        for name, value in environment(mongo_url, signer).items():
            patch.setenv(name, value)
        with MongoClient[dict[str, Any]](mongo_url, tz_aware=True, timeoutMS=5000) as client:
            world = World(mongo_url, client, signer)
            try:
                yield world
            finally:
                world.close()


def environment(mongo_url: str, signer: Signer) -> dict[str, str]:
    """Return what reactions read from the environment, as in a process of their own."""
    return {
        "MONGO_URL": mongo_url,
        "MONGO_DB": "none",
        "AMQP_URL": "amqp://127.0.0.1:9/",
        "JWT_PUBLIC_KEYS": str(signer.public),
    }


def furnish(world: World) -> None:
    """Make something of everything, in several states."""
    for make in (world.draft, world.job, world.proposal, world.question, world.offer, world.hold):
        make()
    for state in ("formed", "funded", "delivered", "completed"):
        world.contract(state)
    for state in ("held", "removed", "appealed"):
        world.case(state)
    world.report()
    world.payout()
    world.delivery()


@contextmanager
def short_streams() -> Iterator[None]:
    """Let a stream of events end at once: whoever reads it to its end would wait for minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "STREAM_S", 0)
        yield


@click.command()
@click.option("--requests", default=50_000, show_default=True, help="How many in all.")
@click.option("--seed", default=1, show_default=True, help="Of the first round.")
@click.option("--examples", default=40, show_default=True, help="Per operation and round.")
def fuzz(requests: int, seed: int, examples: int) -> None:
    """Send made-up requests to all services in this process, on a real MongoDB.

    A round is a world of its own with all phases; it ends with its figures and what was found.
    Exit code 0 only if nothing was wrong.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_no_words])
    sent, faults, wrong = 0, 0, 0
    while sent < requests:
        with a_world(backends.mongo_url()) as world, short_streams():
            furnish(world)
            report = run(world, examples=examples, seed=seed, at_most=requests - sent)
        click.echo("\n".join(report.lines()))
        sent += report.requests
        faults += sum(n for status, n in report.statuses.items() if status >= 500)
        wrong += sum(report.findings.values()) + len(report.errors)
        seed += 1
    click.echo(f"{sent} requests in all: {faults} server errors, {wrong} findings")
    sys.exit(1 if wrong or faults else 0)


def _no_words(_logger: Any, _name: str, words: Any) -> Any:
    raise structlog.DropEvent


if __name__ == "__main__":
    fuzz()
