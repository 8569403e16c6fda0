"""Blueprints whose routes need a token unless they say `@public`, and that document themselves."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import flask_smorest
import marshmallow
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from shared.errors import Invalid
from shared.web.document import HABITS
from shared.web.fields import flat
from shared.web.request import body, here

View = TypeVar("View", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

CHANGES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class _Parser(FlaskParser):
    """Hands the words of a request to a view, through one schema, or refuses them."""

    def use_args(self, schema: Any, *, location: str, **_: Any) -> Decorator:  # type: ignore[override]
        words = body if location == "json" else functools.partial(_query, schema)

        def take(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def taking(*args: Any, **kwargs: Any) -> Any:
                try:
                    found = schema.load(words())
                except marshmallow.ValidationError as wrong:
                    where = flat(wrong.messages)
                    detail = "some of the words are not right"
                    raise Invalid("invalid_words", detail, fields=where) from wrong
                return view(*args, found, **kwargs)

            return taking

        return take


def _query(schema: marshmallow.Schema) -> dict[str, Any]:
    """Return the query's words; one that comes twice is a list, and right only where one is due."""
    return {
        name: values
        if len(values) > 1 or isinstance(schema.fields.get(name), marshmallow.fields.List)
        else values[0]
        for name, values in here.get().request.args.lists()
    }


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A flask-smorest blueprint with our reader of bodies and our habits in its document."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, *args: Any, keys: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys = keys
        self._prepare_doc_cbks.append(self._prepare_habits)
        said = sys.modules[self.import_name].__doc__ or ""
        self.description: str = said.strip().partition("\n")[0]

    def get(self, rule: str, **options: Any) -> Decorator:
        """Answer GET, and HEAD."""
        return super().get(rule, **options)  # type: ignore[no-any-return]

    def post(self, rule: str, **options: Any) -> Decorator:
        """Answer POST."""
        return super().post(rule, **options)  # type: ignore[no-any-return]

    def put(self, rule: str, **options: Any) -> Decorator:
        """Answer PUT."""
        return super().put(rule, **options)  # type: ignore[no-any-return]

    def patch(self, rule: str, **options: Any) -> Decorator:
        """Answer PATCH."""
        return super().patch(rule, **options)  # type: ignore[no-any-return]

    def delete(self, rule: str, **options: Any) -> Decorator:
        """Answer DELETE."""
        return super().delete(rule, **options)  # type: ignore[no-any-return]

    def arguments(self, schema: marshmallow.Schema, **options: Any) -> Decorator:
        """Hand the view the words of the body, or of `location="query"`.

        A schema instance: a class would be built anew for every request.
        """
        if not isinstance(schema, marshmallow.Schema):
            raise TypeError(f"a schema instance, please: {schema!r}()")
        return super().arguments(schema, **options)  # type: ignore[no-any-return]

    def response(self, status: int, schema: Any = None, **options: Any) -> Decorator:
        """Document what the view answers."""
        return super().response(status, schema, **options)  # type: ignore[no-any-return]

    def alt_response(self, status: int, **options: Any) -> Decorator:
        """Document what else the view answers."""
        return super().alt_response(status, **options)  # type: ignore[no-any-return]

    def doc(self, **words: Any) -> Decorator:
        """Document what no decorator says: headers that are read, a body that is raw."""
        return super().doc(**words)  # type: ignore[no-any-return]

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        traits = Traits(obj)
        for method in options.get("methods", ("GET",)):
            self._docs[endpoint][method.lower()]["habits"] = {
                "name": obj.__name__,
                "public": traits.public,
                "keys": self._keys and method == "POST",
                "offers": traits.offers,
                "changes": method in CHANGES,
            }

    def _prepare_habits(self, doc: dict[str, Any], doc_info: Any, **_: Any) -> dict[str, Any]:
        habits = doc_info["habits"]
        doc["operationId"] = habits["name"]
        if habits["public"]:
            doc["security"] = [{}, {"bearer": []}]
        doc[HABITS] = habits
        return doc


def blueprint(name: str, import_name: str, *, prefix: str = "/v1", keys: bool = True) -> Blueprint:
    """Return a blueprint; `keys=False` when its POSTs ignore Idempotency-Key."""
    return Blueprint(name, import_name, url_prefix=prefix, keys=keys)


class Traits:
    """What a view has said of itself with `@public`, `@offers`, `@raw`, `@blp.arguments`."""

    __slots__ = ("needs_store", "offers", "public", "raw", "takes_json", "takes_query")

    def __init__(self, view: Any) -> None:
        documented = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
        places = {p["in"] for p in documented}
        self.public: bool = getattr(view, "ukeoi_public", False)
        self.needs_store: bool = getattr(view, "ukeoi_needs_store", True)
        self.raw: bool = getattr(view, "ukeoi_raw", False)
        self.offers: tuple[str, ...] = getattr(view, "ukeoi_offers", ("application/json",))
        self.takes_query = "query" in places
        self.takes_json = "json" in places


def public(view: View) -> View:
    """Let a route be called without a token; without this, 401 comes before everything else."""
    view.ukeoi_public = True  # type: ignore[attr-defined]
    return view


def offers(*types: str) -> Callable[[View], View]:
    """Name the media types a route can answer with, where that is not JSON alone."""

    def mark(view: View) -> View:
        view.ukeoi_offers = types  # type: ignore[attr-defined]
        return view

    return mark


def raw(view: View) -> View:
    """Let a route read its body by itself, byte by byte, as a signed webhook must."""
    view.ukeoi_raw = True  # type: ignore[attr-defined]
    return view


def refuses(accept: str | None, types: tuple[str, ...]) -> bool:
    """Say whether the header Accept excludes all of these media types."""
    if not accept or types == ("*/*",):
        return False
    if ";" not in accept and ("*/*" in accept or types[0] in accept):
        return False
    return parse_accept_header(accept, MIMEAccept).best_match(types) is None
