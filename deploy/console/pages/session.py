"""Signing in and out."""

from flask import Blueprint, Response, g, render_template, request

from deploy.console import signing
from deploy.console.asking import Refused
from deploy.console.signing import PATH

blp = Blueprint("session", __name__, url_prefix=PATH)
SAID = ("bad_credentials", "code_required", "bad_code", "ops_only", "too_many_failures")


@blp.get("/login")
def login() -> str:
    """Ask who it is."""
    return _page("", "")


@blp.post("/login")
def sign_in() -> Response:
    """Let an operator in."""
    email = request.form.get("email", "")
    code = request.form.get("code", "").strip()
    try:
        g.session_to_keep = signing.sign_in(email, request.form.get("password", ""), code)
    except Refused as no:
        return Response(_page(no.code, email), no.status)
    return signing.see(signing.safe_target(request.form.get("to", "")))


def _page(problem: str, email: str) -> str:
    where = request.values.get("to", "")
    said = problem if problem in SAID else "other" if problem else ""
    return render_template("login.html", problem=said, email=email, to=where, code=problem)


@blp.post("/logout")
def logout() -> Response:
    """End the login, here and at accounts."""
    signing.sign_out(g.session)
    g.session_to_keep = None
    return signing.see(f"{PATH}/login")
