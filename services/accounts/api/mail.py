"""What is done with a code from a letter: confirming an address, setting another password."""

from typing import Any

from flask import Response

from services.accounts.schemas import access as schemas
from services.accounts.usecases import letters
from shared import web

mail = web.blueprint("letters", __name__)


@mail.post("/email-verifications")
@mail.response(202, schemas.AskedShape())
def ask_verification() -> Response:
    """Ask for a letter that confirms one's own address.

    202 it will be sent; 404 no_such_member; 409 already_verified; 429 too_many_letters.
    """
    done = letters.ask_verification(
        web.store(),
        web.caller().id,
        address=web.address(),
        once=web.once(status=202),
        now=web.now(),
    )
    return web.answer(schemas.asked(done.thing), 202, done=done)


@mail.put("/email-verifications/<token>")
@mail.response(204)
@web.public
def verify(token: str) -> Response:
    """Confirm an address with the code of a letter, once.

    204; 404 no_such_code: never sent, used, too old, or of an address that has been changed.
    """
    letters.verify(web.store(), token, now=web.now())
    return web.answer(None, 204)


@mail.post("/password-resets")
@mail.arguments(schemas.ResetAsked())
@mail.response(202, schemas.AskedShape())
@web.public
def ask_reset(words: dict[str, Any]) -> Response:
    """Ask for a letter with which the password can be set; it says nothing of who has an account.

    202 if there is an account, a letter will be sent; 422 invalid_words; 429 too_many_letters.
    """
    done = letters.ask_reset(
        web.store(),
        words["email"],
        address=web.address(),
        once=web.once(status=202),
        now=web.now(),
    )
    return web.answer(schemas.asked(done.thing), 202, done=done)


@mail.put("/password-resets/<token>")
@mail.arguments(schemas.ResetWords())
@mail.response(204)
@web.public
def reset(words: dict[str, Any], token: str) -> Response:
    """Set another password with the code of a letter, once; every session ends.

    204; 404 no_such_code: never sent, used, too old, or the password was changed since;
    422 invalid_words, weak_password.
    """
    letters.reset(web.store(), token, words["password"], now=web.now())
    return web.answer(None, 204)
