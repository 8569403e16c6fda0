"""Logging in and out, the sessions there are, the password."""

from typing import Any

from flask import Response, current_app, request

from services.accounts import queries
from services.accounts.schemas import access as schemas
from services.accounts.usecases import factors, sessions
from services.accounts.usecases.tokens import Signer
from shared import web

# Logging in ignores Idempotency-Key: there is no caller yet whose key it could be.
logins = web.blueprint("sessions", __name__, keys=False)
AGENT_MAX = 200


@logins.post("/sessions")
@logins.arguments(schemas.LoginWords())
@logins.response(201, schemas.LoginShape())
@web.public
def log_in(words: dict[str, Any]) -> Response:
    """Log in.

    201 the tokens; 401 bad_credentials, code_required, bad_code; 403 member_suspended;
    422 invalid_words;
    429 too_many_failures (of this account from this address within a minute).
    """
    found = sessions.log_in(
        web.store(), signer(), address=web.address(), agent=_agent(), now=web.now(), **words
    )
    return web.answer(schemas.login(found), 201)


@logins.post("/sessions/refresh")
@logins.arguments(schemas.RefreshWords())
@logins.response(200, schemas.LoginShape())
@web.public
def refresh(words: dict[str, Any]) -> Response:
    """Take new tokens for a refresh token, which is spent by it.

    200 the tokens; 401 bad_refresh_token, session_expired, and refresh_token_reused: the token was
    spent before, and its whole family is revoked; 422 invalid_words.
    """
    return web.answer(
        schemas.login(sessions.refresh(web.store(), signer(), now=web.now(), **words))
    )


@logins.delete("/sessions")
@logins.response(204)
def log_out() -> Response:
    """Log out: the refresh tokens of this login are worth nothing any more.

    204.
    """
    sessions.log_out(web.store(), web.caller().session, now=web.now())
    return web.answer(None, 204)


@logins.get("/sessions")
@logins.response(200, schemas.SessionsShape())
def list_sessions() -> Response:
    """See where one is logged in, the latest login first.

    200 all of them; 403 login_required.
    """
    who = factors.refuse_programs(web.caller())
    found = queries.sessions_of(web.store().db, who.id, now=web.now())
    return web.listing([schemas.session(one, present=who.session) for one in found])


@logins.delete("/sessions/<string(length=36):id>")
@logins.response(204)
def end_session(id: str) -> Response:
    """End one of one's own sessions; one that has ended stays so.

    204; 403 login_required; 404 no_such_session.
    """
    who = factors.refuse_programs(web.caller())
    sessions.end_other(web.store(), who.id, id, now=web.now())
    return web.answer(None, 204)


@logins.put("/me/password")
@logins.arguments(schemas.PasswordChange())
@logins.response(204)
def change_password(words: dict[str, Any]) -> Response:
    """Change the password; every session ends, this one too: log in again.

    204; 403 wrong_password; 404 no_such_member; 422 invalid_words, weak_password;
    429 too_many_failures.
    """
    sessions.change_password(
        web.store(), web.caller().id, address=web.address(), now=web.now(), **words
    )
    return web.answer(None, 204)


def signer() -> Signer:
    """Return what signs this process's tokens."""
    found: Signer = current_app.extensions["accounts_signer"]
    return found


def _agent() -> str:
    """Return what the caller's program calls itself, for the person to know a session by."""
    said = request.user_agent.string[:AGENT_MAX]
    return "".join(c for c in said if c.isprintable())
