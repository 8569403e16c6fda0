"""`./dev chaos`: run stories, kill processes, heal, count; exit 0 only when nothing was lost."""

import json
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from deploy.dev import up
from deploy.dev.home import Home
from shared import clock, ids
from shared.bus import Publisher
from shared.events import Event
from tests.chaos.checker import GHOST, Checker
from tests.chaos.nemesis import Nemesis
from tests.chaos.stories import STORIES, WEIGHTS, Teller, Told, register
from ukeoi_client import Ukeoi

HOME = Home(Path(__file__).resolve().parents[2], ".dev/chaos")
TELLERS = 12
POOL = 10
DAY_S = 86_400.0
SILENCE_DAYS = (8.0, 8.0, 8.0, 16.0, 16.0)
"""How the clock is moved at the end, so that every timer of every silent story fires in turn."""


class Run:
    """One run: a deployment of its own, stories, faults, the count."""

    def __init__(self, stories: int, kills: int, seed: int, *, points: bool) -> None:
        self.stories, self.kills, self.seed, self.points = stories, kills, seed, points
        self.dice = random.Random(seed)
        self.told = Told()
        self.console = Console()
        self.nemesis = Nemesis(HOME, random.Random(seed + 1))
        self.offset_s = 0.0
        self.url = ""

    def now(self) -> datetime:
        """Return the deployment's time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def go(self) -> Checker:
        """Do all of it and return the checker with its findings."""
        self._move_clock(0)
        self.url = up.up(HOME, self.console, test=True)
        os.environ["UKEOI_ENV_DIR"] = str(HOME.env)
        people = self._people()
        self._say_to_a_ghost()
        self._tell_under_fire(people)
        checker = Checker(self.told)
        for days in SILENCE_DAYS:
            self._move_clock(days * DAY_S)
            self._settle()
        if self.points:
            self._die_by_timer()
        checker.wait_until_ended()
        checker.check()
        checker.say_everything_again(self.dice, self._settle)
        checker.check()
        return checker

    def _people(self) -> tuple[list[Any], list[Any]]:
        api = Ukeoi(self.url)
        sides = [
            [register(api, f"{side} {n}") for n in range(POOL)] for side in ("client", "worker")
        ]
        api.close()
        return sides[0], sides[1]

    def _tell_under_fire(self, people: tuple[list[Any], list[Any]]) -> None:
        began, stop = time.monotonic(), threading.Event()
        plan = self.dice.choices(list(STORIES), WEIGHTS, k=self.stories)
        threads = [threading.Thread(target=self._die_at_points, args=(stop,), daemon=True)]
        # Kills are spread over the time that the stories will take, at about 12 a second.
        every_s = max(0.4, self.stories / 12 / max(1, self.kills))
        threads.append(
            threading.Thread(target=self.nemesis.run, args=(self.kills, stop, every_s), daemon=True)
        )
        for thread in threads:
            thread.start()
        local = threading.local()
        with ThreadPoolExecutor(TELLERS) as pool:
            list(pool.map(lambda job: self._tell(local, people, *job), enumerate(plan)))
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
        took = time.monotonic() - began
        self.console.print(f"{self.stories} stories in {took:.0f} s under fire")

    def _tell(self, local: Any, people: tuple[list[Any], list[Any]], n: int, story: str) -> None:
        if not hasattr(local, "teller"):
            local.teller = Teller(self.url, self.told, self.now)
        dice = random.Random(self.seed * 1_000_003 + n)
        clients, workers = people
        local.teller.tell(story, dice.choice(clients), dice.choice(workers), dice)

    def _die_at_points(self, stop: threading.Event) -> None:
        if self.points:
            from tests.chaos.nemesis import POINTS

            for name, points in POINTS.items():
                for point in points:
                    if stop.is_set() or point == "timer_claimed":
                        continue
                    if not self.nemesis.die_at(name, point):
                        self.nemesis.missed.append(f"{name} {point}")

    def _die_by_timer(self) -> None:
        """The one point that only silence passes: arm it, let a timer come, and see it die."""
        armed = threading.Thread(
            target=lambda: self.nemesis.die_at("contracts-worker", "timer_claimed"), daemon=True
        )
        armed.start()
        time.sleep(1)
        people = self._people()
        teller = Teller(self.url, self.told, self.now)
        teller.tell("unanswered", people[0][0], people[1][0], self.dice)
        self._move_clock(15 * DAY_S)
        armed.join(timeout=60)

    def _say_to_a_ghost(self) -> None:
        """Say that a contract is funded that does not exist: kept, tried 8 times, parked."""
        yen = {"amount": 1, "currency": "JPY"}
        words = {
            "hold_id": "hld_" + "0" * 32,
            "ref": GHOST,
            "milestone": 1,
            "client_id": "mem_" + "0" * 32,
            "worker_id": None,
            "title": "nobody's",
            "amount": yen,
            "client_pays": yen,
            "method": "card",
        }
        env = (HOME.env / "contracts.env").read_text()
        amqp = next(line for line in env.splitlines() if line.startswith("AMQP_URL="))
        publisher = Publisher(amqp.partition("=")[2], "chaos", only_to="contracts")
        publisher.start()
        publisher.wait_ready(20)
        event = Event(
            id=ids.new("evt"),
            type="escrow.funded",
            source="escrow",
            subject=words["hold_id"],
            time=clock.text(clock.now()),
            version=1,
            data=words,
        )
        publisher.publish([event])
        publisher.stop()

    def _move_clock(self, seconds: float) -> None:
        self.offset_s += seconds
        HOME.dev.mkdir(parents=True, exist_ok=True)
        HOME.clock_file.write_text(f"{self.offset_s}\n")

    def _settle(self) -> None:
        """Let what the clock or a repetition has set off come to rest."""
        time.sleep(4 + self.stories / 500)


def verdict(run: Run, checker: Checker) -> list[str]:
    """Return everything that is wrong with a run; also faults that never fired (I46)."""
    wrong = [*(f"a story failed: {f}" for f in run.told.failed[:10]), *checker.findings]
    nemesis = run.nemesis
    hits = sum(nemesis.kills.values()) + sum(nemesis.pauses.values())
    if hits < run.kills:
        wrong.append(f"only {hits} of {run.kills} kills happened")
    wrong += [f"the crash point was never passed: {point}" for point in nemesis.missed]
    return wrong


def table(run: Run, checker: Checker, wrong: list[str]) -> Table:
    """Return the run as a table."""
    shown = Table(title=f"chaos, seed {run.seed}", show_header=False)
    rows: dict[str, Any] = {
        "stories ended": f"{sum(run.told.ended.values())} of {run.stories}",
        "kinds of stories": dict(run.told.ended),
        "requests repeated by callers": run.told.troubles,
        "kill -9": dict(run.nemesis.kills),
        "pauses": dict(run.nemesis.pauses),
        "deaths at named points": sum(run.nemesis.points.values()),
        "facts said": checker.figures.get("facts"),
        "facts said again, shuffled": checker.figures.get("said_again"),
        "all ended after (s)": checker.figures.get("ended_after_s"),
        "ledger": checker.figures.get("ledger_total"),
        "wrong": len(wrong),
    }
    for name, value in rows.items():
        shown.add_row(name, str(value))
    return shown


@click.command()
@click.option("--stories", default=300, show_default=True)
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", type=int, default=None, help="Replays a run's schedule.")
@click.option("--points/--no-points", default=True, help="Also die at every named point once.")
@click.option("--keep", is_flag=True, help="Leave the deployment up afterwards.")
def main(stories: int, kills: int, seed: int | None, points: bool, keep: bool) -> None:
    """Run stories while processes are killed; then count what was lost or done twice."""
    run = Run(stories, kills, random.randrange(10**6) if seed is None else seed, points=points)
    run.console.print(f"seed {run.seed}")
    up.down(HOME, wipe=True)
    try:
        checker = run.go()
        wrong = verdict(run, checker)
        run.console.print(table(run, checker, wrong))
        run.console.print(json.dumps({"points": dict(run.nemesis.points)}), soft_wrap=True)
        for what in wrong[:40]:
            run.console.print(f"✗ {what}", highlight=False)
    finally:
        if not keep:
            up.down(HOME)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
