"""`python -m deploy.demo --url ...`: exit code 0 only if every step ended as it should."""

import sys
import tomllib
from pathlib import Path

import click
from rich.console import Console

from deploy.demo import acts, steps, telling
from deploy.demo.steps import STEPS, Step
from deploy.demo.story import TROUBLES, Story
from shared import profiles as marketplaces
from ukeoi_client import Ukeoi

PATIENCE_S = 90.0
PLAIN_WIDTH = 120
PROFILES = Path(__file__).resolve().parents[1] / "profiles"


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The gateway.")
@click.option(
    "--patience",
    default=PATIENCE_S,
    show_default=True,
    help="Seconds to go on asking while something is away.",
)
@click.option("--profile", default="", help="Play its modes, an act for each.")
def demo(url: str, patience: float, profile: str) -> None:
    """Play one hire from registration to payout through the gateway, and print what came of it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    with Ukeoi(url, patience_s=patience) as ukeoi:
        story = Story(ukeoi)
        try:
            if not telling.play(story, console, _acts(profile) if profile else STEPS):
                sys.exit(1)
            (telling.tell_ledger if profile else telling.tell_end)(story, console)
        except TROUBLES as wrong:
            console.print(f"✗ {wrong}", markup=False, style="red")
            sys.exit(1)
    console.print("[green]The story ended as it should, and the ledger sums to zero.[/]")


def _acts(profile: str) -> list[Step]:
    """Return the steps of a marketplace: it runs here, an act for each mode, the ledger."""
    here = Step(f"The deployment runs as {profile}", lambda story: acts.runs_as(story, profile))
    modes = marketplaces.read(tomllib.loads((PROFILES / f"{profile}.toml").read_text())).modes
    played = [Step(*acts.ACTS[mode]) for mode in modes]
    return [here, *played, Step("The ledger proves itself", steps.proof)]


if __name__ == "__main__":
    demo()
