"""The ledger's proof as a chart: where the money is, and that all of it comes to nothing."""

from typing import Any

from flask import Blueprint, g, render_template

from deploy.console.signing import PATH

blp = Blueprint("ledger", __name__, url_prefix=f"{PATH}/ledger")

WIDTH, LEFT, RIGHT, ROW = 760, 130, 130, 30
"""Of the chart, in its own units: the labels stand left, the amounts right."""


@blp.get("")
def show() -> str:
    """Draw each currency's parts."""
    proof = g.ask.get("escrow", "/v1/ledger/proof")
    charts = [chart(currency, parts) for currency, parts in proof["currencies"].items()]
    return render_template("ledger.html", charts=charts, proof=proof)


def chart(currency: str, parts: dict[str, int]) -> dict[str, Any]:
    """Return a bar for each part, from the line of zero to its right or left."""
    shown = {name: amount for name, amount in parts.items() if name != "total"}
    low, high = min(0, *shown.values()), max(0, *shown.values())
    scale = (WIDTH - LEFT - RIGHT) / ((high - low) or 1)
    zero = LEFT - low * scale
    bars = [
        {
            "part": name,
            "amount": amount,
            "y": n * ROW,
            "x": round(min(zero, zero + amount * scale), 1),
            "width": round(max(abs(amount) * scale, 1), 1),
            "sign": "plus" if amount >= 0 else "minus",
        }
        for n, (name, amount) in enumerate(shown.items())
    ]
    size = {"width": WIDTH, "height": ROW * len(bars), "zero": round(zero, 1)}
    return {"currency": currency, "total": parts["total"], "bars": bars, **size}
