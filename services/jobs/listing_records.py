"""Listings as documents; they are found as jobs are (`services.jobs.finding`)."""

from dataclasses import asdict, fields

from pymongo import ASCENDING, DESCENDING

from services.jobs.domain import category, listing_silence, text
from services.jobs.domain.listing import Extra, Listing, Order, Package
from services.jobs.domain.wanted import EVERY, facet
from services.jobs.finding import Searched
from shared import moderation
from shared.documents import Doc, Kind
from shared.money import Money

SEARCHED_LISTINGS = Searched(
    "listings",
    {
        "new": ("listings_new", DESCENDING),
        "price": ("listings_price", ASCENDING),
        "amount": ("listings_amount", DESCENDING),
    },
    "listings_words",
)
_MADE = {"id", "packages", "options", "orders", "seen"}
_PLAIN = [field.name for field in fields(Listing) if field.name not in _MADE]


def listing_doc(found: Listing) -> Doc:
    """Return a listing as it is kept; `amount` is what its dearest package costs."""
    said = [f"{package.name}" for package in found.packages]
    words = text.normalised("\n".join((found.title, *said, found.description)))
    prices = found.prices or [0]
    return {
        "_id": found.id,
        **{name: getattr(found, name) for name in _PLAIN},
        "packages": [{**asdict(p), "price": p.price.words()} for p in found.packages],
        "options": [{**asdict(e), "price": e.price.words()} for e in found.options],
        "orders": [asdict(order) for order in found.orders],
        "seen": moderation.plain(found.seen),
        "least": prices[0],
        "text": words,
        "grams": text.grams(words),
        "facets": _facets(found),
        "sort": {
            "new": found.published_at or found.created_at,
            "price": prices[0],
            "amount": prices[-1],
        },
    }


def _facets(found: Listing) -> list[str]:
    of_owner = facet("owner", found.worker_id)
    if found.published_at is None or not found.seen.is_shown:
        return [of_owner]
    parts = (facet("category", id_) for id_ in category.path(found.category))
    return [of_owner, EVERY, facet("worker", found.worker_id), *parts]


def listing_of(doc: Doc) -> Listing:
    """Return the listing that `listing_doc` kept; of before its seller was told, it has no time."""
    kept: Doc = {"told_of": None, **doc}
    return Listing(
        id=doc["_id"],
        packages=tuple(Package(**{**p, "price": Money.of(p["price"])}) for p in doc["packages"]),
        options=tuple(Extra(**{**e, "price": Money.of(e["price"])}) for e in doc["options"]),
        orders=tuple(Order(**order) for order in doc["orders"]),
        seen=moderation.of_plain(doc.get("seen")),
        **{name: kept[name] for name in _PLAIN},
    )


LISTINGS = Kind(
    name="listing",
    prefix="lst",
    collection=SEARCHED_LISTINGS.collection,
    to_doc=listing_doc,
    from_doc=listing_of,
    wake=listing_silence.wake,
    on_wake=listing_silence.on_wake,
    indexes=SEARCHED_LISTINGS.indexes,
)
