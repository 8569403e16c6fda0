"""A listing: a skill that somebody sells in packages, and the orders that run.

An order takes a place of the listing's `capacity` until its contract has ended. The listing
decides: it takes the place first and says the whole order (`listing.ordered`), from which contracts
makes the contract, or the offer where the seller wants to be asked first (`consult`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.domain import category, looking, market
from services.jobs.domain.terms import Fields
from shared import moderation
from shared.errors import Conflict, Forbidden, Ignored, Invalid, Refused
from shared.events import Fact
from shared.moderation import SHOWN, Seen, Text
from shared.money import AMOUNT_MAX, Money
from shared.moves import Moves, Outcome, next_state

STATES = ("draft", "held", "published", "paused", "withdrawn")
ORDERS = ("new", "price", "amount")
"""How a list may be sorted: the newest, the cheapest, the dearest first."""

PACKAGES_MAX = 10
OPTIONS_MAX = 20
CAPACITY_MAX = 100
NAME_MAX = 100
DESCRIPTION_MAX = 10_000
REQUIREMENTS_MAX = 5_000
DAYS_MAX = 365
REVISIONS_MAX = 20

DRAFT_KEPT = timedelta(days=90)
RENEWED_WITHIN = timedelta(days=365)
"""A listing that nobody edited or ordered for so long is paused; one paused so long, withdrawn."""
TOLD_BEFORE = timedelta(days=14)
"""So long before either its seller is told; nobody else knows of a draft, which says its day."""
ORDER_HEARD_WITHIN = timedelta(days=60)
"""Offers and contracts have timers of their own; this is for the word that never comes."""
CONTRACT_WITHIN = timedelta(days=730)

MOVES: Moves = {
    "edit": {"draft": "draft", "published": "published", "paused": "paused"},
    "publish": {"draft": "published", "paused": "published"},
    "hold": {"draft": "held", "paused": "held"},
    "pause": {"published": "paused"},
    "withdraw": {
        "draft": "withdrawn",
        "held": "withdrawn",
        "published": "withdrawn",
        "paused": "withdrawn",
    },
    "order": {"published": "published"},
    # By nobody's command: operators (or their silence) let a held one out, or remove it; after
    # long silence.
    "let_out": {"held": "published"},
    "return": {"held": "draft"},
    "rest": {"published": "paused"},
    "forget": {"draft": "withdrawn", "paused": "withdrawn"},
}
OVER = frozenset(
    (
        *("offer.declined", "offer.expired", "offer.withdrawn"),
        *("contract.completed", "contract.cancelled"),
    )
)
"""With these an order gives its place back; with `contract.formed` it keeps it for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is sold: for how much, within how many days of funding, with how many revisions."""

    name: str
    price: Money
    delivery_days: int
    revisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What may be added to any package; it may take more days."""

    name: str
    price: Money
    extra_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A running order: `until` is when its place is free even without a word."""

    offer_id: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A skill for sale. `changed_at` is the last act on it; silence counts from there.

    `told_of` is the end by silence of which its seller was told.
    """

    id: str
    worker_id: str
    state: str
    title: str
    description: str
    category: str
    packages: tuple[Package, ...]
    options: tuple[Extra, ...]
    capacity: int
    consult: bool
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None = None
    orders: tuple[Order, ...] = ()
    told_of: datetime | None = None
    # How its words are seen: operators may look before others do, or have removed it.
    seen: Seen = SHOWN

    @property
    def texts(self) -> tuple[str, ...]:
        """Return all that its seller has written in it."""
        names = (one.name for part in (self.packages, self.options) for one in part)
        return (self.title, self.description, *names)

    def said(self) -> Text:
        """Return it as operators are told of it."""
        return Text(
            topic="posting",
            content_id=self.id,
            content_kind="listing",
            where_id=self.id,
            author_id=self.worker_id,
            other_id=None,
            words=f"{self.title}\n{self.description}",
        )

    @property
    def free(self) -> int:
        """Return how many more orders it takes at once."""
        return max(0, self.capacity - len(self.orders))

    @property
    def prices(self) -> list[int]:
        """Return what the packages cost, the cheapest first."""
        return sorted(package.price.amount for package in self.packages)


def draft(*, id: str, by: str, now: datetime, **words: Any) -> Outcome[Listing]:
    """Return a new draft of this member; nobody else hears of it.

    :raises Invalid: `mode_not_enabled`, or `invalid_words` with the fields
    """
    market.refuse_mode("storefront")
    blank = Listing(
        id=id,
        worker_id=by,
        state="draft",
        title="",
        description="",
        category="",
        packages=(),
        options=(),
        capacity=1,
        consult=False,
        created_at=now,
        changed_at=now,
    )
    return _with(blank, words, now=now), []


def edit(listing: Listing, *, now: datetime, by: str, words: Mapping[str, Any]) -> Outcome[Listing]:
    """Change what a listing says; orders that run were made on the words of their time.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`, `removed`; `would_be_held`: what everybody can read cannot come
        to say what is held of a new one
    :raises Invalid: `invalid_words` with the fields
    """
    _refuse_others(listing, by)
    state = next_state(MOVES, listing.state, "edit")
    looking.refuse_removed(listing.seen)
    edited = replace(_with(listing, words, now=now), state=state)
    if listing.published_at is None:
        seen = looking.after_edit(listing, edited)
    else:
        seen = looking.while_public(listing, edited, now=now)
    was_told = listing.told_of is not None and listing.told_of == over_at(listing)
    facts = [Fact("listing.renewed", names(edited))] if was_told else []
    return replace(edited, seen=seen), facts


def _with(listing: Listing, words: Mapping[str, Any], *, now: datetime) -> Listing:
    tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in words.items()
    }
    edited = replace(listing, **tuples, changed_at=now)
    wrong: Fields = {}
    if edited.category not in category.PARTS:
        wrong["category"] = ["Not the id of a category without parts."]
    for name in ("packages", "options"):
        names = [one.name for one in getattr(edited, name)]
        if len(set(names)) < len(names):
            wrong[name] = ["A name stands twice."]
    prices = [package.price for package in edited.packages]
    prices += [extra.price for extra in edited.options]
    if len({price.currency for price in prices}) > 1:
        wrong["packages"] = ["More than one currency."]
    elif prices and sum(price.amount for price in prices) > AMOUNT_MAX:
        wrong["packages"] = [f"Together more than {AMOUNT_MAX}."]
    if wrong:
        raise Invalid("invalid_words", "some of the words are not right", fields=wrong)
    return edited


def publish(listing: Listing, *, now: datetime, by: str, bar: Refused | None) -> Outcome[Listing]:
    """Offer it to everybody, for the first time or after a pause.

    What may not be posted is held, until an operator has looked or silence lets it out.

    :raises Forbidden: `not_the_worker`; or `bar`
    :raises Conflict: `wrong_state`, `removed`
    """
    _refuse_others(listing, by)
    next_state(MOVES, listing.state, "publish")
    looking.refuse_removed(listing.seen)
    if bar:
        raise bar
    listing = replace(listing, changed_at=now, seen=looking.on_publish(listing, now=now))
    if listing.seen.state == "held":
        held = replace(listing, state=next_state(MOVES, listing.state, "hold"))
        return held, [moderation.held(held.said(), held.seen)]
    return go_out(listing, now=now)


def go_out(listing: Listing, *, now: datetime) -> Outcome[Listing]:
    """Offer it to everybody."""
    move = "let_out" if listing.state == "held" else "publish"
    state = next_state(MOVES, listing.state, move)
    published_at = listing.published_at or now
    listing = replace(listing, state=state, changed_at=now, published_at=published_at)
    return listing, [said(listing, "listing.published", category=listing.category)]


def pause(listing: Listing, *, now: datetime, by: str) -> Outcome[Listing]:
    """Take no orders for a while; those that run go on.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse_others(listing, by)
    state = next_state(MOVES, listing.state, "pause")
    listing = replace(listing, state=state, changed_at=now)
    return listing, [said(listing, "listing.paused", reason="worker")]


def withdraw(listing: Listing, *, now: datetime, by: str) -> Outcome[Listing]:
    """Take it back for good; orders that run go on.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse_others(listing, by)
    state = next_state(MOVES, listing.state, "withdraw")
    listing = replace(listing, state=state, changed_at=now)
    return listing, [said(listing, "listing.withdrawn", reason="worker")]


# orders


def order(
    listing: Listing,
    *,
    now: datetime,
    by: str,
    bar: Refused | None,
    offer_id: str,
    contract_id: str | None,
    package: str,
    options: Sequence[str] = (),
    requirements: str,
) -> Outcome[Listing]:
    """Order a package, with options, and say what is needed; it takes a place until it is over.

    :raises Forbidden: `own_listing`; or `bar`
    :raises Conflict: `listing_not_open`, `no_capacity_left`
    :raises Invalid: `unknown_package`, `unknown_option`
    """
    refuse_ordering(listing, by=by, bar=bar)
    chosen = _named(listing.packages, package, "package")
    extras = [_named(listing.options, name, "option") for name in dict.fromkeys(options)]
    words = {
        **names(listing),
        "offer_id": offer_id,
        "contract_id": contract_id,
        "client_id": by,
        "title": f"{listing.title} ({chosen.name})"[:200],
        "package": chosen.name,
        "options": [extra.name for extra in extras],
        "scope": _scope(listing, chosen, extras, requirements),
        "amount": price(chosen, extras).words(),
        "delivery_days": chosen.delivery_days + sum(extra.extra_days for extra in extras),
        "revisions": chosen.revisions,
        "consult": listing.consult,
    }
    placed = Order(offer_id=offer_id, until=now + ORDER_HEARD_WITHIN)
    state = next_state(MOVES, listing.state, "order")
    listing = replace(listing, state=state, orders=(*listing.orders, placed), changed_at=now)
    return listing, [Fact("listing.ordered", words)]


def refuse_ordering(listing: Listing, *, by: str, bar: Refused | None) -> None:
    """Pass when this person may order.

    :raises Forbidden: `own_listing`; or `bar`
    :raises Conflict: `listing_not_open`, `no_capacity_left`
    """
    if by == listing.worker_id:
        raise Forbidden("own_listing", "this is your own listing")
    if bar:
        raise bar
    if listing.state != "published":
        detail = f"it takes no orders: it is {listing.state}"
        raise Conflict("listing_not_open", detail, state=listing.state)
    if listing.free < 1:
        raise Conflict("no_capacity_left", f"{listing.capacity} orders at once, and so many run")


def price(package: Package, extras: Sequence[Extra]) -> Money:
    """Return what a package costs with these options."""
    total = package.price.amount + sum(extra.price.amount for extra in extras)
    return Money(total, package.price.currency)


def _named(among: Sequence[Any], name: str, what: str) -> Any:
    for one in among:
        if one.name == name:
            return one
    where = {what if what == "package" else f"{what}s": [f"There is no {what} {name!r}."]}
    raise Invalid(f"unknown_{what}", f"the listing has no such {what}", fields=where)


def _scope(listing: Listing, package: Package, extras: Sequence[Extra], requirements: str) -> str:
    """Return what is agreed: what was for sale, as it stands now, and what the buyer asks for."""
    sold = " + ".join((package.name, *(extra.name for extra in extras)))
    return f"{listing.title}\n{sold}\n\n{listing.description}\n\n{requirements}"


def hear(
    listing: Listing, *, now: datetime, what: str, offer_id: str, **_: Any
) -> Outcome[Listing]:
    """Note what came of an order.

    :raises Ignored: it has given its place back
    """
    if all(one.offer_id != offer_id for one in listing.orders):
        raise Ignored("crossed", f"no order {offer_id} runs here")
    if what in OVER:
        left = tuple(one for one in listing.orders if one.offer_id != offer_id)
    else:
        until = now + CONTRACT_WITHIN
        left = tuple(
            replace(one, until=until) if one.offer_id == offer_id else one for one in listing.orders
        )
    return replace(listing, orders=left), []


def over_at(listing: Listing) -> datetime | None:
    """Return when silence ends the state that it is in."""
    match listing.state:
        case "withdrawn":
            return None
        case "held":
            return listing.seen.release_at
        case "draft":
            return listing.changed_at + DRAFT_KEPT
    return listing.changed_at + RENEWED_WITHIN


def _refuse_others(listing: Listing, by: str) -> None:
    if by != listing.worker_id:
        raise Forbidden("not_the_worker", "only the seller of a listing may do this")


def names(listing: Listing) -> dict[str, Any]:
    """Return the words by which events name it."""
    return {"listing_id": listing.id, "worker_id": listing.worker_id, "title": listing.title}


def said(listing: Listing, type_: str, **more: Any) -> Fact:
    """Return a fact about this listing."""
    return Fact(type_, {**names(listing), **more})
