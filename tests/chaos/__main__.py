"""`./dev chaos`: run stories, kill processes, heal, count; exit 0 only when nothing was lost."""

import json
import os
import random
import subprocess
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
from deploy.dev.servers import RABBITMQ_SERVER
from shared import clock, ids
from shared.bus import Publisher
from shared.events import Event
from shared.ops import broker_url
from tests.chaos.bugs import BUGS
from tests.chaos.checker import GHOST, Checker
from tests.chaos.nemesis import NETWORK, POINTS, Nemesis
from tests.chaos.stories import STORIES, WEIGHTS, Teller, Told, Unlike, register
from tests.proxy import Proxy
from ukeoi_client import Ukeoi

HOME = Home(Path(__file__).resolve().parents[2], ".dev/chaos")
TELLERS = 12
POOL = 10
DAY_S = 86_400.0
SILENCE_DAYS = (8.0, 8.0, 8.0, 16.0, 16.0)
"""How the clock is moved at the end, so that every timer of every silent story fires in turn."""


class Run:
    """One run: a deployment of its own, stories, faults, the count.

    `brief`: the first story that fails ends it, by raising `Unlike`.
    """

    def __init__(
        self, stories: int, kills: int, seed: int, *, points: bool, brief: bool = False
    ) -> None:
        self.stories, self.kills, self.seed, self.points = stories, kills, seed, points
        self.brief = brief
        self.cuts = max(len(NETWORK), kills // 3) if kills else 0
        self.dice = random.Random(seed)
        self.told = Told()
        self.console = Console()
        ghost = {"delivery_claimed": self._say_to_a_ghost}
        self.nemesis = Nemesis(HOME, random.Random(seed + 1), provoke=ghost)
        self.offset_s = 0.0
        self.url = ""

    def now(self) -> datetime:
        """Return the deployment's time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def go(self) -> Checker:
        """Do all of it and return the checker with its findings."""
        self._move_clock(0)
        self._put_proxies_before_the_servers()
        self.url = up.up(HOME, self.console, test=True)
        os.environ["UKEOI_ENV_DIR"] = str(HOME.env)
        people = self._people()
        self._say_to_a_ghost()
        self._tell_under_fire(people)
        if self.brief and self.told.failed:
            raise Unlike(f"a story failed: {self.told.failed[0]}")
        checker = Checker(self.told, self.now, queued)
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

    def _put_proxies_before_the_servers(self) -> None:
        ports = HOME.choose_ports()
        proxies = {name: Proxy("127.0.0.1", ports[name]) for name in ("mongod", "rabbitmq")}
        self.nemesis.proxies = proxies
        told = " ".join(f"{name}={proxy.port}" for name, proxy in proxies.items())
        os.environ["UKEOI_TEST_PROXIES"] = told

    def _people(self) -> tuple[list[Any], list[Any]]:
        api = Ukeoi(self.url)
        sides = [
            [register(api, f"{side} {n}") for n in range(POOL)] for side in ("client", "worker")
        ]
        api.close()
        return sides[0], sides[1]

    def _tell_under_fire(self, people: tuple[list[Any], list[Any]]) -> None:
        began = time.monotonic()
        # Kills are spread over the time that the stories will take, at about 12 a second.
        every_s = max(0.4, self.stories / 12 / max(1, self.kills))
        faults = [
            threading.Thread(target=self.nemesis.run, args=(self.kills, every_s)),
            threading.Thread(target=self.nemesis.disturb, args=(self.cuts, every_s)),
            threading.Thread(target=self.nemesis.die_at_every_point, args=(self._points(),)),
        ]
        for thread in faults:
            thread.start()
        local, told = threading.local(), 0
        with ThreadPoolExecutor(TELLERS) as pool:
            # Load flows until the last fault has fired: else its healing would prove nothing.
            while told < self.stories or any(thread.is_alive() for thread in faults):
                count = self.stories if told == 0 else TELLERS
                plan = self.dice.choices(list(STORIES), WEIGHTS, k=count)
                jobs = enumerate(plan, start=told)
                list(pool.map(lambda job: self._tell(local, people, *job), jobs))
                told += count
                if self.brief and self.told.failed:
                    self.nemesis.stop.set()
                    break
        for thread in faults:
            thread.join()
        self.console.print(f"{told} stories in {time.monotonic() - began:.0f} s under fire")

    def _points(self) -> tuple[str, ...]:
        if not self.points:
            return ()
        return tuple({p for points in POINTS.values() for p in points} - {"timer_claimed"})

    def _tell(self, local: Any, people: tuple[list[Any], list[Any]], n: int, story: str) -> None:
        if self.brief and self.told.failed:
            return
        if not hasattr(local, "teller"):
            local.teller = Teller(self.url, self.told, self.now, people[0][-1])
        dice = random.Random(self.seed * 1_000_003 + n)
        clients, workers = people
        local.teller.tell(story, dice.choice(clients[:-1]), dice.choice(workers), dice)

    def _die_by_timer(self) -> None:
        """The one point that only silence passes: arm it, let a timer come, and see it die."""
        armed = threading.Thread(
            target=lambda: self.nemesis.die_at("contracts-worker", "timer_claimed"), daemon=True
        )
        armed.start()
        time.sleep(1)
        people = self._people()
        teller = Teller(self.url, self.told, self.now, people[0][-1])
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
        publisher = Publisher(broker_url(), "chaos", only_to="contracts")
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


def queued() -> int:
    """Return how many messages wait in queues or are in the hands of workers."""
    control = str(Path(RABBITMQ_SERVER).with_name("rabbitmqctl"))
    port = json.loads((HOME.dev / "ports.json").read_text())["epmd"]
    epmd = {"ERL_EPMD_PORT": str(port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    env = {**os.environ, "HOME": str(HOME.data / "rabbitmq"), **epmd}
    argv = (control, "-s", "-n", f"ukeoi-{HOME.tag}@localhost", "list_queues", "messages")
    said = subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout
    return sum(int(line) for line in said.split())


def verdict(run: Run, checker: Checker) -> list[str]:
    """Return everything that is wrong with a run; also faults that never fired (I46)."""
    wrong = [*checker.findings, *(f"a story failed: {f}" for f in run.told.failed[:10])]
    nemesis = run.nemesis
    hits = sum(nemesis.kills.values()) + sum(nemesis.pauses.values())
    if hits < run.kills:
        wrong.append(f"only {hits} of {run.kills} kills happened")
    if sum(nemesis.network.values()) < run.cuts:
        wrong.append(f"only {sum(nemesis.network.values())} of {run.cuts} network faults happened")
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
        "network": dict(run.nemesis.network),
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
@click.option("--bugs", is_flag=True, help="Plant each seeded bug in turn; all must be caught.")
def main(stories: int, kills: int, seed: int | None, points: bool, keep: bool, bugs: bool) -> None:
    """Run stories while processes are killed; then count what was lost or done twice."""
    if bugs:
        sys.exit(_plant_each(seed or 1))
    chosen = random.randrange(10**6) if seed is None else seed
    wrong = _one_run(Run(stories, kills, chosen, points=points), keep=keep)
    sys.exit(1 if wrong else 0)


def _one_run(run: Run, *, keep: bool = False) -> list[str]:
    run.console.print(f"seed {run.seed}")
    up.down(HOME, wipe=True)
    try:
        checker = run.go()
        wrong = verdict(run, checker)
        run.console.print(table(run, checker, wrong))
        run.console.print(json.dumps({"points": dict(run.nemesis.points)}), soft_wrap=True)
        for what in wrong[:40]:
            run.console.print(f"✗ {what}", highlight=False, soft_wrap=True)
    finally:
        if not keep:
            up.down(HOME)
    return wrong


def _plant_each(seed: int) -> int:
    """Return how many seeded bugs a run did not find; one without a bug has to find nothing."""
    console, missed = Console(), 0
    os.environ["PYTHONPATH"] = str(Path(__file__).parent / "seeded")
    os.environ.pop("UKEOI_SEEDED_BUG", None)
    if wrong := _short_run(seed):
        console.print(f"a run without a bug is not clean: {wrong[0][:150]}", highlight=False)
        return len(BUGS)
    for bug in BUGS:
        os.environ["UKEOI_SEEDED_BUG"] = bug
        wrong = _short_run(seed)
        missed += not wrong
        found = f"caught: {wrong[0][:150]}" if wrong else "NOT CAUGHT"
        console.print(f"seeded bug {bug}: {found}", highlight=False, soft_wrap=True)
    console.print(f"{len(BUGS) - missed} of {len(BUGS)} seeded bugs were caught")
    return missed


def _short_run(seed: int) -> list[str]:
    try:
        return _one_run(Run(40, 6, seed, points=True, brief=True))
    except Exception as broken:  # noqa: BLE001  (a run that cannot even end has found it)
        return [f"{type(broken).__name__}: {broken}"[:300]]


if __name__ == "__main__":
    main()
