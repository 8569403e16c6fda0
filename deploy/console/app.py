"""The console's web application; gunicorn calls `create_app`."""

import os
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, g, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from deploy.console import asking, signing, words
from deploy.console.asking import Refused
from deploy.console.pages import cases, contracts, ledger, members, overview, parked, session
from deploy.console.signing import PATH
from shared import log as logs
from shared.languages import LANGUAGES

STYLE = Path(__file__).with_name("console.css")
OPEN = {"session.login", "session.sign_in", "style", "health"}
"""What can be asked for without a session."""
BODY_MAX_BYTES = 64 * 1024

log = structlog.get_logger(__name__)


def create_app(addresses: dict[str, str] | None = None, public_url: str | None = None) -> Flask:
    """Return the application; the environment is read unless it is told where the services are."""
    if addresses is None:
        logs.configure("console", os.environ.get("LOG_LEVEL", "info"))
    url = public_url or os.environ.get("PUBLIC_URL", "")
    app = Flask("deploy.console", static_folder=None, template_folder="templates")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(when=words.when, short=words.short)
    app.config.update(
        ADDRESSES=addresses or asking.addresses(),
        SECURE=url.startswith("https:"),
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
    )
    for page in (session, overview, parked, contracts, cases, members, ledger):
        app.register_blueprint(page.blp)
    app.add_url_rule(f"{PATH}/console.css", "style", style)
    for path in ("/healthz", "/readyz"):
        app.add_url_rule(path, "health", healthy)
    app.before_request(admit)
    app.after_request(keep)
    app.context_processor(for_templates)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, unknown)
    app.register_error_handler(Exception, failed)
    return app


def admit() -> Response | None:
    """Let an operator in, everybody else to the login; a form must be one of ours."""
    asked, kept = request.args.get(words.NAME, ""), request.cookies.get(words.LOCALE, "")
    accepted = request.accept_languages.best_match(LANGUAGES)
    g.locale = words.locale_of(asked, kept, accepted)
    g.tell = words.Teller(g.locale)
    g.is_in = False
    if request.endpoint not in OPEN:
        found = signing.present()
        if found is None:
            return signing.to_login()
        g.is_in, g.session, g.ask = True, found, signing.asker(found.access)
    if request.method == "POST":
        signing.check_form()
    return None


def keep(response: Response) -> Response:
    """Give the browser its cookies: the session, the forms' seed, the language."""
    if request.args.get(words.NAME) in LANGUAGES:
        response.set_cookie(words.LOCALE, g.locale, path=PATH, httponly=True, samesite="Strict")
    return signing.keep(response)


def for_templates() -> dict[str, object]:
    """Return what every page may use."""
    told = request.args.get("told", "")
    other = "en" if g.tell.locale == "ja" else "ja"
    query = urlencode({**request.args, words.NAME: other})
    return {
        "in_other_language": f"{request.path}?{query}",
        "t": g.tell,
        "is_in": g.is_in,
        "form_token": signing.form_token,
        "told": told if f"told_{told}" in words.texts() else "",
        "here": request.path,
    }


def style() -> Response:
    """Return the style sheet."""
    return Response(STYLE.read_bytes(), mimetype="text/css")


def healthy() -> Response:
    """Say that this process answers; it needs nothing but the services, which answer for theirs."""
    return Response('{"status":"ok"}', mimetype="application/json")


def refused(no: Refused) -> Response:
    """Show what a service has refused; without a good token to the login."""
    if no.status == HTTPStatus.UNAUTHORIZED and g.get("is_in"):
        return signing.to_login()
    page = render_template("refused.html", code=no.code, detail=no.detail)
    return Response(page, no.status)


def unknown(no: HTTPException) -> Response:
    """Show that there is no such page, or that a form was not one of ours."""
    status = no.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code = "form_expired" if status == HTTPStatus.FORBIDDEN else f"http_{status}"
    if "tell" not in g:
        return Response(str(no), status, mimetype="text/plain")
    detail = g.tell("form_expired") if code == "form_expired" else str(no.name)
    return Response(render_template("refused.html", code=code, detail=detail), status)


def failed(why: Exception) -> Response:
    """Show that it is our fault, and say it to the log."""
    rid = request.headers.get("X-Request-ID", "")
    log.error("failed", path=request.path, request_id=rid, exc_info=why)
    return Response(f"internal error; request {rid}", 500, mimetype="text/plain")
