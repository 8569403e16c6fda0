"""Leaving the marketplace: begun, looked at under /v1/me, taken back."""

from typing import Any

from flask import Response

from services.accounts.domain import leaving as rules
from services.accounts.records import MEMBERS
from services.accounts.schemas import access
from services.accounts.schemas import people as schemas
from services.accounts.usecases import factors
from services.accounts.usecases import leaving as usecases
from shared import web

# Whoever asks again asks the services again, which is what it is for: no keys.
departures = web.blueprint("leaving", __name__, keys=False)


@departures.post("/me/leave")
@departures.arguments(access.LeaveWords())
@departures.response(202, schemas.MeShape())
def leave(words: dict[str, Any]) -> Response:
    """Leave: what may be withdrawn is withdrawn at once, and nothing new can begin.

    A week later, when nothing is open any more, all that is personal is removed for good.

    `leaving.unmet` says what is in the way; asking again asks the services again. Until it is done
    it can be taken back; unmet for 90 days, one stays a member.

    202 the member; 403 wrong_password, code_required, wrong_code, login_required;
    404 no_such_member; 409 wrong_state; 422 invalid_words; 429 too_many_failures.
    """
    who = factors.refuse_programs(web.caller())
    done = usecases.leave(web.store(), who.id, address=web.address(), now=web.now(), **words)
    return web.answer(schemas.me(done.thing), 202, done=done, location="/v1/me")


@departures.post("/me/stay")
@departures.response(200, schemas.MeShape())
def stay() -> Response:
    """Stay a member after all; what was withdrawn stays withdrawn.

    200 the member; 403 login_required; 404 no_such_member; 409 wrong_state.
    """
    who = factors.refuse_programs(web.caller())
    done = web.store().change(MEMBERS, who.id, rules.stay, now=web.now())
    return web.answer(schemas.me(done.thing), done=done)
