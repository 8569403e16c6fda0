"""The command: which rows, how often, and where the figures go."""

import importlib
from pathlib import Path

import click

from tests.bench import report
from tests.bench.measure import Measured, Row, measure
from tests.bench.rig import rigged

ROWS = tuple(f"B{n}" for n in range(1, 11))


@click.command()
@click.argument("names", nargs=-1, metavar="[B1 B2 ...]")
@click.option("--runs", default=5, show_default=True, help="Turns of each contestant.")
@click.option("--quick", is_flag=True, help="Small sizes and one turn: shows that it works.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all figures.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables.")
@click.option(
    "--calm",
    type=float,
    help="Before each turn, wait up to half a minute until others use less than so many cores.",
)
def bench(
    names: tuple[str, ...],
    runs: int,
    quick: bool,
    json_file: Path | None,
    markdown: Path | None,
    calm: float | None,
) -> None:
    """Measure against the floor and the peers; it fails when something broke, not by figures."""
    wanted = [name.upper() for name in names] or list(ROWS)
    if unknown := set(wanted) - set(ROWS):
        raise click.UsageError(f"no row {', '.join(sorted(unknown))}; there are B1 to B10")
    measured: list[Measured] = []
    for name in wanted:
        with rigged(quick=quick) as rig:  # new servers for each row: none inherits another's data
            measured.append(measure(_row(name), rig, runs=1 if quick else runs, calm=calm, say=say))
        click.echo(report.row_table(measured[-1]))
    click.echo(report.goals_table(measured))
    if json_file:
        json_file.write_text(report.as_json(measured, quick=quick))
    if markdown:
        markdown.write_text(report.as_markdown(measured))
    if any(one.broken for one in measured):
        raise SystemExit(1)


def _row(name: str) -> Row:
    row: Row = importlib.import_module(f"tests.bench.rows.{name.lower()}").ROW
    return row


def say(words: str) -> None:
    """Say how far it is, to the person who waits."""
    click.echo(words, err=True)


if __name__ == "__main__":
    bench(prog_name="./dev bench")
