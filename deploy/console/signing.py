"""Signing in and out: an operator's tokens in a cookie that pages cannot read, and forms' proof.

The cookie holds the tokens that accounts gave; nothing is kept here. It ends with the access token,
15 minutes after the last page, and `SameSite=Strict` keeps it from what other sites link to. Each
form carries a hash of another such cookie: who cannot read that cookie cannot make the form.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, current_app, g, request
from werkzeug.exceptions import Forbidden

from deploy.console.asking import Asker, Away, Refused

SESSION, FORM = "console_session", "console_form"
RENEW_BEFORE_S = 300
"""A page that is asked for so shortly before the end takes new tokens."""
LATELY_MAX = 100
PATH = "/console"

_turn = threading.Lock()
_renewed_lately: "OrderedDict[str, Session]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens of an operator, and when the access token ends by this process's own clock."""

    access: str
    refresh: str
    until: float


def asker(token: str = "") -> Asker:
    """Return who asks the services during this request."""
    return Asker(
        addresses=current_app.config["ADDRESSES"],
        token=token,
        seen_from=request.headers.get("X-Forwarded-For", request.remote_addr or ""),
        agent=request.headers.get("User-Agent", ""),
        request_id=request.headers.get("X-Request-ID", ""),
    )


def sign_in(email: str, password: str, code: str) -> Session:
    """Return the session of an operator.

    :raises Refused: accounts refuses, or this is no operator: then the login is ended again
    """
    words = {"email": email, "password": password, **({"code": code} if code else {})}
    session = _session(asker().post("accounts", "/v1/sessions", words))
    try:
        asker(session.access).get("accounts", "/v1/ops/accounts/status")
    except Refused:
        sign_out(session)
        raise
    return session


def sign_out(session: Session) -> None:
    """End a login; one that has ended already stays so."""
    try:
        asker(session.access).send("accounts", "DELETE", "/v1/sessions")
    except Refused:
        return


def _session(said: dict[str, Any]) -> Session:
    until = time.time() + said["expires_in"]
    return Session(said["access_token"], said["refresh_token"], until)


def present() -> Session | None:
    """Return the session of this request, renewed when it ends soon and a page is asked for."""
    session = _unpack(request.cookies.get(SESSION, ""))
    if session is None or session.until <= time.time():
        return None
    if request.method == "GET" and session.until - time.time() < RENEW_BEFORE_S:
        session = _renewed(session)
        g.session_to_keep = session
    return session


def _renewed(session: Session) -> Session | None:
    """Return new tokens; to two pages that are asked for at once the same, as tokens renew once."""
    with _turn:
        if session.refresh in _renewed_lately:
            return _renewed_lately[session.refresh]
        words = {"refresh_token": session.refresh}
        try:
            new = _session(asker().post("accounts", "/v1/sessions/refresh", words))
        except Away:
            return session  # what is left of it serves meanwhile
        except Refused:
            return None
        _renewed_lately[session.refresh] = new
        while len(_renewed_lately) > LATELY_MAX:
            _renewed_lately.popitem(last=False)
        return new


def _pack(session: Session) -> str:
    words = [session.access, session.refresh, session.until]
    return base64.urlsafe_b64encode(orjson.dumps(words)).decode()


def _unpack(text: str) -> Session | None:
    try:
        access, refresh, until = orjson.loads(base64.urlsafe_b64decode(text.encode()))
        return Session(str(access), str(refresh), float(until))
    except (binascii.Error, ValueError, TypeError):
        return None


# Forms


def form_token() -> str:
    """Return what a form of this browser must carry."""
    if "form_seed" not in g:
        g.form_seed = request.cookies.get(FORM) or secrets.token_urlsafe(32)
    return hashlib.sha256(f"form {g.form_seed}".encode()).hexdigest()


def check_form() -> None:
    """Pass when this form was made for this browser.

    :raises Forbidden: 403
    """
    if not request.cookies.get(FORM):
        raise Forbidden
    if not hmac.compare_digest(request.form.get("form", "").encode(), form_token().encode()):
        raise Forbidden


# Cookies


def keep(response: Response) -> Response:
    """Give the browser what it is to keep."""
    if (seed := g.get("form_seed")) and seed != request.cookies.get(FORM):
        _set(response, FORM, seed)
    if "session_to_keep" in g:
        session: Session | None = g.session_to_keep
        if session is None:
            _set(response, SESSION, "", 0)
        else:
            _set(response, SESSION, _pack(session), int(session.until - time.time()))
    return response


def _set(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=PATH,
        secure=current_app.config["SECURE"],
        httponly=True,
        samesite="Strict",
    )


def to_login() -> Response:
    """Send the browser to the login, and back to this page after it."""
    g.session_to_keep = None
    where = request.full_path.rstrip("?") if request.method == "GET" else PATH
    return see(f"{PATH}/login" if where == PATH else f"{PATH}/login?to={quote(where, safe='/')}")


def see(where: str) -> Response:
    """Send the browser to a page of ours."""
    return Response(status=303, headers={"Location": where})


def safe_target(text: str) -> str:
    """Return a page of the console to go to after the login, whatever was asked for."""
    is_ours = text.startswith(f"{PATH}/") and "\\" not in text and "//" not in text
    return text if is_ours and text.isprintable() else PATH
