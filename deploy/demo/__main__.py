"""`python -m deploy.demo --url ...`: exit code 0 only if every step ended as it should."""

import sys

import click
from rich.console import Console

from deploy.demo import telling
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
def demo(url: str, patience: float) -> None:
    """Play one hire from registration to payout through the gateway, and print what came of it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    with Ukeoi(url, patience_s=patience) as ukeoi:
        story = Story(ukeoi)
        try:
            if not telling.play(story, console):
                sys.exit(1)
            telling.tell_end(story, console)
        except TROUBLES as wrong:
            console.print(f"✗ {wrong}", markup=False, style="red")
            sys.exit(1)
    console.print("[green]The story ended as it should, and the ledger sums to zero.[/]")


if __name__ == "__main__":
    demo()
