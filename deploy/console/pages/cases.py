"""What was reported or held back: the queue, each case whole, decisions and appeals."""

import secrets
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request

from deploy.console.asking import Doc, Refused
from deploy.console.signing import PATH, see

blp = Blueprint("cases", __name__, url_prefix=f"{PATH}/cases")
ANSWERED_WITH = (400, 403, 409, 422)


@blp.get("")
def list_cases() -> str:
    """List what waits for operators, what is due first first, and what is over."""
    waiting = g.ask.get("accounts", "/v1/cases?limit=100")["items"]
    over = g.ask.get("accounts", "/v1/cases?state=closed&limit=20")["items"]
    return render_template("cases.html", waiting=waiting, over=over)


@blp.get("/<id_>")
def show(id_: str) -> str:
    """Show a case: the words, who reported them, what its author has done before."""
    return _page(id_, {"key": secrets.token_hex(16)})


def _path(id_: str) -> str:
    return f"/v1/cases/{quote(id_, safe='')}"


def _page(id_: str, said: dict[str, Any], problem: str = "") -> str:
    it = g.ask.get("accounts", _path(id_))
    words = {"reason": "", "level": "", "until": "", **said}
    return render_template("case.html", it=it, said=words, problem=problem)


@blp.post("/<id_>/decide")
def decide(id_: str) -> Response:
    """Release, dismiss or remove it, with a reason, and perhaps a sanction of its author."""
    return _answer(id_, "decide")


@blp.post("/<id_>/decide-appeal")
def decide_appeal(id_: str) -> Response:
    """Let the removal stand, or take it back, with a reason."""
    return _answer(id_, "decide-appeal")


def _answer(id_: str, act: str) -> Response:
    said = {name: request.form.get(name, "") for name in ("reason", "level", "until", "key")}
    words: Doc = {"outcome": request.form.get("outcome", ""), "reason": said["reason"]}
    if said["level"]:
        words["sanction"] = {"level": said["level"], "reason": said["reason"]}
        if said["until"]:
            words["sanction"]["until"] = f"{said['until']}T00:00:00.000Z"
    try:
        g.ask.post("accounts", f"{_path(id_)}/{act}", words, key=said["key"])
    except Refused as no:
        if no.status in ANSWERED_WITH:
            return Response(_page(id_, said, f"{no.detail} ({no.code})"), no.status)
        raise
    return see(f"{PATH}/cases/{quote(id_, safe='')}?told=case_decided")
