"""The routes of accounts."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Response, current_app
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from services.accounts import queries, schemas
from services.accounts.domain import member as rules
from services.accounts.records import MEMBERS
from services.accounts.usecases import members, sessions
from services.accounts.usecases.tokens import Signer
from shared import web
from shared.auth import PublicKey

# Registering and logging in ignore Idempotency-Key: there is no caller yet whose key it could be.
people = web.blueprint("members", __name__, keys=False)
logins = web.blueprint("sessions", __name__, keys=False)
key_set = web.blueprint("keys", __name__, prefix="/.well-known")


@people.post("/members")
@people.arguments(schemas.Registration())
@people.response(201, schemas.MeShape())
@web.public
def register(words: dict[str, Any]) -> Response:
    """Register.

    201 the member; 409 email_taken; 422 invalid_words, weak_password.
    """
    done = members.register(web.store(), words, now=web.now())
    location = f"/v1/members/{done.thing.id}"
    return web.answer(schemas.me(done.thing), 201, done=done, location=location)


@people.get("/me")
@people.response(200, schemas.MeShape())
def see_me() -> Response:
    """See one's own account.

    200 the member; 404 no_such_member.
    """
    loaded = web.store().load(MEMBERS, web.caller().id)
    return web.answer(schemas.me(loaded.thing), version=loaded.version)


@people.patch("/me")
@people.arguments(schemas.ProfileChange())
@people.response(200, schemas.MeShape())
def change_me(words: dict[str, Any]) -> Response:
    """Change one's own profile.

    200 the member; 404 no_such_member; 412 stale_version; 422 invalid_words; 428 if_match_required.
    """
    done = web.store().change(
        MEMBERS,
        web.caller().id,
        rules.change_profile,
        now=web.now(),
        if_match=web.if_match(),
        words=words,
    )
    return web.answer(schemas.me(done.thing), done=done)


@people.get("/members/<id>")
@people.response(200, schemas.PublicShape())
@web.public
def see_member(id: str) -> Response:
    """See a member's public profile, record and latest reviews.

    200 the profile; 404 no_such_member.
    """
    db = web.store().db
    doc = queries.public_member(db, id)
    return web.answer(schemas.public(doc, queries.reviews_of(db, id)), version=doc["version"])


@people.get("/members")
@people.arguments(schemas.PeopleQuery(), location="query")
@people.response(200, schemas.PeopleShape())
@web.public
def find_people(words: dict[str, Any]) -> Response:
    """Find people by words in their profile, by a skill, by a category; newest first.

    200 one page; 422 invalid_words, bad_cursor.
    """
    page = web.page(words)
    docs, next_cursor = queries.find_people(web.store().db, page, **words)
    return web.listing([schemas.person(doc) for doc in docs], next_cursor)


@logins.post("/sessions")
@logins.arguments(schemas.Credentials())
@logins.response(201, schemas.LoginShape())
@web.public
def log_in(words: dict[str, Any]) -> Response:
    """Log in.

    201 the tokens; 401 bad_credentials; 403 member_suspended; 422 invalid_words;
    429 too_many_failures (of this account from this address within a minute).
    """
    found = sessions.log_in(web.store(), _signer(), address=web.address(), now=web.now(), **words)
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
        schemas.login(sessions.refresh(web.store(), _signer(), now=web.now(), **words))
    )


@logins.delete("/sessions")
@logins.response(204)
def log_out() -> Response:
    """Log out: the refresh tokens of this login are worth nothing any more.

    204.
    """
    sessions.log_out(web.store(), web.caller().session, now=web.now())
    return web.answer(None, 204)


@key_set.get("/jwks.json")
@key_set.response(200, schemas.KeysShape())
@web.public
def public_keys() -> Response:
    """Read the public keys that access tokens are checked with.

    200 a JSON Web Key Set.
    """
    found = web.keys().public()
    response = web.answer({"keys": [_jwk(kid, key) for kid, key in found.items()]})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _jwk(kid: str, key: PublicKey) -> dict[str, Any]:
    if isinstance(key, Ed25519PublicKey):
        return {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "EdDSA"}
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}


def _signer() -> Signer:
    found: Signer = current_app.extensions["accounts_signer"]
    return found
