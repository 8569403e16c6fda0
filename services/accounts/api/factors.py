"""The second factor, and personal API tokens."""

from typing import Any

from flask import Response

from services.accounts import queries
from services.accounts.api.sessions import signer
from services.accounts.domain import totp
from services.accounts.domain.session import ACCESS_LIFE_S
from services.accounts.schemas import access as schemas
from services.accounts.usecases import factors
from shared import web

# They answer secrets, which are shown once: a replay could not show them again.
second = web.blueprint("second_factor", __name__, keys=False)
programs = web.blueprint("api_tokens", __name__)


@second.post("/me/totp")
@second.arguments(schemas.TotpBegin())
@second.response(201, schemas.TotpShape())
def begin_totp(words: dict[str, Any]) -> Response:
    """Take a secret for an authenticator program; it counts once a first code has been shown.

    201 the secret; 403 wrong_password, login_required; 404 no_such_member; 409 totp_on;
    422 invalid_words; 429 too_many_failures.
    """
    who = factors.refuse_programs(web.caller())
    member, secret = factors.begin_totp(
        web.store(), who.id, address=web.address(), now=web.now(), **words
    )
    return web.answer({"secret": secret, "uri": totp.uri(member, secret)}, 201)


@second.post("/me/totp/on")
@second.arguments(schemas.TotpCode())
@second.response(200, schemas.RecoveryShape())
def confirm_totp(words: dict[str, Any]) -> Response:
    """Switch the second factor on with a first code; the recovery codes are shown this once.

    200 the recovery codes; 403 wrong_code, login_required; 404 no_such_member;
    409 no_totp, totp_on; 422 invalid_words.
    """
    who = factors.refuse_programs(web.caller())
    codes = factors.confirm_totp(web.store(), who.id, now=web.now(), **words)
    return web.answer({"recovery_codes": codes})


@second.post("/me/totp/off")
@second.arguments(schemas.TotpEnd())
@second.response(204)
def end_totp(words: dict[str, Any]) -> Response:
    """Switch the second factor off, with the password and a code.

    204; 403 wrong_password, wrong_code, login_required; 404 no_such_member; 409 no_totp;
    422 invalid_words; 429 too_many_failures.
    """
    who = factors.refuse_programs(web.caller())
    factors.end_totp(web.store(), who.id, address=web.address(), now=web.now(), **words)
    return web.answer(None, 204)


@programs.post("/me/tokens")
@programs.arguments(schemas.ApiTokenWords())
@programs.response(201, schemas.NewApiTokenShape())
def make_token(words: dict[str, Any]) -> Response:
    """Make a personal API token with scopes; its `token` is shown this once.

    201 the token; 403 login_required; 409 too_many_tokens; 422 invalid_words.
    """
    who = factors.refuse_programs(web.caller())
    once = web.once(status=201, location="/v1/me/tokens")
    done, token = factors.make_token(web.store(), who.id, words, once=once, now=web.now())
    said = {**schemas.api_token(done.thing), "token": token}
    return web.answer(said, 201, done=done, location="/v1/me/tokens")


@programs.get("/me/tokens")
@programs.response(200, schemas.ApiTokensShape())
def list_tokens() -> Response:
    """See one's personal API tokens that count, the latest first.

    200 all of them; 403 login_required.
    """
    who = factors.refuse_programs(web.caller())
    found = queries.api_tokens(web.store().db, who.id, now=web.now())
    return web.listing([schemas.api_token(one) for one in found])


@programs.delete("/me/tokens/<id>")
@programs.response(204)
def revoke_token(id: str) -> Response:
    """Take a personal API token back, with what it was exchanged for.

    204; 403 login_required; 404 no_such_api_token.
    """
    who = factors.refuse_programs(web.caller())
    factors.revoke_token(web.store(), who.id, id, now=web.now())
    return web.answer(None, 204)


@second.post("/sessions/exchange")
@second.arguments(schemas.ExchangeWords())
@second.response(201, schemas.AccessShape())
@web.public
def exchange_token(words: dict[str, Any]) -> Response:
    """Take an access token of 15 minutes for a personal API token, within its scopes.

    201 the access token; 401 bad_api_token; 422 invalid_words.
    """
    access = factors.exchange(web.store(), signer(), now=web.now(), **words)
    return web.answer(
        {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_LIFE_S}, 201
    )
