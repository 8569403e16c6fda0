"""Supervisor keeps one checkout's programs alive: its configuration, its start, its answers."""

import contextlib
import http.client
import os
import re
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from deploy.dev import processes
from deploy.dev.home import Home
from deploy.dev.programs import STOP_TIMEOUT_S, Program

LOG_BYTES = 10_000_000
# Never gives up. A program that falls within a second is tried again after 1 s, 2 s, 3 s...; one
# that ran for longer, at once.
START_SECONDS = 1
START_RETRIES = 1_000_000
EXITED = re.compile(r"exited: (\S+) \(")
STARTED = "supervisord started with pid"
AWAY = (OSError, http.client.HTTPException, xmlrpc.client.Error)


def write_conf(home: Home, programs: Iterable[Program]) -> Path:
    """Write supervisor's configuration; returns its path."""
    sections = [_main_sections(home), *(_program_section(home, program) for program in programs)]
    path = home.run / "supervisord.conf"
    path.write_text("\n\n".join(sections) + "\n")
    path.chmod(0o600)
    return path


def start(home: Home) -> None:
    """Start supervisor, free of this terminal; the orphans of one that was killed end first."""
    processes.end_marked(home)
    home.socket.unlink(missing_ok=True)
    argv = (
        sys.executable,
        "-m",
        "supervisor.supervisord",
        "-c",
        str(home.run / "supervisord.conf"),
    )
    subprocess.run(argv, check=True, cwd=home.root, env=_environment(home))
    deadline = time.monotonic() + 10
    while not is_running(home):
        if time.monotonic() > deadline:
            raise SystemExit(f"supervisor does not answer: see {home.logs / 'supervisord.log'}")
        time.sleep(0.05)


def update(home: Home) -> None:
    """Let a running supervisor read its configuration again and restart what changed."""
    control(home, "update", quiet=True)


def control(home: Home, *words: str, quiet: bool = False) -> None:
    """Say something to supervisor as one would at its own prompt."""
    conf = str(home.run / "supervisord.conf")
    argv = (sys.executable, "-m", "supervisor.supervisorctl", "-c", conf, *words)
    subprocess.run(argv, check=True, cwd=home.root, stdout=subprocess.DEVNULL if quiet else None)


def is_running(home: Home) -> bool:
    """Say whether this checkout's supervisor answers."""
    try:
        return bool(_rpc(home).getState()["statename"] == "RUNNING")
    except AWAY:
        return False


def infos(home: Home) -> dict[str, dict[str, Any]]:
    """Return what supervisor knows by program: `statename`, `pid`, `start`, `now`; {} if away."""
    try:
        found = cast("list[dict[str, Any]]", _rpc(home).getAllProcessInfo())
    except AWAY:
        return {}
    return {info["name"]: info for info in found}


def restarts(home: Home) -> Counter[str]:
    """Count by program how often it fell since supervisor started, as its log tells."""
    logs = sorted(home.logs.glob("supervisord.log*"), reverse=True)
    text = "".join(path.read_text(errors="replace") for path in logs)
    return Counter(EXITED.findall(text.rpartition(STARTED)[2]))


def stop_all(home: Home, *, first: Iterable[str]) -> None:
    """Stop the programs named `first` all at once, then the others, then supervisor itself."""
    names = set(infos(home))
    for group in (names & set(first), names):
        stop(home, group)
    with contextlib.suppress(*AWAY):
        supervisor = Path("/proc", str(_rpc(home).getPID()))
        _rpc(home).shutdown()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while supervisor.exists() and time.monotonic() < deadline:
            time.sleep(0.05)


def stop(home: Home, names: set[str]) -> None:
    """Stop programs, all at once, and wait for them: `update` stops one after the other."""
    for name in names:
        with contextlib.suppress(*AWAY):  # not running, or supervisor died: the sweep ends the rest
            _rpc(home).stopProcess(name, False)
    deadline = time.monotonic() + STOP_TIMEOUT_S + 5
    while time.monotonic() < deadline:
        known = infos(home)
        if not any(known[name]["pid"] for name in names & known.keys()):
            return
        time.sleep(0.05)


def _rpc(home: Home) -> Any:
    transport = SupervisorTransport(None, None, f"unix://{home.socket}")
    return xmlrpc.client.ServerProxy("http://supervisor", transport=transport).supervisor


def _environment(home: Home) -> dict[str, str]:
    """Return what all processes inherit: the caller's, less what is meant for other processes."""
    others = ("PYTHON", "VIRTUAL_ENV", "UKEOI_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    return {**kept, "PYTHONUNBUFFERED": "1", **dict([home.mark])}


def _main_sections(home: Home) -> str:
    return f"""\
[unix_http_server]
file={_literal(home.socket)}
chmod=0700

[supervisorctl]
serverurl=unix://{_literal(home.socket)}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
directory={_literal(home.root)}
logfile={_literal(home.logs / "supervisord.log")}
logfile_maxbytes={LOG_BYTES}
logfile_backups=2
pidfile={_literal(home.run / "supervisord.pid")}
identifier=ukeoi-{home.tag}
user={os.getuid()}"""


def _program_section(home: Home, program: Program) -> str:
    environment = ",".join(f"{key}={_quoted(value)}" for key, value in program.env.items())
    return f"""\
[program:{program.name}]
command={_literal(shlex.join(program.argv))}
environment={environment}
directory={_literal(home.root)}
autorestart=true
startsecs={START_SECONDS}
startretries={START_RETRIES}
stopwaitsecs={STOP_TIMEOUT_S}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={_literal(home.logs / f"{program.name}.log")}
stdout_logfile_maxbytes={LOG_BYTES}
stdout_logfile_backups=2"""


def _literal(value: object) -> str:
    """Escape supervisor's own %-expansion."""
    return str(value).replace("%", "%%")


def _quoted(value: str) -> str:
    return '"' + _literal(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
