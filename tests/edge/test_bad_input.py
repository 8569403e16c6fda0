"""What is wrong is refused with 4xx, and nothing is stored; never a 5xx, whatever was sent."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.edge import spoiled
from tests.edge.access import ACCESS, Row
from tests.edge.test_access import OPERATIONS
from tests.edge.world import Doc, Person, World, spec

PROBLEM = "application/problem+json"
SCHEMAS: dict[str, Doc] = spec()["components"]["schemas"]


def _schema_of(operation: str) -> Doc | None:
    body = OPERATIONS[operation][2].get("requestBody", {})
    schema: Doc | None = body.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _row_of(operation: str) -> Row | None:
    """Return the first row of somebody who gets further than the door.

    Where nobody may, a rule refuses a good request; a bad one is refused before that, as bad.
    """
    return next((row for row in ACCESS[operation] if row.ops != 401), None)


def _who(row: Row) -> str:
    if row.who:
        return row.who
    return "operator" if row.ops < 300 or not row.other else row.other[0]


NOT_THERE = {"hear_stripe"}
"""Without the provider's settings there is no such route; tests/escrow/test_stripe.py has them."""
WITH_BODY = [
    o for o in ACCESS if o not in NOT_THERE and _schema_of(o) and (row := _row_of(o)) and row.words
]
ANSWERED = [o for o in ACCESS if (row := _row_of(o)) and row.who]
CHANGES = [o for o in ANSWERED if OPERATIONS[o][1] != "get"]
WITH_QUERY = [
    o for o in ANSWERED if OPERATIONS[o][1] == "get" and OPERATIONS[o][2].get("parameters")
]
# Of a thing that a service never spoke of it tells an empty story: operators ask all five.
WITH_PLACE = [o for o in ACCESS if "{" in OPERATIONS[o][0] and not o.startswith("get_story_of_")]


class Good:
    """A request that would succeed, ready to be spoiled."""

    def __init__(self, world: World, operation: str) -> None:
        world.renew()
        row = _row_of(operation)
        assert row is not None
        self.template, self.method, self.about = OPERATIONS[operation]
        self.path = self.template.format(**row.path(world))
        self.words = row.words(world) if row.words else {}
        self.who: Person = getattr(world, _who(row))
        self.operation = operation
        self.world = world

    def send(self, words: Any = None, query: str = "", **how: Any) -> TestResponse:
        """Send it, spoiled."""
        headers = {"Idempotency-Key": "bad-input", **how}
        if "428" in self.about["responses"]:
            headers.setdefault("If-Match", "*")
        path = f"{self.path}?{query}" if query else self.path
        return self.who.send(self.method.upper(), path, words, **headers)

    def refused(self, what: str, answer: TestResponse, *, wanted: int = 0) -> Iterator[str]:
        """Say what is wrong with a refusal."""
        status = answer.status_code
        if not 400 <= status < 500 or (wanted and status != wanted):
            yield f"{what}: {status}, not {wanted or '4xx'}: {answer.get_data(as_text=True)[:200]}"
        elif answer.mimetype != PROBLEM:
            yield f"{what}: {status} is no problem document"
        elif str(status) not in self.about["responses"]:
            yield f"{what}: {status} is not documented"


@pytest.fixture
def nothing_changes(world: World) -> Iterator[Callable[[], None]]:
    """Hold the databases of before against those of after; call it when all is prepared."""
    before: list[dict[str, str]] = []
    yield lambda: before.append(world.snapshot())
    assert before, "the test has not said when it begins"
    assert world.snapshot() == before[0], "something refused has changed something"


@pytest.mark.parametrize("operation", WITH_BODY)
def test_words_that_are_wrong_are_refused(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    good = Good(world, operation)
    schema = _schema_of(operation)
    assert schema is not None
    nothing_changes()
    found: list[str] = []
    for what, words in spoiled.bodies(good.words, schema, SCHEMAS):
        raw = json.dumps(words).encode()
        found += good.refused(what, good.send(raw=raw), wanted=422)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_bodies_that_are_no_good_json_are_refused(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    good = Good(world, operation)
    nothing_changes()
    found: list[str] = []
    for what, raw, headers, wanted in spoiled.raw(good.words):
        found += good.refused(what, good.send(raw=raw, **headers), wanted=wanted)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", [o for o in CHANGES if o not in WITH_BODY])
def test_a_route_without_words_takes_none(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    good = Good(world, operation)
    nothing_changes()
    found: list[str] = []
    for name in (*spoiled.MASS, "nonsense"):
        found += good.refused(name, good.send({name: "x"}), wanted=422)
    for what, raw, headers, wanted in spoiled.raw({}):
        found += good.refused(what, good.send(raw=raw, **headers), wanted=wanted)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", WITH_QUERY)
def test_queries_that_are_wrong_are_refused(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    good = Good(world, operation)
    nothing_changes()
    parameters = [p for p in good.about["parameters"] if p.get("in") == "query"]
    found: list[str] = []
    for what, query in spoiled.queries(parameters, _a_cursor(good)):
        found += good.refused(what, good.send(query=query), wanted=422)
    assert not found, "\n".join(found)


def _a_cursor(good: Good) -> str:
    answer = good.send(query="limit=1")
    said = answer.json if answer.status_code == 200 and answer.is_json else {}
    return str((said or {}).get("next_cursor") or "")


@pytest.mark.parametrize("operation", ANSWERED)
def test_headers_that_are_wrong_are_refused(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    good = Good(world, operation)
    nothing_changes()
    answer = good.send(good.words or None, Accept="application/pdf")
    found = list(good.refused("Accept", answer, wanted=406))
    if any("Idempotency-Key" in str(p) for p in good.about.get("parameters", ())):
        for what, key in spoiled.KEYS.items():
            raw = key.encode().decode("latin-1")
            answer = good.send(good.words or None, **{"Idempotency-Key": raw})
            found += good.refused(f"a key: {what}", answer, wanted=400)
    if "428" in good.about["responses"]:
        for tag in ('"999999"', '"x"', "3", 'W/"1"', "", "*, *"):
            answer = good.send(good.words, **{"If-Match": tag})
            found += good.refused(f"If-Match: {tag}", answer, wanted=412)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", WITH_PLACE)
def test_ids_that_are_none_are_404(
    world: World, operation: str, nothing_changes: Callable[[], None]
) -> None:
    world.renew()
    template, method, about = OPERATIONS[operation]
    # Somebody who would get as far as to have the id looked up.
    row = _row_of(operation)
    who = world.client if row and row.who not in ("nobody", None) else world.operator
    nothing_changes()
    found = []
    for id_ in spoiled.PATHS:
        for number in spoiled.NUMBERS if "{n}" in template else ("1",):
            path = re.sub(r"\{\w+\}", id_, template.replace("{n}", number))
            headers = {"Idempotency-Key": "bad-input", "If-Match": "*"}
            answer = who.send(method.upper(), path, _example(about), **headers)
            said = answer.status_code, answer.mimetype
            if said not in ((404, PROBLEM), (422, PROBLEM)):
                found.append(f"{path[:80]}: {answer.status_code}")
    assert not found, "\n".join(found)


def _example(about: Doc) -> Any:
    content = about.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")
