"""What goes wrong on purpose: a seeded schedule of kills and pauses, and deaths at named points."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.dev import supervision
from deploy.dev.home import SERVICES, Home
from tests.proxy import Proxy

PROCESSES = (
    *(f"{name}-{kind}" for name in SERVICES for kind in ("web", "worker")),
    "gateway",
    "mongod",
    "rabbitmq",
)
SLOW_TO_HEAL = {"mongod": 4.0, "rabbitmq": 12.0}
PAUSE_S = (2.0, 8.0)
PAUSE_SHARE = 0.1
POINT_PATIENCE_S = 90.0

WORKER_POINTS = (
    *("before_write", "after_write", "before_publish", "after_publish", "after_facts"),
    *("after_clear", "before_ack", "after_ack", "delivery_claimed", "timer_claimed"),
)
POINTS: dict[str, tuple[str, ...]] = {
    "contracts-worker": WORKER_POINTS,
    "contracts-web": ("before_write", "after_write", "before_publish", "after_publish"),
    "escrow-worker": ("before_commit", "after_commit"),
    "escrow-web": ("before_outside", "after_outside"),
}
"""Which process is made to die at which named point."""
NETWORK_S = (1.0, 6.0)
DELAY_S = (0.02, 0.3)
NETWORK: dict[str, Callable[[Proxy, random.Random], None]] = {
    "cut": lambda proxy, _: proxy.cut(),
    "half-close": lambda proxy, _: proxy.half_close(),
    "shut": lambda proxy, _: proxy.shut(),
    "stall": lambda proxy, _: proxy.stall(),
    "delay": lambda proxy, dice: proxy.delay(dice.uniform(*DELAY_S)),
}
"""What happens between the services and a server; each is healed after a while."""


@dataclass
class Nemesis:
    """Kills processes of one deployment and counts what it did."""

    home: Home
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    pauses: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    provoke: dict[str, Callable[[], None]] = field(default_factory=dict)
    proxies: dict[str, Proxy] = field(default_factory=dict)
    network: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def pid(self, name: str) -> int:
        """Return the pid of a program now; 0 while it is down."""
        info = supervision.infos(self.home).get(name, {})
        return int(info.get("pid") or 0) if info.get("statename") == "RUNNING" else 0

    def target(self, name: str) -> int:
        """Return the process that works: of gunicorn, the worker below the master."""
        pid = self.pid(name)
        if not pid or not name.endswith("-web"):
            return pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        below = children.read_text().split() if children.exists() else []
        return int(below[0]) if below else 0

    def run(self, kills: int, every_s: float) -> None:
        """Kill so many times, at seeded moments, until told to stop."""
        quiet_until: dict[str, float] = {}
        while sum(self.kills.values()) + sum(self.pauses.values()) < kills:
            if self.stop.wait(self.dice.uniform(0.5, 1.5) * every_s):
                return
            name = self.dice.choice(PROCESSES)
            if quiet_until.get(name, 0.0) > time.monotonic():
                continue
            quiet_until[name] = time.monotonic() + SLOW_TO_HEAL.get(name, 1.0)
            self._hit(name)

    def disturb(self, times: int, every_s: float) -> None:
        """Disturb the network so many times, at seeded moments, each kind in turn."""
        dice = random.Random(self.dice.random())
        for n in range(times):
            if self.stop.wait(dice.uniform(0.5, 1.5) * every_s):
                return
            name = dice.choice(sorted(self.proxies))
            fault = list(NETWORK)[n % len(NETWORK)]
            NETWORK[fault](self.proxies[name], dice)
            self.network[f"{name} {fault}"] += 1
            self.stop.wait(dice.uniform(*NETWORK_S))
            self.proxies[name].heal()

    def _hit(self, name: str) -> None:
        below = self.dice.random() < 0.5
        pid = self.target(name) if below else self.pid(name)
        if not pid:
            return
        if self.dice.random() < PAUSE_SHARE:
            threading.Thread(target=self._pause, args=(name, pid), daemon=True).start()
        elif _send(pid, signal.SIGKILL):
            self.kills[name] += 1

    def _pause(self, name: str, pid: int) -> None:
        if _send(pid, signal.SIGSTOP):
            self.pauses[name] += 1
            time.sleep(self.dice.uniform(*PAUSE_S))
            _send(pid, signal.SIGCONT)

    def die_at(self, name: str, point: str) -> bool:
        """Make a process die at its next pass of a point; False when it never came by.

        It is told every second anew: a process that has just begun does not listen yet. What
        stories do not always lead to is provoked.
        """
        self.provoke.get(point, lambda: None)()
        until = time.monotonic() + POINT_PATIENCE_S
        self.home.faults_file.write_text(f"{point}:1")
        while time.monotonic() < until and not self.stop.is_set():
            if pid := self.target(name):
                _send(pid, signal.SIGUSR2)
            told = time.monotonic()
            while time.monotonic() - told < 1.0:
                if not self.home.faults_file.exists():
                    self.points[f"{name} {point}"] += 1
                    return True
                time.sleep(0.05)
        return False

    def die_at_every_point(self, only: Sequence[str]) -> None:
        """Make processes die at each of these points once; what was never passed is noted."""
        for name, points in POINTS.items():
            for point in points:
                if self.stop.is_set():
                    return
                if point in only and not self.die_at(name, point):
                    self.missed.append(f"{name} {point}")


def _send(pid: int, what: signal.Signals) -> bool:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True
