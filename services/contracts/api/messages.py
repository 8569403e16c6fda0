"""Messages, the same under an offer and under a contract; whose they are, the routes ask."""

from flask import Response

from services.contracts import queries
from services.contracts.domain import message
from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import Offer
from services.contracts.records import MESSAGES
from services.contracts.saying import say_message
from shared import ids, web


def write(about: Offer | Contract, text: str) -> Response:
    """Write to the other party.

    :raises Unknown: the caller is no party
    """
    made = message.write(
        about, message_id=ids.new("msg"), by=web.caller().id, text=text, now=web.now()
    )
    done = web.store().create(MESSAGES, *made, once=web.once(status=201), now=web.now())
    return web.answer(say_message(done.thing), 201, done=done)


def read(thread: str, page: web.Page) -> Response:
    """List the messages of an offer or contract, oldest first."""
    docs, cursor = queries.messages(web.store().db, thread, page)
    return web.listing([say_message(MESSAGES.from_doc(doc)) for doc in docs], cursor)
