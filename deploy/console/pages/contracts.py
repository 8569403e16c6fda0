"""Contracts that are disputed or overdue: their timeline, and an operator's decision."""

import secrets
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request

from deploy.console import story, words
from deploy.console.asking import Doc, Refused
from deploy.console.signing import PATH, see

blp = Blueprint("contracts", __name__, url_prefix=f"{PATH}/contracts")
SHOWN = 100


@blp.get("")
def list_contracts() -> str:
    """List what is disputed, what is overdue, and what was decided."""
    ask = g.ask
    disputes = ask.get("contracts", f"/v1/contracts/disputes?limit={SHOWN}")
    overdue = ask.get("contracts", f"/v1/ops/contracts/overdue?limit={SHOWN}")
    decisions = ask.get("contracts", "/v1/ops/contracts/decisions")
    late = sorted(disputes["items"], key=lambda it: it["dispute"]["state"] != "escalated")
    return render_template(
        "contracts.html", disputes=late, overdue=overdue["items"], decisions=decisions["items"]
    )


@blp.get("/<id_>")
def show(id_: str) -> str:
    """Show a disputed contract: what each side says, what happened, what silence will do."""
    return _page(id_, {"key": secrets.token_hex(16)})


def _page(id_: str, said: dict[str, Any], problem: str = "") -> str:
    it = g.ask.get("contracts", _path(id_))
    timeline = g.ask.get("contracts", f"{_path(id_)}/timeline")
    return render_template(
        "contract.html",
        it=it,
        timeline=timeline,
        story=story.tell(g.ask, id_),
        said={"worker_gets": "", "reason": "", **said},
        problem=problem,
    )


@blp.post("/<id_>/decide")
def decide(id_: str) -> Response:
    """Divide what is held, with a reason; what cannot be is shown with the words that were said."""
    said = {name: request.form.get(name, "") for name in ("worker_gets", "reason", "key")}
    try:
        path = f"{_path(id_)}/dispute/decide"
        g.ask.post("contracts", path, _words(said), key=said["key"])
    except Refused as no:
        if no.status in (400, 409, 422):
            return Response(_page(id_, said, f"{no.detail} ({no.code})"), no.status)
        raise
    return see(f"{PATH}/contracts/{quote(id_, safe='')}?told=decided")


def _path(id_: str) -> str:
    return f"/v1/contracts/{quote(id_, safe='')}"


def _words(said: dict[str, str]) -> Doc:
    """Return the words of a decision.

    :raises Refused: 422 not_an_amount
    """
    currency = request.form.get("currency", "")
    amount = words.minor_units(said["worker_gets"], currency)
    if amount is None:
        raise Refused(422, "not_an_amount", g.tell("not_an_amount"))
    return {
        "worker_gets": {"amount": amount, "currency": currency},
        "reason": said["reason"],
    }
