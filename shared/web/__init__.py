"""The HTTP edge of every service: strict in, problems out, one line a request.

    blp = web.blueprint("offers", __name__)

    @blp.post("/offers/<id>/accept")
    @blp.arguments(Words())            # a schema instance; without one the body must be empty
    @blp.response(201, ContractShape())
    def accept(words, id): ...         # the docstring names the refusals: 404, 409 wrong_state

Every route needs a good token before anything else of it is looked at; `@web.public` (below
`@blp.get`) lets a route be called without. `@web.offers("text/csv")` names other media types,
`@web.raw` leaves the body to the view.
"""

from shared.paging import Page
from shared.web.app import make_app
from shared.web.blueprint import Blueprint, blueprint, offers, public, raw
from shared.web.fields import (
    Flag,
    IdField,
    Link,
    MoneyField,
    MoneyShape,
    NoWords,
    PageArgs,
    Text,
    When,
    Whole,
)
from shared.web.problems import Problem
from shared.web.request import (
    address,
    answer,
    body,
    caller,
    caller_or_none,
    if_match,
    keys,
    language,
    listing,
    now,
    once,
    page,
    store,
)
from shared.web.shapes import ActionShape, NextShape, TimelineShape, WarningShape

__all__ = [
    "ActionShape",
    "Blueprint",
    "Flag",
    "IdField",
    "Link",
    "MoneyField",
    "MoneyShape",
    "NextShape",
    "NoWords",
    "Page",
    "PageArgs",
    "Problem",
    "Text",
    "TimelineShape",
    "WarningShape",
    "When",
    "Whole",
    "address",
    "answer",
    "blueprint",
    "body",
    "caller",
    "caller_or_none",
    "if_match",
    "keys",
    "language",
    "listing",
    "make_app",
    "now",
    "offers",
    "once",
    "page",
    "public",
    "raw",
    "store",
]
