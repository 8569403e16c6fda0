"""Brings a checkout's deployment up and waits until all of it is ready; or takes it down."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy import credentials, keys, replica_set
from deploy.dev import processes, programs, supervision
from deploy.dev.home import SERVICES, Home
from deploy.dev.programs import Program
from deploy.documents import site

READY_TIMEOUT_S = 90
ASK_EVERY_S = 0.2


Show = Callable[[dict[str, float], dict[str, str]], None]


class NotReady(Exception):
    """Some programs did not become ready in time; the message names them."""


def up(home: Home, console: Console, *, test: bool = False) -> str:
    """Start what does not run, restart what changed, wait for all; return the gateway's URL."""
    began = time.monotonic()
    home.make()
    running = supervision.is_running(home)
    if not running:
        processes.end_marked(home)
    ports = home.ports() if running else home.choose_ports()
    wanted = _prepare(home, ports, test=test)
    if running:
        supervision.update(home)
    else:
        supervision.start(home)
    _initiate_in_background(home, ports["mongod"])
    wait(home, wanted, console, began)
    url = programs.url(ports)
    home.url_file.write_text(url + "\n")
    console.print(f"ready in {time.monotonic() - began:.1f} s: [bold]{url}[/]", highlight=False)
    return url


def down(home: Home, *, wipe: bool = False) -> int:
    """Stop everything of this checkout, also what supervisor lost; return how many were lost."""
    services = [f"{name}-{kind}" for name in SERVICES for kind in ("web", "worker")]
    if supervision.is_running(home):
        supervision.stop_all(home, first=[*services, "gateway"])
    lost = processes.end_marked(home)
    for path in (home.url_file, home.socket):
        path.unlink(missing_ok=True)
    if wipe:
        for folder in (home.data, home.keys, home.logs, home.run, home.env):
            shutil.rmtree(folder, ignore_errors=True)
        home.clock_file.unlink(missing_ok=True)
    return lost


def is_up(home: Home) -> bool:
    """Say whether this checkout's deployment, of either kind, is up and ready."""
    running = supervision.is_running(home)
    return running and not problems(programs.all_of(home, home.ports()))


def problems(wanted: Iterable[Program]) -> dict[str, str]:
    """Ask every program at once; say by name what is wrong with those that are not ready."""
    chosen = list(wanted)
    with ThreadPoolExecutor(max_workers=len(chosen) or 1) as pool:
        answers = pool.map(lambda program: program.problem(program.port), chosen)
        return {p.name: answer for p, answer in zip(chosen, answers, strict=True) if answer}


def wait(home: Home, wanted: list[Program], console: Console, began: float) -> None:
    """Show the programs getting ready; raises NotReady with their last words when time is over."""
    since = time.monotonic()  # `began` may lie long before, where much had to be restarted
    ready_after: dict[str, float] = {}
    waiting = problems(wanted)
    with _progress(console, wanted, began) as show:
        while True:
            for program in wanted:
                if program.name not in waiting and program.name not in ready_after:
                    ready_after[program.name] = time.monotonic() - began
            show(ready_after, waiting)
            if not waiting:
                return
            if time.monotonic() - since > READY_TIMEOUT_S:
                raise NotReady(_last_words(home, waiting))
            time.sleep(ASK_EVERY_S)
            waiting = problems(p for p in wanted if p.name in waiting)


def _prepare(home: Home, ports: dict[str, int], *, test: bool) -> list[Program]:
    """Write everything that the programs read."""
    keys.ensure(home.keys)
    if test and not home.clock_file.exists():
        home.clock_file.write_text("0\n")
    for name in SERVICES:
        _write_env(home, name, programs.service_env(home, ports, name, test=test))
    _write_env(home, "ops", programs.ops_env(home, ports))
    programs.write_gateway_conf(home, ports)
    site.build(home.gateway / "www")
    wanted = programs.all_of(home, ports, test=test)
    supervision.write_conf(home, wanted)
    return wanted


def _write_env(home: Home, name: str, env: Mapping[str, str]) -> None:
    text = "".join(f"{key}={value}\n" for key, value in env.items())
    path = home.env / f"{name}.env"
    path.touch(mode=0o600)
    path.write_text(text)


def _initiate_in_background(home: Home, port: int) -> None:
    """Make mongod a replica set with its users as soon as it answers; `wait` sees the outcome."""
    address = f"127.0.0.1:{port}"

    def initiate() -> None:
        try:
            replica_set.initiate(f"mongodb://{address}", member=address, patience_s=READY_TIMEOUT_S)
            credentials.make_database_users(home.keys, address, patience_s=READY_TIMEOUT_S)
        except TimeoutError as late:
            print(late, file=sys.stderr)

    threading.Thread(target=initiate, daemon=True).start()


@contextmanager
def _progress(console: Console, wanted: list[Program], began: float) -> Iterator[Show]:
    """Give a function that shows how far all are: a live table, or a line each off a terminal."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield lambda ready, waiting: live.update(_table(wanted, ready, waiting, began))


class _Lines:
    """Says each program once, when it is ready."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[str] = set()

    def __call__(self, ready_after: dict[str, float], waiting: dict[str, str]) -> None:
        for name in ready_after.keys() - self._said:
            self._said.add(name)
            self._console.print(f"{ready_after[name]:5.1f} s  {name} is ready", highlight=False)


def _table(
    wanted: list[Program], ready_after: dict[str, float], waiting: dict[str, str], began: float
) -> Table:
    table = Table(box=None, title=f"{time.monotonic() - began:.0f} s", title_justify="left")
    for heading in ("", "port", ""):
        table.add_column(heading)
    for program in wanted:
        after = ready_after.get(program.name)
        if after is None:
            state = f"[yellow]{waiting.get(program.name, '')}[/]"
        else:
            state = f"[green]ready[/] after {after:.1f} s"
        table.add_row(program.name, str(program.port), state)
    return table


def _last_words(home: Home, waiting: dict[str, str]) -> str:
    words = [f"not ready after {READY_TIMEOUT_S} s:"]
    for name, problem in waiting.items():
        log = home.logs / f"{name}.log"
        tail = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
        words += [f"{name}: {problem}", *(f"    {line}" for line in tail)]
    return "\n".join([*words, "./dev logs NAME shows more; ./dev down stops all."])
