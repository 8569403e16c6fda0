"""What callers say and get of saved searches."""

from typing import Any

from marshmallow import Schema, fields, validate

from services.jobs.domain import saved
from services.jobs.domain.job import REJECTS
from services.jobs.domain.saved import Search
from services.jobs.schemas import JobFilters, one_of
from shared import web
from shared.documents import Doc
from shared.money import AMOUNT_MAX


class _PercentWord(web.Whole):
    """One of the percentages at which clients are told apart."""

    def __init__(self) -> None:
        super().__init__(0, 100)
        self.validators = [validate.OneOf(REJECTS)]


class SearchQueryWords(JobFilters):
    """What a saved search looks for: the filters of the list of jobs, amounts in minor units."""

    min_amount = web.Whole(0, AMOUNT_MAX)
    max_amount = web.Whole(0, AMOUNT_MAX)
    client_verified = web.Flag()
    client_paid = web.Flag()
    client_rejection_max = _PercentWord()


class SearchEdit(Schema):
    """What of a saved search may be changed; `query` is replaced as a whole."""

    name = web.Text(saved.NAME_MAX, line=True)
    query = fields.Nested(SearchQueryWords())
    alert = one_of(*saved.ALERTS)


class SearchWords(SearchEdit):
    """A new saved search."""

    name = web.Text(saved.NAME_MAX, line=True, required=True)
    query = fields.Nested(SearchQueryWords(), required=True)


class SearchQueryShape(Schema):
    """What a saved search looks for; what it does not ask for is left out."""

    mode = fields.String()
    category = fields.String()
    q = fields.String()
    skill = fields.List(fields.String())
    experience = fields.String()
    client_id = fields.String()
    deadline_after = web.When()
    deadline_before = web.When()
    min_amount = fields.Integer()
    max_amount = fields.Integer()
    client_verified = fields.Boolean()
    client_paid = fields.Boolean()
    client_rejection_max = fields.Integer()


class SavedSearchShape(Schema):
    """A saved search; `alert`: how one hears of jobs that open and fit (none, instant, daily)."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    query = fields.Nested(SearchQueryShape(), required=True)
    alert = fields.String(required=True, validate=validate.OneOf(saved.ALERTS))
    created_at = web.When(required=True)


class SavedSearchListShape(Schema):
    """All of one's saved searches."""

    items = fields.List(fields.Nested(SavedSearchShape()), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def say_search(found: Search) -> Doc:
    """Return a saved search as its member sees it."""
    query: dict[str, Any] = dict(found.query)
    return {
        "id": found.id,
        "name": found.name,
        "query": query,
        "alert": found.alert,
        "created_at": found.created_at,
    }
