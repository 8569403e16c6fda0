"""What comes back of mail: bounces, and who wants no more of it. No member calls these."""

from flask import Response, request
from marshmallow import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify import config, letters, queries
from services.notify.schemas.mail import BouncedShape, BounceWords
from services.notify.usecases import mails
from shared import web
from shared.auth import Unauthenticated
from shared.errors import Invalid
from shared.languages import LANGUAGES
from shared.web import Blueprint
from shared.web.fields import flat
from shared.web.strict import parse

blp: Blueprint = web.blueprint("mail", __name__, keys=False)

WORDS = BounceWords()
HTML = "text/html"


@blp.post("/mail-bounces")
@blp.response(200, BouncedShape())
@web.public
@web.raw
def report_bounce() -> Response:
    """A mail server's word that mail did not arrive, signed as Standard Webhooks has it.

    After a `hard` one or a `complaint` no more is sent to the address, and its member is told in
    the inbox; `soft` changes nothing. 400, 401 bad_signature, 422.
    """
    body = request.get_data(cache=False)
    _refuse_unsigned(body)
    words = _read(body)
    count = 0
    if words["kind"] != "soft":
        count = mails.bounce(
            web.store(), address=words["address"], reason=words["kind"], now=web.now()
        )
    return web.answer({"noted": count > 0})


def _read(body: bytes) -> dict[str, str]:
    try:
        return dict(WORDS.load(parse(body)))
    except ValidationError as wrong:
        where = flat(wrong.messages)
        raise Invalid("invalid_words", "some of the words are not right", fields=where) from wrong


def _refuse_unsigned(body: bytes) -> None:
    headers = dict(request.headers.items())
    for secret in config.here().bounce_secrets:
        try:
            Webhook(secret).verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return
    raise Unauthenticated("bad_signature", "this is not signed, or by nobody we know")


@blp.get("/unsubscribe/<token>")
@blp.response(200, content_type=HTML)
@web.public
@web.offers(HTML)
def ask_to_unsubscribe(token: str) -> Response:
    """The page that a mail's link leads to; only its button unsubscribes. 404 no_such_mail."""
    mail = mails.subscribed(web.store(), token)
    return _page(mail.member_id, done=False)


@blp.post("/unsubscribe/<token>")
@blp.response(200, content_type=HTML)
@web.public
@web.raw
@web.offers(HTML)
def unsubscribe(token: str) -> Response:
    """Mail no more of this kind, at one click (RFC 8058); again is the same. 404 no_such_mail."""
    mail = mails.unsubscribe(web.store(), token, now=web.now())
    return _page(mail.member_id, done=True)


def _page(member_id: str, *, done: bool) -> Response:
    locale = queries.locale_of(web.store().db, member_id) or LANGUAGES[0]
    page = Response(letters.unsubscribe_page(locale, done=done), mimetype=HTML)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
