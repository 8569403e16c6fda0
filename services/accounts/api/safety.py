"""Measures against members: imposed, appealed, upheld, lifted."""

from typing import Any

from flask import Response

from services.accounts import queries
from services.accounts.api.sessions import logins
from services.accounts.domain.member import Member
from services.accounts.records import MEMBERS
from services.accounts.schemas import access as schemas
from services.accounts.usecases import sanctions
from shared import web
from shared.documents import Done

safety = web.blueprint("sanctions", __name__)


@safety.post("/members/<id>/sanctions")
@safety.arguments(schemas.SanctionWords())
@safety.response(201, schemas.SanctionShape())
def impose_sanction(words: dict[str, Any], id: str) -> Response:
    """Warn, suspend (`until` a time) or ban a member, with a reason; operators only.

    201 the sanction; 403 ops_only, own_case; 404 no_such_member; 409 erased, too_many_sanctions;
    422 invalid_words, bad_until.
    """
    made = sanctions.new_id()
    done = sanctions.impose(
        web.store(),
        web.caller(),
        id,
        words,
        once=web.once(status=201, id=made),
        sanction_id=made,
        now=web.now(),
    )
    return _answer(done, done.answer.get("id", made), 201)


@safety.get("/members/<id>/sanctions")
@safety.response(200, schemas.SanctionsShape())
def see_sanctions(id: str) -> Response:
    """See the sanctions of a member, the latest first; operators only.

    200 all of them; 403 ops_only; 404 no_such_member.
    """
    sanctions.refuse_others(web.caller())
    return _list(web.store().get(MEMBERS, id))


@safety.get("/members/appeals")
@safety.arguments(web.PageArgs(), location="query")
@safety.response(200, schemas.SanctionsShape())
def see_appeals(words: dict[str, Any]) -> Response:
    """See the appeals that wait for an operator; operators only.

    200 one page; 403 ops_only; 422 invalid_words, bad_cursor.
    """
    sanctions.refuse_others(web.caller())
    members, next_cursor = queries.appeals(web.store().db, web.page(words))
    found = [
        schemas.sanction(member.id, one)
        for member in members
        for one in member.sanctions
        if one.state == "appealed"
    ]
    return web.listing(found, next_cursor)


@safety.post("/members/<id>/sanctions/<sanction_id>/uphold")
@safety.arguments(schemas.DecisionWords())
@safety.response(200, schemas.SanctionShape())
def uphold_sanction(words: dict[str, Any], id: str, sanction_id: str) -> Response:
    """Answer an appeal: the sanction stays, with a reason; operators only.

    200 the sanction; 403 ops_only, own_case; 404 no_such_member, no_such_sanction;
    409 wrong_state; 422 invalid_words.
    """
    return _decide(id, sanction_id, stays=True, **words)


@safety.post("/members/<id>/sanctions/<sanction_id>/lift")
@safety.arguments(schemas.DecisionWords())
@safety.response(200, schemas.SanctionShape())
def lift_sanction(words: dict[str, Any], id: str, sanction_id: str) -> Response:
    """Take a sanction back, with a reason; operators only.

    200 the sanction; 403 ops_only, own_case; 404 no_such_member, no_such_sanction;
    409 wrong_state; 422 invalid_words.
    """
    return _decide(id, sanction_id, stays=False, **words)


@safety.get("/me/sanctions")
@safety.response(200, schemas.SanctionsShape())
def see_my_sanctions() -> Response:
    """See one's own sanctions with their reasons, the latest first.

    200 all of them; 404 no_such_member.
    """
    return _list(web.store().get(MEMBERS, web.caller().id))


@safety.post("/me/sanctions/<sanction_id>/appeal")
@safety.arguments(schemas.AppealWords())
@safety.response(200, schemas.SanctionShape())
def appeal_sanction(words: dict[str, Any], sanction_id: str) -> Response:
    """Appeal; unanswered within 7 days, the sanction is lifted.

    200 the sanction; 404 no_such_member, no_such_sanction; 409 wrong_state; 422 invalid_words.
    """
    done = sanctions.appeal(
        web.store(),
        web.caller().id,
        sanction_id,
        once=web.once(status=200),
        now=web.now(),
        **words,
    )
    return _answer(done, sanction_id)


# As all of /v1/sessions it ignores Idempotency-Key: there is no caller yet whose key it could be.
@logins.post("/sessions/appeals")
@logins.arguments(schemas.AppealWithoutToken())
@logins.response(200, schemas.SanctionShape())
@web.public
def appeal_suspension(words: dict[str, Any]) -> Response:
    """Appeal a suspension or ban by address and password, for who cannot log in.

    200 the sanction; 401 bad_credentials; 409 not_suspended, wrong_state; 422 invalid_words;
    429 too_many_failures.
    """
    done, sanction_id = sanctions.appeal_without_token(
        web.store(), address=web.address(), now=web.now(), **words
    )
    return _answer(done, sanction_id)


def _decide(member_id: str, sanction_id: str, *, stays: bool, reason: str) -> Response:
    done = sanctions.decide(
        web.store(),
        web.caller(),
        member_id,
        sanction_id,
        stays=stays,
        reason=reason,
        once=web.once(status=200),
        now=web.now(),
    )
    return _answer(done, sanction_id)


def _answer(done: Done[Member], sanction_id: str, status: int = 200) -> Response:
    [one] = [one for one in done.thing.sanctions if one.id == sanction_id]
    location = f"/v1/members/{done.thing.id}/sanctions" if status == 201 else None
    said = schemas.sanction(done.thing.id, one)
    return web.answer(said, status, done=done, location=location)


def _list(member: Member) -> Response:
    found = [schemas.sanction(member.id, one) for one in reversed(member.sanctions)]
    return web.listing(found)
