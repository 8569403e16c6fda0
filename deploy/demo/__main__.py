"""`python -m deploy.demo --url ...`: exit code 0 only if every step ended as it should."""

import sys

import click
from rich.console import Console

from deploy.demo import steps, telling
from deploy.demo.acts import ACTS
from deploy.demo.steps import STEPS, Step
from deploy.demo.story import TROUBLES, Story
from ukeoi_client import Ukeoi

PATIENCE_S = 90.0
PLAIN_WIDTH = 120


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The gateway.")
@click.option(
    "--patience",
    default=PATIENCE_S,
    show_default=True,
    help="Seconds to go on asking while something is away.",
)
@click.option("--modes", default="", help="Play one act for each of these modes instead: a,b,c.")
def demo(url: str, patience: float, modes: str) -> None:
    """Play one hire from registration to payout through the gateway, and print what came of it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    with Ukeoi(url, patience_s=patience) as ukeoi:
        story = Story(ukeoi)
        try:
            if not telling.play(story, console, _acts(modes) if modes else STEPS):
                sys.exit(1)
            (telling.tell_ledger if modes else telling.tell_end)(story, console)
        except TROUBLES as wrong:
            console.print(f"✗ {wrong}", markup=False, style="red")
            sys.exit(1)
    console.print("[green]The story ended as it should, and the ledger sums to zero.[/]")


def _acts(modes: str) -> list[Step]:
    acts = [Step(*ACTS[mode]) for mode in modes.split(",")]
    return [*acts, Step("The ledger proves itself", steps.proof)]


if __name__ == "__main__":
    demo()
