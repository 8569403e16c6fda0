"""Members' sanctions and their appeals, each with its reason."""

from urllib.parse import quote

from flask import Blueprint, Response, g, render_template, request

from deploy.console.signing import PATH, see

blp = Blueprint("members", __name__, url_prefix=f"{PATH}/members")


@blp.get("")
def list_appeals() -> str | Response:
    """List the appeals that wait; a member's id leads to the member."""
    if id_ := request.args.get("id", "").strip():
        return see(f"{PATH}/members/{quote(id_, safe='')}")
    said = g.ask.get("accounts", "/v1/members/appeals?limit=100")
    return render_template("members.html", appeals=said["items"])


@blp.get("/<id_>")
def show(id_: str) -> str:
    """Show a member's sanctions, and the form for another."""
    path = _path(id_)
    sanctions = g.ask.get("accounts", f"{path}/sanctions")["items"]
    return render_template("member.html", it=g.ask.get("accounts", path), sanctions=sanctions)


def _path(id_: str) -> str:
    return f"/v1/members/{quote(id_, safe='')}"


@blp.post("/<id_>/sanctions")
def impose(id_: str) -> Response:
    """Warn, suspend or ban, with a reason."""
    said = {"level": request.form.get("level", ""), "reason": request.form.get("reason", "")}
    if said["level"] == "suspend" and (until := request.form.get("until", "")):
        said["until"] = f"{until}T00:00:00.000Z"
    g.ask.post("accounts", f"{_path(id_)}/sanctions", said)
    return see(f"{PATH}/members/{quote(id_, safe='')}?told=imposed")


@blp.post("/<id_>/sanctions/<sanction_id>/<any(uphold, lift):act>")
def answer(id_: str, sanction_id: str, act: str) -> Response:
    """Let a sanction stand, or take it back, with a reason."""
    path = f"{_path(id_)}/sanctions/{quote(sanction_id, safe='')}/{act}"
    g.ask.post("accounts", path, {"reason": request.form.get("reason", "")})
    return see(f"{PATH}/members/{quote(id_, safe='')}?told={act}")
