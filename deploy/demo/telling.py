"""How the story is told: a line a step while it plays, and tables at its end."""

import time
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from deploy.demo.steps import STEPS, Step
from deploy.demo.story import TROUBLES, Story, Unexpected
from ukeoi_client import Member

Said = dict[str, Any]


def play(story: Story, console: Console, steps: Sequence[Step] = STEPS) -> bool:
    """Play every step; stop at the first that does not go as it should, and say why."""
    for number, step in enumerate(steps, 1):
        label = f"{number:2}/{len(steps)} {step.title}"
        with console.status(label) as status:
            story.api.sender.on_trouble = (
                lambda trouble, label=label: status.update(  # type: ignore[misc]
                    f"{label} [yellow](waiting: {trouble[:100]})"
                )
            )
            began = time.monotonic()
            try:
                note = step.play(story)
            except TROUBLES as wrong:
                _tell_failure(console, label, wrong)
                return False
        console.print(
            f"[green]✓[/] {label} [dim]({time.monotonic() - began:.1f} s)[/]  {note}",
            highlight=False,
            soft_wrap=True,
        )
    return True


def _tell_failure(console: Console, label: str, wrong: Exception) -> None:
    console.print(f"[red]✗ {label}[/]", highlight=False)
    said = (
        {"what": wrong.what, "expected": wrong.expected, "got": wrong.got}
        if isinstance(wrong, Unexpected)
        else {"got": wrong}
    )
    for name, value in said.items():
        console.print(f"  {name:9}{value}", markup=False, highlight=False, soft_wrap=True)


def tell_end(story: Story, console: Console) -> None:
    """Print what is left of the story: the timeline, the wallets, the notices, the ledger."""
    _timeline(story, console)
    for who in (story.client, story.worker):
        _wallet(who, console)
    for who in (story.client, story.worker):
        _notices(who, console)
    tell_ledger(story, console)


def tell_ledger(story: Story, console: Console) -> None:
    """Print the sums of the ledger."""
    _ledger(story.anybody.get("/v1/ledger/proof"), console)


def _timeline(story: Story, console: Console) -> None:
    said = story.client.get(f"/v1/contracts/{story.contract_id}/timeline")
    table = _table("The contract: what happened", "at (UTC)", "what", "by")
    for one in said["past"]:
        table.add_row(_at(one), one["what"], one["by"])
    console.print(table)
    _future(story.forecast, "After the first delivery: what silence would have led to", console)
    _future(said["future"], "Now: what silence will lead to", console)


def _future(future: list[Said], title: str, console: Console) -> None:
    table = _table(title, "at (UTC)", "what", "if")
    for one in future:
        table.add_row(_at(one), one["what"], one["if"])
    if not future:
        table.add_row("", "nothing more", "")
    console.print(table)


def _wallet(who: Member, console: Console) -> None:
    seen = who.get("/v1/wallet")
    title = (
        f"Wallet of {who.name}: {money(seen['available'])} available, "
        f"{money(seen['pending'])} on its way out"
    )
    table = _table(title, "at (UTC)", "kind", "amount", "balance", "for", "steps")
    for one in who.items("/v1/wallet/entries"):
        steps = "\n".join(_step(step) for step in one["steps"] or [])
        what = (one["kind"], money(one["amount"]), money(one["balance"]))
        table.add_row(_at(one), *what, _short(one["ref"]), steps)
    if not table.row_count:
        table.add_row("", "nothing moved")
    console.print(table)


def _step(step: Said) -> str:
    rate = "" if step.get("rate") is None else f" × {step['rate']}"
    return f"{step['name']}: {step.get('base')}{rate} = {step['amount']}"


def _notices(who: Member, console: Console) -> None:
    table = _table(f"What {who.name} was told", "at (UTC)", "to", "told", "")
    for one in reversed(list(who.items("/v1/notifications"))):
        done = "" if one["state"] == "open" else "✓ done" if one["action"] else "moot"
        table.add_row(_at(one), one["action"] or "know", one["title"], done)
    console.print(table)


def _ledger(proof: Said, console: Console) -> None:
    table = _table(f"The ledger: {proof['entries']} entries", "currency", "total")
    parts = sorted({name for sums in proof["currencies"].values() for name in sums} - {"total"})
    for name in parts:
        table.add_column(name)
    for currency, sums in proof["currencies"].items():
        table.add_row(currency, str(sums["total"]), *[str(sums.get(name, 0)) for name in parts])
    console.print(table)
    console.print(
        f"head of its chain: {proof['head']}", markup=False, highlight=False, soft_wrap=True
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _at(one: Said) -> str:
    return f"{one['at'][:10]} {one['at'][11:19]}"


def _short(ref: str) -> str:
    """Return enough of an id to know it again."""
    return f"{ref[:4]}…{ref[-6:]}"


def money(amount: Said) -> str:
    """Write money with its sign: -¥3,750."""
    if amount["currency"] != "JPY":
        return f"{amount['amount'] / 100:,.2f} {amount['currency']}"
    sign = "-" if amount["amount"] < 0 else ""
    return f"{sign}¥{abs(amount['amount']):,}"
