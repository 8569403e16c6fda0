"""The commands behind ./dev, once its environment is installed."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from deploy.dev import audit, checks, containers, engine, home, programs, servers, supervision, up

HOME = home.here()
PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}
PROFILES = click.Choice(
    sorted(path.stem for path in (HOME.root / "deploy/profiles").glob("*.toml"))
)
EXIT_NOT_READY = 1
EXIT_USAGE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def dev() -> None:
    """Run Ukeoi on this machine, all of it private to this checkout."""


@dev.command(name="up")
@click.option("--test", is_flag=True, help="A test deployment: its clock follows .dev/clock.")
def up_command(test: bool) -> None:
    """Start everything and wait until it is ready."""
    _bring_up(test=test)


@dev.command()
@click.option("--wipe", is_flag=True, help="Delete the data, keys and logs as well.")
def down(wipe: bool) -> None:
    """Stop everything, also what lost its supervisor."""
    lost = up.down(HOME, wipe=wipe)
    click.echo("stopped" + (f", and {lost} processes that had lost supervisor" if lost else ""))


@dev.command()
@click.argument("names", nargs=-1)
def restart(names: tuple[str, ...]) -> None:
    """Run changed code: in some programs, or in all services, one after another."""
    _need_running()
    for name in names or [*_services(), "console"]:
        if name.endswith("-web") or name == "console":
            supervision.control(HOME, "signal", "HUP", name)  # gunicorn replaces its workers
        else:
            supervision.control(HOME, "restart", name)


@dev.command()
@click.argument("names", nargs=-1, required=True)
def stop(names: tuple[str, ...]) -> None:
    """Stop programs, and nothing else; `start` brings them back."""
    _need_running()
    supervision.stop(HOME, set(names))


@dev.command()
@click.argument("names", nargs=-1, required=True)
def start(names: tuple[str, ...]) -> None:
    """Start programs that were stopped."""
    _need_running()
    supervision.control(HOME, "start", *names)


@dev.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show each program's state; the exit code is 0 when all are ready."""
    rows = _status_rows()
    if as_json:
        click.echo(json.dumps({"url": programs.url(HOME.ports()), "programs": rows}, indent=2))
    else:
        _need_running()
        Console().print(_status_table(rows))
    sys.exit(0 if all(row["ready"] for row in rows) else EXIT_NOT_READY)


@dev.command()
@click.argument("names", nargs=-1)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines arrive.")
@click.option("-n", "--lines", default=100, show_default=True)
def logs(names: tuple[str, ...], follow: bool, lines: int) -> None:
    """Show the end of the logs, of all programs or of those named."""
    known = {path.stem: path for path in sorted(HOME.logs.glob("*.log"))}
    if missing := set(names) - known.keys():
        raise click.UsageError(f"no log of {', '.join(missing)}; there are {', '.join(known)}")
    chosen = [str(known[name]) for name in names or known]
    if not chosen:
        raise click.ClickException("there are no logs: nothing was started yet")
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *chosen])


@dev.command()
def check() -> None:
    """Check format, lint, types, imports, Compose and gateway; no tests."""
    sys.exit(checks.check())


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(words: tuple[str, ...]) -> None:
    """Check, then run the tests; words go on to pytest."""
    checked = checks.check()
    tested = checks.pytest(*words)
    if checked:
        click.echo("the tests ran, but the checks before them failed", err=True)
    sys.exit(checked or tested)


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def fast(words: tuple[str, ...]) -> None:
    """Run only the tests that need no backend."""
    sys.exit(checks.pytest("-m", "pure", *words))


@dev.command()
def lock() -> None:
    """Write deploy/requirements*.txt anew from pyproject.toml."""
    checks.lock()


@dev.command()
def documents() -> None:
    """Write docs/openapi.json, docs/events/ and the client's calls anew, from the code."""
    _run_module("deploy.documents")


@dev.command(name="audit")
def audit_command() -> None:
    """Ask about known vulnerabilities of the pinned packages; needs the internet.

    Exit code 0: none; 1: some; 2: not everything could be asked about.
    """
    found = audit.audit(checks.BIN / "uv", [HOME.root / path for path in checks.LOCKS])
    for line in found.lines():
        click.echo(line)
    sys.exit(found.verdict())


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option("--profile", type=PROFILES, help="Run as this marketplace, and play all its modes.")
def demo(words: tuple[str, ...], profile: str | None) -> None:
    """Tell a few stories over HTTP and print what happened."""
    _need_module("deploy.demo")
    if profile:
        url = _bring_up_as(profile)
        _run_module("deploy.demo", "--url", url, "--profile", profile, *words)
    url = programs.url(HOME.ports()) if up.is_up(HOME) else _bring_up()
    _run_module("deploy.demo", "--url", url, *words)


def _services() -> list[str]:
    return [f"{name}-{kind}" for name in home.SERVICES for kind in ("web", "worker")]


def _bring_up_as(profile: str) -> str:
    """Start as this marketplace, or restart what runs as another; its data stays."""
    os.environ["PROFILE"] = profile
    running = _env_of("escrow") if supervision.is_running(HOME) else {}
    if running:
        before = running["PROFILE"]
        anew = "as before" if before == profile else f"restarted, until now as {before}"
        click.echo(f"the deployment runs as {profile} ({anew})")
        if before != profile:
            supervision.stop(HOME, set(_services()))
    return _bring_up(test="UKEOI_TEST_DEPLOYMENT" in running)


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def ops(words: tuple[str, ...]) -> None:
    """Operators' commands, on the running deployment; `reconcile` compares with a provider."""
    if words[:1] == ("reconcile",):
        _run_module("services.escrow.reconcile", *words[1:])
    else:
        _run_module("deploy.ops", *words)


@dev.command(context_settings=PASS_ON)
@click.argument("service", type=click.Choice(home.SERVICES))
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def run(service: str, words: tuple[str, ...]) -> None:
    """Run a service's own command, as in: run accounts make-operator MAIL."""
    if not words:
        raise click.UsageError("say which command: without one it would be a second worker")
    _run_module(f"services.{service}", *words, env=_env_of(service))


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def bench(words: tuple[str, ...]) -> None:
    """Measure against the floor and the peers."""
    _run_module("tests.bench", *words)


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def rehearse(words: tuple[str, ...]) -> None:
    """Provoke every alert in a deployment of its own, and follow its runbook."""
    _run_module("tests.rehearsal", *words)


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def chaos(words: tuple[str, ...]) -> None:
    """Kill and cut while stories run, then count what was lost."""
    _run_module("tests.chaos", *words)


@dev.command()
def images() -> None:
    """Build every image from Debian packages and PyPI, where there is no registry."""
    try:
        containers.stack(HOME).build()
    except engine.NoEngine as problem:
        raise click.ClickException(str(problem)) from None


@dev.command(context_settings=PASS_ON)
@click.argument("command", default="ps")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def compose(command: str, words: tuple[str, ...]) -> None:
    """Run the stack in containers built here: up, demo, roll, down, or what Compose knows."""
    try:
        sys.exit(_compose(containers.stack(HOME), command, words))
    except (engine.NoEngine, containers.Wrong) as problem:
        raise click.ClickException(str(problem)) from None


def _compose(stack: containers.Stack, command: str, words: tuple[str, ...]) -> int:
    if command == "up":
        stack.up(*words)
        click.echo(stack.url)
    elif command == "demo":
        stack.up()
        _run_module("deploy.demo", "--url", stack.url, *words)
    elif command == "roll":
        stack.roll(*words)
    else:
        code = stack.compose(command, *words)
        if command == "down":
            engine.stop(HOME)
        return code
    return 0


@dev.command(context_settings=PASS_ON)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def fuzz(words: tuple[str, ...]) -> None:
    """Send made-up requests to all services; print what was found."""
    _run_module("tests.edge.fuzz", *words)


def _bring_up(*, test: bool = False) -> str:
    try:
        return up.up(HOME, Console(), test=test)
    except (servers.Missing, up.NotReady) as problem:
        raise click.ClickException(str(problem)) from None


def _need_running() -> None:
    if not supervision.is_running(HOME):
        raise click.ClickException("nothing runs here: ./dev up")


def _need_module(name: str) -> None:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        click.echo(f"this checkout has no {name} yet", err=True)
        sys.exit(EXIT_USAGE)


def _run_module(name: str, *words: str, env: Mapping[str, str] | None = None) -> None:
    """Run a module of the checkout in the environment of the deployment."""
    _need_module(name)
    told = {**os.environ, "UKEOI_ENV_DIR": str(HOME.env), **(env or {})}
    argv = (sys.executable, "-m", name, *words)
    sys.exit(subprocess.run(argv, cwd=HOME.root, env=told, check=False).returncode)


def _env_of(service: str) -> dict[str, str]:
    """Return what the running service was told."""
    path = HOME.env / f"{service}.env"
    if not path.exists():
        raise click.ClickException("nothing was started here yet: ./dev up")
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, _, value in pairs}


def _status_rows() -> list[dict[str, Any]]:
    known, fallen = supervision.infos(HOME), supervision.restarts(HOME)
    wanted = programs.all_of(HOME, HOME.ports())
    wrong = up.problems(wanted) if known else {}
    return [
        {
            "name": program.name,
            "state": known.get(program.name, {}).get("statename", "DOWN").lower(),
            "ready": bool(known) and program.name not in wrong,
            "problem": wrong.get(program.name, ""),
            "port": program.port,
            "pid": known.get(program.name, {}).get("pid") or None,
            "uptime_s": _uptime_s(known.get(program.name, {})),
            "restarts": fallen[program.name],
        }
        for program in wanted
    ]


def _uptime_s(info: dict[str, Any]) -> int:
    return int(info["now"] - info["start"]) if info.get("pid") else 0


def _status_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None)
    for heading in ("program", "state", "ready", "port", "pid", "up", "restarts"):
        table.add_column(heading)
    for row in rows:
        state = "green" if row["state"] == "running" else "red"
        ready = "[green]yes[/]" if row["ready"] else f"[red]{row['problem'] or 'no'}[/]"
        pid, uptime, fallen = str(row["pid"] or "-"), f"{row['uptime_s']} s", str(row["restarts"])
        words = (f"[{state}]{row['state']}[/]", ready, str(row["port"]), pid, uptime, fallen)
        table.add_row(row["name"], *words)
    return table


if __name__ == "__main__":
    dev(prog_name="./dev")
