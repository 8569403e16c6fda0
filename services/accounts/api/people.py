"""Registering, one's own account, finding people."""

from typing import Any

from flask import Response

from services.accounts import queries
from services.accounts.domain import member as rules
from services.accounts.records import MEMBERS
from services.accounts.schemas import people as schemas
from services.accounts.usecases import members
from shared import web

SERVICES = ("accounts", "jobs", "contracts", "escrow", "notify")

# Registering and logging in ignore Idempotency-Key: there is no caller yet whose key it could be.
people = web.blueprint("members", __name__, keys=False)


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


@people.get("/me/export")
@people.response(200, schemas.ExportsShape())
def list_exports() -> Response:
    """Say where all that is held about oneself can be had: one address a service.

    200 the addresses.
    """
    found = [{"service": name, "href": f"/v1/exports/{name}"} for name in SERVICES]
    return web.listing(found)


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
