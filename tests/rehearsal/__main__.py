"""The command `./dev rehearse`; exit code 0: every alert fired, its runbook helped, it healed."""

import os
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from deploy.dev import up
from deploy.dev.home import Home
from tests.rehearsal.scenes import SCENES
from tests.rehearsal.stage import Stage
from tests.rehearsal.watch import watching

HOME = Home(Path(__file__).resolve().parents[2], ".dev/rehearsal")


@click.command()
@click.argument("names", nargs=-1, metavar="[SCENE...]")
@click.option("--keep", is_flag=True, help="Leave the deployment up afterwards.")
def rehearse(names: tuple[str, ...], keep: bool) -> None:
    """Provoke every alert in a deployment of its own, and follow its runbook.

    A scene is named as its alert, as in events_late; without names all are played.
    """
    if unknown := set(names) - SCENES.keys():
        raise click.UsageError(f"no scene {', '.join(unknown)}; there are {', '.join(SCENES)}")
    console = Console()
    up.down(HOME, wipe=True)
    HOME.dev.mkdir(parents=True, exist_ok=True)
    HOME.clock_file.write_text("0\n")
    failed = []
    try:
        url = up.up(HOME, console, test=True)
        os.environ["UKEOI_ENV_DIR"] = str(HOME.env)
        with watching(HOME) as watch:
            for name in names or SCENES:
                if not _play(Stage(HOME, url, watch, console), name):
                    failed.append(name)
    finally:
        if not keep:
            up.down(HOME, wipe=not failed)
    if failed:
        console.print(f"[red]failed: {', '.join(failed)}[/]; logs are in {HOME.logs}")
    sys.exit(1 if failed else 0)


def _play(stage: Stage, name: str) -> bool:
    began = time.monotonic()
    wrong = ""
    try:
        SCENES[name](stage)
    except AssertionError as why:
        wrong = str(why)
    mark = "[red]✗[/]" if wrong else "[green]✓[/]"
    stage.console.print(f"{mark} {name} ({time.monotonic() - began:.0f} s)", highlight=False)
    for command in stage.typed:
        stage.console.print(f"    $ {command}", markup=False, highlight=False, soft_wrap=True)
    if wrong:
        stage.console.print(wrong, markup=False, highlight=False)
        stage.let_go_on()
        stage.ask_dev("start", "all")
        stage.ask_dev("up", "--test")
    return not wrong


if __name__ == "__main__":
    rehearse(prog_name="./dev rehearse")
