"""What a service could not do and waits for a person: seen whole, tried again, dropped."""

from urllib.parse import quote

from flask import Blueprint, Response, abort, g, render_template, request

from deploy.console.asking import SERVICES, Doc
from deploy.console.signing import PATH, see

blp = Blueprint("parked", __name__, url_prefix=f"{PATH}/parked")


@blp.get("")
def list_parked() -> str:
    """List what is parked in all services, the oldest first."""
    said = g.ask.everywhere("/v1/ops/{}/parked")
    rows = [{"service": name, **row} for name, it in said.items() if it for row in it["items"]]
    away = [name for name, it in said.items() if it is None]
    return render_template("parked.html", rows=sorted(rows, key=lambda row: row["at"]), away=away)


@blp.get("/<service>/<path:id_>")
def show(service: str, id_: str) -> str:
    """Show one with its message and stack."""
    return render_template("parked_one.html", service=service, it=_of(service, id_))


def _of(service: str, id_: str) -> Doc:
    found: Doc = g.ask.get(*_where(service, id_))
    return found


def _where(service: str, id_: str, act: str = "") -> tuple[str, str]:
    if service not in SERVICES:
        abort(404)
    return service, f"/v1/ops/{service}/parked/{quote(id_, safe='')}{act}"


@blp.post("/<service>/<path:id_>/replay")
def replay(service: str, id_: str) -> Response:
    """Let it be tried again."""
    g.ask.post(*_where(service, id_, "/replay"))
    return see(f"{PATH}/parked?told=replayed")


@blp.post("/<service>/<path:id_>/drop")
def drop(service: str, id_: str) -> Response:
    """Mark it as never to be done, with a reason."""
    g.ask.post(*_where(service, id_, "/drop"), {"reason": request.form.get("reason", "")})
    return see(f"{PATH}/parked?told=dropped")
