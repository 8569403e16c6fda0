"""Messages, the same under an offer and under a contract; whose they are, the routes ask."""

from flask import Response

from services.contracts import queries
from services.contracts.domain import message
from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import Offer
from services.contracts.records import MESSAGES
from services.contracts.saying import say_message
from shared import ids, standing, web


def write(about: Offer | Contract, text: str) -> Response:
    """Write to the other party.

    :raises Unknown: the caller is no party
    :raises Forbidden: `not_available_to_you`: there is no contract, and they are kept apart
    """
    store, now, once = web.store(), web.now(), web.once(status=201)
    if once and (before := store.born(MESSAGES, once)):
        return web.answer(say_message(before.thing), 201, done=before)
    me = web.caller().id
    other = message.other_party(about, me)
    bar = standing.of(store.db, me, [other]).bar(other)
    made = message.write(about, message_id=ids.new("msg"), by=me, text=text, now=now, bar=bar)
    done = store.create(MESSAGES, *made, once=once, now=now)
    return web.answer(say_message(done.thing), 201, done=done)


def read(thread: str, page: web.Page) -> Response:
    """List the messages of an offer or contract, oldest first."""
    docs, cursor = queries.messages(web.store().db, thread, page)
    return web.listing([say_message(MESSAGES.from_doc(doc)) for doc in docs], cursor)
