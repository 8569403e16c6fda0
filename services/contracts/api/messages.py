"""Messages, the same under an offer and under a contract; whose they are, the routes ask."""

from flask import Response

from services.contracts import queries
from services.contracts.domain import message
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.offer import Offer
from services.contracts.records import CONTRACTS, MESSAGES
from services.contracts.saying import say_message
from shared import ids, standing, web
from shared.documents import Doc


def write(about: Offer | Contract, text: str) -> Response:
    """Write to the other party.

    :raises Unknown: the caller is no party
    :raises Forbidden: `not_available_to_you`: there is no contract, and they are kept apart
    """
    store, now, once = web.store(), web.now(), web.once(status=201)
    if once and (before := store.born(MESSAGES, once)):
        return web.answer(_say(before.thing), 201, done=before)
    me = web.caller().id
    other = message.other_party(about, me)
    bar = standing.of(store.db, me, [other]).bar(other)
    made = message.write(
        about,
        message_id=ids.new("msg"),
        by=me,
        text=text,
        now=now,
        bar=bar,
        is_funded=_is_funded(about),
    )
    done = store.create(MESSAGES, *made, once=once, now=now)
    return web.answer(_say(done.thing), 201, done=done)


def read(thread: str, page: web.Page) -> Response:
    """List the messages of an offer or contract, oldest first."""
    docs, cursor = queries.messages(web.store().db, thread, page, by=web.caller().id)
    return web.listing([_say(MESSAGES.from_doc(doc)) for doc in docs], cursor)


def _say(it: Message) -> Doc:
    return say_message(it, web.caller().id, web.language())


def _is_funded(about: Offer | Contract) -> bool:
    """Say whether money was ever held for what these two do together."""
    if isinstance(about, Offer):
        found = web.store().find(CONTRACTS, about.contract_id) if about.contract_id else None
        return found is not None and found.thing.started_at is not None
    return about.started_at is not None
