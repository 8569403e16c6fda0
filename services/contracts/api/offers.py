"""Offers: sent to one person, answered, talked about."""

from typing import Any

from flask import Response

from services.contracts import queries, usecases
from services.contracts.api import messages, seeing
from services.contracts.domain import countering, message, offer, rehire
from services.contracts.domain.offer import Offer, Planned
from services.contracts.domain.times import timers
from services.contracts.domain.week import Hourly
from services.contracts.records import CONTRACTS, OFFERS
from services.contracts.saying import say_terms
from services.contracts.schemas import (
    CounterWords,
    MessageWords,
    OfferListArgs,
    OfferWords,
    RehireWords,
)
from services.contracts.shapes import (
    ContractShape,
    MessageListShape,
    MessageShape,
    OfferListShape,
    OfferShape,
)
from shared import ids, web
from shared.documents import Done

blp = web.blueprint("offers", __name__)


@blp.post("/offers")
@blp.arguments(OfferWords())
@blp.response(201, OfferShape())
def send_offer(words: dict[str, Any]) -> Response:
    """Offer work to a person directly.

    At a fixed price (`amount`, `deliver_by`), or by the hour (`hourly`): then the amount is what a
    week costs at most. 403 member_leaving, not_available_to_you, 404 no_such_member,
    409 member_suspended, member_leaving, 422 own_offer, milestones_sum.
    """
    me, now = web.caller().id, web.now()
    offer_id = ids.new("off")
    location = f"/v1/offers/{offer_id}"
    once = web.once(status=201, location=location)
    if once and (before := web.store().born(OFFERS, once)):
        return _answer(before, 201)
    if words["worker_id"] != me:
        queries.require_available(web.store().db, words["worker_id"], by=me)
    made = offer.send(_direct(words, offer_id, me))
    done = web.store().create(OFFERS, *made, once=once, now=now)
    return _answer(done, 201, location=location)


def _direct(words: dict[str, Any], offer_id: str, me: str) -> Offer:
    now, said = web.now(), words.pop("hourly")
    planned = tuple(Planned(**m) for m in words.pop("milestones"))
    terms = None
    if said:
        cap = said.pop("weekly_cap_hours")
        terms = Hourly(cap_hours=cap, **said)
        words |= {"amount": terms.week_costs, "deliver_by": terms.until or now}
    whole = Planned(title=words["title"], amount=words["amount"], deliver_by=words["deliver_by"])
    direct = Offer(
        id=offer_id,
        state="sent",
        client_id=me,
        milestones=planned or (whole,),
        sent_at=now,
        answer_by=now + timers().offer_answer,
        **words,
    )
    return countering.hourly(direct, terms, now) if terms else direct


@blp.post("/contracts/<id_>/rehire")
@blp.arguments(RehireWords())
@blp.response(201, OfferShape())
def rehire_worker(words: dict[str, Any], id_: str) -> Response:
    """Offer work again to the person of a contract that has ended; all words may be left out.

    403 not_the_client, member_leaving, not_available_to_you, 404, 409 not_ended, member_suspended
    or member_leaving, 422 milestones_sum.
    """
    me, offer_id = web.caller().id, ids.new("off")
    location = f"/v1/offers/{offer_id}"
    once = web.once(status=201, location=location)
    if once and (before := web.store().born(OFFERS, once)):
        return _answer(before, 201)
    ended = web.store().get(CONTRACTS, id_)
    words["milestones"] = tuple(Planned(**m) for m in words["milestones"])
    again = rehire.offer_of(ended, by=me, offer_id=offer_id, now=web.now(), **words)
    queries.require_available(web.store().db, ended.worker_id, by=me)
    done = web.store().create(OFFERS, *offer.send(again), once=once, now=web.now())
    return _answer(done, 201, location=location)


@blp.get("/offers")
@blp.arguments(OfferListArgs(), location="query")
@blp.response(200, OfferListShape())
def list_offers(words: dict[str, Any]) -> Response:
    """List the offers one has sent (`role=client`) or got (`role=worker`), newest first."""
    me, page = web.caller().id, web.page(words)
    docs, cursor = queries.of_party(web.store().db, "offers", me, page=page, **words)
    return web.listing(seeing.offers([OFFERS.from_doc(doc) for doc in docs]), cursor)


@blp.get("/offers/<id_>")
@blp.response(200, OfferShape())
def get_offer(id_: str) -> Response:
    """Return an offer to its two parties, with all terms that were on the table. 404."""
    loaded = web.store().load(OFFERS, id_)
    message.other_party(loaded.thing, web.caller().id)
    [said] = seeing.offers([loaded.thing])
    said["history"] = say_terms(web.store().timeline(id_, OFFERS.collection))
    return web.answer(said, version=loaded.version)


@blp.post("/offers/<id_>/accept")
@blp.response(201, ContractShape())
def accept_offer(id_: str) -> Response:
    """Accept the terms on the table; the answer is the contract.

    403 not_the_worker or not_the_client: it is the other's turn; member_leaving; 404,
    409 wrong_state.
    """
    me, now = web.caller().id, web.now()
    contract_id = ids.new("con")
    location = f"/v1/contracts/{contract_id}"
    once = web.once(status=201, location=location)
    done = usecases.accept_offer(
        web.store(), id_, contract_id=contract_id, by=me, once=once, now=now
    )
    [said] = seeing.contracts([done.thing])
    return web.answer(said, 201, done=done, location=location)


@blp.post("/offers/<id_>/counter")
@blp.arguments(CounterWords())
@blp.response(200, OfferShape())
def counter_offer(words: dict[str, Any], id_: str) -> Response:
    """Answer with other terms: the other side's turn, with a time of its own.

    403 not_the_worker or not_the_client: it is the other's turn; member_leaving,
    not_available_to_you; 404, 409 wrong_state or too_many_counters, 422 nothing_changed,
    currency_mismatch, milestones_sum; of hourly work `hourly` is countered: 422 hourly_offer,
    not_hourly.
    """
    if hourly := words.pop("hourly"):
        until = hourly.pop("until")
        words |= {**hourly, "deliver_by": until or words["deliver_by"]}
    words["milestones"] = tuple(Planned(**m) for m in words["milestones"])
    bar = seeing.bar(web.store().get(OFFERS, id_))
    return _answer_offer(id_, countering.counter, bar=bar, **words)


@blp.post("/offers/<id_>/decline")
@blp.response(200, OfferShape())
def decline_offer(id_: str) -> Response:
    """Decline an offer. 403: it is the other's turn; 404, 409 wrong_state."""
    return _answer_offer(id_, offer.decline)


@blp.post("/offers/<id_>/withdraw")
@blp.response(200, OfferShape())
def withdraw_offer(id_: str) -> Response:
    """Take an unanswered offer back. 403 not_the_client, 404, 409 wrong_state."""
    return _answer_offer(id_, offer.withdraw)


def _answer_offer(id_: str, rule: Any, **words: Any) -> Response:
    me, once = web.caller().id, web.once(status=200)
    done = web.store().change(OFFERS, id_, rule, once=once, now=web.now(), by=me, **words)
    return _answer(done)


def _answer(done: Done[Offer], status: int = 200, *, location: str | None = None) -> Response:
    [said] = seeing.offers([done.thing])
    return web.answer(said, status, done=done, location=location)


@blp.post("/offers/<id_>/messages")
@blp.arguments(MessageWords())
@blp.response(201, MessageShape())
def write_about_offer(words: dict[str, Any], id_: str) -> Response:
    """Write to the other party of an offer. 403 member_leaving, not_available_to_you, 404."""
    return messages.write(web.store().get(OFFERS, id_), words["text"])


@blp.get("/offers/<id_>/messages")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, MessageListShape())
def read_about_offer(words: dict[str, Any], id_: str) -> Response:
    """List the messages of an offer, oldest first. 404."""
    message.other_party(web.store().get(OFFERS, id_), web.caller().id)
    return messages.read(id_, web.page(words))
