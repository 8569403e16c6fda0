"""The tree of categories."""

from typing import Any

from flask import Response

from services.jobs.domain import category
from services.jobs.schemas import CategoryArgs
from services.jobs.shapes import CategoryTreeShape
from shared import web

blp = web.blueprint("categories", __name__)


@blp.get("/categories")
@web.public
@blp.arguments(CategoryArgs(), location="query")
@blp.response(200, CategoryTreeShape())
def list_categories(_words: dict[str, Any]) -> Response:
    """Return the tree of categories with Japanese and English names. 422."""
    return web.answer({"items": list(category.TREE)})
