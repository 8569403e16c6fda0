"""Listings: drafted, found, published, paused, withdrawn; and ordered."""

from typing import Any

from flask import Response

from services.jobs import queries
from services.jobs.api import seeing
from services.jobs.domain import listing
from services.jobs.domain.listing import STATES, Listing
from services.jobs.listing_records import LISTINGS, SEARCHED_LISTINGS
from services.jobs.listing_shapes import (
    ListingEdit,
    ListingListArgs,
    ListingListShape,
    ListingShape,
    ListingWords,
    OrderShape,
    OrderWords,
    say_listing,
)
from services.jobs.queries import search
from services.jobs.seen import Seen
from shared import ids, standing, web
from shared.documents import Done, Loaded
from shared.errors import Unknown
from shared.standing import NOBODYS

blp = web.blueprint("listings", __name__)


@blp.post("/listings")
@blp.arguments(ListingWords())
@blp.response(201, ListingShape())
def draft_listing(words: dict[str, Any]) -> Response:
    """Draft a listing that nobody else sees. 422 mode_not_enabled, invalid_words."""
    listing_id, by, now = ids.new("lst"), web.caller().id, web.now()
    location = f"/v1/listings/{listing_id}"
    drafted, facts = listing.draft(id=listing_id, by=by, now=now, **words)
    once = web.once(status=201, location=location)
    done = web.store().create(LISTINGS, drafted, facts, once=once, now=now)
    return _answer(done, 201, location=location)


@blp.get("/listings")
@web.public
@blp.arguments(ListingListArgs(), location="query")
@blp.response(200, ListingListShape())
def list_listings(words: dict[str, Any]) -> Response:
    """List listings; other people's once they are published. 422 invalid_words, bad_cursor."""
    page = web.page(words)
    docs, cursor = search.find(
        web.store().db,
        seeing.wanted(words, STATES, shown="published", private=("draft", "held")),
        page,
        among=SEARCHED_LISTINGS,
    )
    found = [LISTINGS.from_doc(doc) for doc in docs]
    seen = _seen(*found)
    return web.listing([say_listing(one, seen) for one in found], cursor)


@blp.get("/listings/<id_>")
@web.public
@blp.response(200, ListingShape())
def get_listing(id_: str) -> Response:
    """Return a listing. 404 for one that was never published, except to its seller."""
    loaded = _visible(id_)
    return web.answer(say_listing(loaded.thing, _seen(loaded.thing)), version=loaded.version)


@blp.patch("/listings/<id_>")
@blp.arguments(ListingEdit())
@blp.response(200, ListingShape())
def edit_listing(words: dict[str, Any], id_: str) -> Response:
    """Change what a listing says; orders that run stand on the words of their time.

    403 not_the_worker, 404, 409 wrong_state, removed, would_be_held, 412, 422, 428.
    """
    if_match = web.if_match()
    _visible(id_)
    by, now = web.caller().id, web.now()
    done = web.store().change(
        LISTINGS, id_, listing.edit, now=now, if_match=if_match, by=by, words=words
    )
    return _answer(done)


@blp.post("/listings/<id_>/publish")
@blp.response(200, ListingShape())
def publish_listing(id_: str) -> Response:
    """Offer it to everybody, for the first time or after a pause; what may not be posted is held.

    403 not_the_worker, member_suspended, member_leaving, 404, 409 wrong_state, removed.
    """
    bar = standing.of(web.store().db, web.caller().id).bar()
    return _change(id_, listing.publish, bar=bar)


@blp.post("/listings/<id_>/pause")
@blp.response(200, ListingShape())
def pause_listing(id_: str) -> Response:
    """Take no orders for a while; those that run go on.

    403 not_the_worker, 404, 409 wrong_state.
    """
    return _change(id_, listing.pause)


@blp.post("/listings/<id_>/withdraw")
@blp.response(200, ListingShape())
def withdraw_listing(id_: str) -> Response:
    """Take it back for good; orders that run go on.

    403 not_the_worker, 404, 409 wrong_state.
    """
    return _change(id_, listing.withdraw)


@blp.post("/listings/<id_>/orders")
@blp.arguments(OrderWords())
@blp.response(202, OrderShape())
def order_from_listing(words: dict[str, Any], id_: str) -> Response:
    """Order a package: Location names the contract, to be funded first. Where the seller wants to
    be asked, an offer that they answer first.

    403 own_listing, member_suspended, member_leaving, not_available_to_you, 404,
    409 listing_not_open, no_capacity_left, 422 unknown_package, unknown_option.
    """
    found = _visible(id_).thing
    by, now = web.caller().id, web.now()
    offer_id = ids.new("off")
    contract_id = None if found.consult else ids.new("con")
    location = f"/v1/contracts/{contract_id}" if contract_id else f"/v1/offers/{offer_id}"
    said: dict[str, Any] = {
        "listing_id": id_,
        "offer_id": offer_id,
        "contract_id": contract_id,
    }
    once = web.once(status=202, location=location, **said)
    done = web.store().change(
        LISTINGS,
        id_,
        listing.order,
        once=once,
        now=now,
        by=by,
        bar=standing.of(web.store().db, by, [found.worker_id]).bar(found.worker_id),
        offer_id=offer_id,
        contract_id=contract_id,
        **words,
    )
    kept = {name: done.answer.get(name, value) for name, value in said.items()}
    return web.answer(kept, 202, done=done, location=location)


def _visible(id_: str) -> Loaded[Listing]:
    """Return a listing that the caller may see: published, neither held nor removed; or their own.

    :raises Unknown: `no_such_listing`
    """
    loaded = web.store().load(LISTINGS, id_)
    who = web.caller_or_none()
    found = loaded.thing
    is_shown = found.published_at is not None and found.seen.is_shown
    if not is_shown and (who is None or who.id != found.worker_id):
        raise Unknown("no_such_listing", "there is no such listing")
    return loaded


def _change(id_: str, rule: Any, **words: Any) -> Response:
    _visible(id_)
    once, by, now = web.once(status=200), web.caller().id, web.now()
    return _answer(web.store().change(LISTINGS, id_, rule, once=once, now=now, by=by, **words))


def _answer(done: Done[Listing], status: int = 200, *, location: str | None = None) -> Response:
    said = say_listing(done.thing, _seen(done.thing))
    return web.answer(said, status, done=done, location=location)


def _seen(*found: Listing) -> Seen:
    db, who = web.store().db, web.caller_or_none()
    return Seen(
        by=who.id if who else None,
        now=web.now(),
        language=web.language(),
        names=queries.names(db, (one.worker_id for one in found)),
        standing=standing.of(db, who.id, {one.worker_id for one in found}) if who else NOBODYS,
    )
