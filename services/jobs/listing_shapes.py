"""What callers say and get of listings and orders."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.jobs.domain import listing, listing_silence
from services.jobs.domain.actions import action
from services.jobs.domain.listing import Extra, Listing, Package
from services.jobs.people import PersonShape
from services.jobs.schemas import AmountArg, flag_arg, known_category, one_of
from services.jobs.seen import Seen
from shared import web
from shared.documents import Doc


class PackageWords(Schema):
    """What is sold; the days count from the funding."""

    name = web.Text(listing.NAME_MAX, line=True, required=True)
    price = web.MoneyField(required=True)
    delivery_days = web.Whole(1, listing.DAYS_MAX, required=True)
    revisions = web.Whole(0, listing.REVISIONS_MAX, load_default=2)

    @post_load
    def _package(self, words: dict[str, Any], **_: Any) -> Package:
        return Package(**words)


class OptionWords(Schema):
    """What may be added to any package, and how many days more it takes."""

    name = web.Text(listing.NAME_MAX, line=True, required=True)
    price = web.MoneyField(required=True)
    extra_days = web.Whole(0, listing.DAYS_MAX, load_default=0)

    @post_load
    def _extra(self, words: dict[str, Any], **_: Any) -> Extra:
        return Extra(**words)


class ListingEdit(Schema):
    """What a listing says; each word alone may be changed."""

    title = web.Text(150, line=True)
    description = web.Text(listing.DESCRIPTION_MAX)
    category = web.Text(50, line=True)
    packages = fields.List(
        fields.Nested(PackageWords()), validate=validate.Length(1, listing.PACKAGES_MAX)
    )
    options = fields.List(
        fields.Nested(OptionWords()), validate=validate.Length(max=listing.OPTIONS_MAX)
    )
    capacity = web.Whole(1, listing.CAPACITY_MAX)
    consult = web.Flag()


class ListingWords(ListingEdit):
    """A new draft."""

    title = web.Text(150, line=True, required=True)
    description = web.Text(listing.DESCRIPTION_MAX, required=True)
    category = web.Text(50, line=True, required=True)
    packages = fields.List(
        fields.Nested(PackageWords()),
        required=True,
        validate=validate.Length(1, listing.PACKAGES_MAX),
    )


class ListingListArgs(web.PageArgs):
    """Filters of the list of listings; all must fit.

    `max_amount` is asked of the cheapest package, `min_amount` of the dearest. `mine=true` lists
    one's own, drafts too. Without `state`, those that are published.
    """

    category = fields.String(validate=known_category)
    q = web.Text(200, line=True)
    min_amount = AmountArg()
    max_amount = AmountArg()
    state = one_of(*listing.STATES)
    worker_id = web.IdField("mem")
    mine = flag_arg(load_default=False)
    sort = one_of(*listing.ORDERS, load_default="new")


class OrderWords(Schema):
    """An order: a package by its name, options by theirs, and what the buyer needs."""

    package = web.Text(listing.NAME_MAX, line=True, required=True)
    options = fields.List(
        web.Text(listing.NAME_MAX, line=True), validate=validate.Length(max=listing.OPTIONS_MAX)
    )
    requirements = web.Text(listing.REQUIREMENTS_MAX, required=True)


class PackageShape(Schema):
    """What is sold."""

    name = fields.String(required=True)
    price = web.MoneyShape(required=True)
    delivery_days = fields.Integer(required=True)
    revisions = fields.Integer(required=True)


class OptionShape(Schema):
    """What may be added to any package."""

    name = fields.String(required=True)
    price = web.MoneyShape(required=True)
    extra_days = fields.Integer(required=True)


class ListingShape(Schema):
    """A skill for sale; `orders_free` is how many more orders it takes now.

    `removed` by operators, it is its seller's to see alone, as `warnings` of its words are.
    """

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(listing.STATES))
    title = fields.String(required=True)
    description = fields.String(required=True)
    category = fields.String(required=True)
    packages = fields.List(fields.Nested(PackageShape()), required=True)
    options = fields.List(fields.Nested(OptionShape()), required=True)
    capacity = fields.Integer(required=True)
    orders_free = fields.Integer(required=True)
    consult = fields.Boolean(required=True)
    worker = fields.Nested(PersonShape(), required=True)
    created_at = web.When(required=True)
    published_at = web.When(required=True, allow_none=True)
    removed = fields.Boolean(required=True)
    warnings = fields.List(fields.Nested(web.WarningShape()), required=True)
    next = fields.Nested(web.NextShape(), required=True, allow_none=True)
    actions = fields.List(fields.Nested(web.ActionShape()), required=True)


class ListingListShape(Schema):
    """A page of listings."""

    items = fields.List(fields.Nested(ListingShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OrderShape(Schema):
    """An order that was taken; `contract_id` is null while its seller has to answer the offer."""

    listing_id = fields.String(required=True)
    offer_id = fields.String(required=True)
    contract_id = fields.String(required=True, allow_none=True)


def say_listing(found: Listing, seen: Seen) -> Doc:
    """Return a listing as this caller sees it."""
    return {
        "id": found.id,
        "state": found.state,
        "title": found.title,
        "description": found.description,
        "category": found.category,
        "packages": [
            {
                "name": p.name,
                "price": p.price,
                "delivery_days": p.delivery_days,
                "revisions": p.revisions,
            }
            for p in found.packages
        ],
        "options": [
            {"name": e.name, "price": e.price, "extra_days": e.extra_days} for e in found.options
        ],
        "capacity": found.capacity,
        "orders_free": found.free,
        "consult": found.consult,
        "worker": seen.person(found.worker_id),
        "created_at": found.created_at,
        "published_at": found.published_at,
        "removed": found.seen.state == "removed",
        "warnings": seen.warnings(found.seen, found.worker_id),
        "next": listing_silence.next_step(found),
        "actions": [] if seen.by is None else _actions(found, seen, seen.by),
    }


def _actions(found: Listing, seen: Seen, by: str) -> list[Doc]:
    at, now = f"/v1/listings/{found.id}", seen.now
    bar = seen.standing.bar(found.worker_id)
    if by != found.worker_id:
        return [
            action(
                "order",
                f"{at}/orders",
                lambda: listing.refuse_ordering(found, by=by, bar=bar),
            )
        ]
    return [
        action("edit", at, lambda: listing.edit(found, now=now, by=by, words={}), method="PATCH"),
        action(
            "publish",
            f"{at}/publish",
            lambda: listing.publish(found, now=now, by=by, bar=bar),
        ),
        action("pause", f"{at}/pause", lambda: listing.pause(found, now=now, by=by)),
        action("withdraw", f"{at}/withdraw", lambda: listing.withdraw(found, now=now, by=by)),
    ]
