"""The documents are valid, whole, what the code says, and break nobody."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from deploy.documents import breaking, events, openapi, site, written
from shared import catalog
from shared.catalog.meanings import MEANINGS
from shared.web.document import METHODS, operations
from tests.edge.world import service_of

pytestmark = pytest.mark.pure

Doc = dict[str, Any]

VENDOR = Path(__file__).parent / "vendor"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@pytest.fixture(scope="module")
def spec() -> Doc:
    """The merged OpenAPI document."""
    return openapi.merged()


@pytest.fixture(scope="module")
def asyncapi() -> Doc:
    """The AsyncAPI document."""
    return events.asyncapi(openapi.version())


def test_the_committed_files_are_what_the_code_says() -> None:
    assert written.drift() == []


def test_nothing_breaks_callers_of_the_last_release() -> None:
    assert breaking.since_release() == []


def test_the_openapi_documents_are_valid(spec: Doc) -> None:
    validate(spec)
    for name in openapi.SERVICES:
        validate(openapi.of_service(name))


def test_the_asyncapi_document_is_valid(asyncapi: Doc) -> None:
    official = json.loads(gzip.decompress((VENDOR / "asyncapi-3.1.0.json.gz").read_bytes()))
    validator = jsonschema_rs.validator_for(official)
    assert [str(wrong) for wrong in validator.iter_errors(asyncapi)] == []
    spoiled = copy.deepcopy(asyncapi)
    spoiled["channels"]["contract.formed"]["bindings"]["amqp"]["is"] = "nonsense"
    assert list(validator.iter_errors(spoiled))


def test_every_operation_is_described_whole(spec: Doc) -> None:
    for path, method, operation in operations(spec):
        name = f"{method} {path}"
        assert operation["summary"], name
        assert operation["operationId"], name
        assert operation["tags"], name
        answers = operation["responses"]
        assert {"401", "403", "406", "422", "429", "503"} <= answers.keys(), name
        assert "{" not in path or "404" in answers, name
        assert any(status < "300" for status in answers), name
        for status, answer in answers.items():
            if status < "300" and status != "204":
                assert answer.get("content"), f"{name} {status}"


def test_every_tag_and_parameter_is_described(spec: Doc) -> None:
    assert all(tag["description"] for tag in spec["tags"])
    assert {tag["name"] for tag in spec["tags"]} == {
        tag for _, _, operation in operations(spec) for tag in operation["tags"]
    }


def test_every_route_of_every_service_is_in_the_document(spec: Doc) -> None:
    said = {operation["operationId"] for _, _, operation in operations(spec)}
    for name in openapi.SERVICES:
        own = openapi.of_service(name)
        assert {o["operationId"] for _, _, o in operations(own)} <= said
    paths = [path for path, item in spec["paths"].items() if item.keys() & {*METHODS}]
    assert paths == [path for path in paths if path.startswith(("/v1/", "/.well-known/"))]


def test_the_gateway_leads_every_path_to_its_service() -> None:
    for name in openapi.SERVICES:
        for path in openapi.of_service(name)["paths"]:
            assert service_of(path.replace("{", "").replace("}", "")) == name, path


def test_every_example_is_an_example(spec: Doc) -> None:
    seen = 0
    for path, method, operation in operations(spec):
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for where, body in bodies.items():
            for type_, media in _resolve(body, spec).get("content", {}).items():
                given = media.get("examples", {}).values()
                for shown in [*(e["value"] for e in given), *_given(media, "example")]:
                    seen += 1
                    schema = {"$schema": DIALECT, "components": spec["components"]}
                    checked = jsonschema_rs.validator_for(
                        {**schema, **media["schema"]}, validate_formats=True
                    )
                    wrong = [str(e) for e in checked.iter_errors(shown)]
                    assert not wrong, (method, path, where, type_, wrong)
                if type_ == "application/json":
                    assert "example" in media, (method, path, where)
    assert seen > 300


def _given(media: Doc, name: str) -> list[Any]:
    return [media[name]] if name in media else []


def _resolve(answer: Doc, spec: Doc) -> Doc:
    found: Doc = answer
    if "$ref" in answer:
        kind, name = answer["$ref"].split("/")[-2:]
        found = spec["components"][kind][name]
    return found


def test_every_event_says_what_it_means() -> None:
    types = set(catalog.PUBLISHER_OF)
    assert types - MEANINGS.keys() == set(), "shared/catalog/meanings.py has no sentence for these"
    assert MEANINGS.keys() - types == set(), "these are no events any more"


def test_every_event_s_example_is_one_and_a_hearer_forbids_no_further_words() -> None:
    for type_, schema in events.schemas().items():
        checked = jsonschema_rs.validator_for(schema, validate_formats=True)
        (example,) = schema["examples"]
        assert list(checked.iter_errors(example)) == [], type_
        assert not list(checked.iter_errors({**example, "a_newer_word": 1})), type_
        catalog.said(type_, example)
        for word in schema["required"]:
            assert list(checked.iter_errors({k: v for k, v in example.items() if k != word}))


def test_every_event_has_one_who_says_it(asyncapi: Doc) -> None:
    said = [o for o in asyncapi["operations"].values() if o["action"] == "send"]
    assert len(said) == len(asyncapi["channels"])
    assert "contracts.hears.escrow.funded" in asyncapi["operations"]


def test_every_code_that_is_named_has_a_row_of_its_own(spec: Doc) -> None:
    found = site.codes(spec)
    assert found["wrong_state"][0] == {409}
    assert found["too_many_requests"][0] == {429}
    assert found["too_many_requests"][1] == []
    assert site.rows(spec).count("<tr id=") == len(found)


# what breaks callers


def a_document(**change: Any) -> Doc:
    """A small document; `change` replaces parts of its one operation."""
    operation: Doc = {
        "operationId": "make",
        "security": [{}, {"bearer": []}],
        "parameters": [{"in": "query", "name": "q", "schema": {"type": "string"}}],
        "requestBody": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Words"}}}
        },
        "responses": {
            "200": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
            }
        },
    }
    return {
        "paths": {"/v1/things": {"post": {**operation, **change}}},
        "components": {
            "schemas": {
                "Words": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string", "maxLength": 200},
                        "mode": {"type": "string", "enum": ["a", "b"]},
                        "at": {"type": ["string", "null"]},
                    },
                    "required": ["title"],
                },
                "Thing": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "state": {"type": "string", "enum": ["open"]},
                        "next": {"anyOf": [{"$ref": "#/components/schemas/N"}, {"type": "null"}]},
                        "parts": {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/Thing"},
                        },
                    },
                    "required": ["id", "next"],
                },
                "N": {"type": "object", "properties": {"by": {"type": "string"}}},
            }
        },
    }


def changed(path: str, value: Any) -> Doc:
    """The small document with one schema's word changed, or taken away by None."""
    document = a_document()
    *way, last = path.split("/")
    place = document["components"]["schemas"]
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def test_what_is_the_same_breaks_nobody() -> None:
    assert breaking.openapi(a_document(), a_document()) == []


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("Thing/properties/id", None, "id is gone"),
        ("Thing/required", ["next"], "id may be missing now"),
        ("Thing/properties/id", {"type": ["string", "null"]}, "id may be null now"),
        ("N/properties/by", {"type": "integer"}, "next.by may be integer now"),
        ("Words/required", ["title", "mode"], "mode is required now"),
        ("Words/properties/mode", None, "mode is gone"),
        ("Words/properties/mode", {"type": "string", "enum": ["a"]}, "mode may not be b"),
        ("Words/properties/title", {"type": "string", "maxLength": 100}, "narrower maxLength"),
        ("Words/properties/title", {"type": "string", "maxLength": 200, "minLength": 1}, "minLen"),
        ("Words/properties/title", {"type": "string", "pattern": "^a$"}, "is to match"),
        ("Words/properties/title", {"type": "integer"}, "title may not be string"),
        ("Words/properties/at", {"type": "string"}, "at may not be null"),
    ],
)
def test_what_takes_something_away_is_found(path: str, value: Any, what: str) -> None:
    found = breaking.openapi(a_document(), changed(path, value))
    assert any(what in one for one in found), found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Thing/properties/more", {"type": "string"}),
        ("Thing/properties/state", {"type": "string", "enum": ["open", "closed"]}),
        ("Words/properties/more", {"type": "string"}),
        ("Words/properties/mode", {"type": "string", "enum": ["a", "b", "c"]}),
        ("Words/properties/title", {"type": "string", "maxLength": 300}),
        ("Words/required", []),
    ],
)
def test_what_only_adds_breaks_nobody(path: str, value: Any) -> None:
    assert breaking.openapi(a_document(), changed(path, value)) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"security": [{"bearer": []}]}, "needs a token now"),
        ({"parameters": []}, "the parameter q is gone"),
        ({"responses": {"201": {}}}, "does not answer 200 any more"),
        ({"responses": {"200": {"content": {"text/csv": {}}}}}, "answers no application/json"),
        ({"requestBody": {"content": {}}}, "takes no application/json"),
        (
            {"parameters": [*[{"in": "query", "name": n, "required": n == "z"} for n in "qz"]]},
            "the parameter z is required now",
        ),
    ],
)
def test_an_operation_that_takes_something_away_is_found(change: Doc, what: str) -> None:
    found = breaking.openapi(a_document(), a_document(**change))
    assert any(what in one for one in found), found


@pytest.mark.parametrize(("items", "breaks"), [("string", False), ("integer", True)])
def test_a_parameter_that_may_come_several_times_now_may_still_come_once(
    items: str, breaks: bool
) -> None:
    once = [{"in": "query", "name": "q", "schema": {"type": "string"}}]
    several = [{**once[0], "schema": {"type": "array", "items": {"type": items}}}]

    found = breaking.openapi(a_document(parameters=once), a_document(parameters=several))

    assert found == (["POST /v1/things: ?q may not be string any more"] if breaks else [])


def test_a_call_that_is_gone_is_found() -> None:
    gone = a_document()
    gone["paths"] = {}
    assert breaking.openapi(a_document(), gone) == ["POST /v1/things is gone"]


def test_an_event_that_says_less_is_found(asyncapi: Doc) -> None:
    less = copy.deepcopy(asyncapi)
    payload = less["components"]["messages"]["contract.formed"]["payload"]
    del payload["properties"]["scope"]
    payload["required"].remove("worker_id")
    del less["components"]["messages"]["offer.sent"]
    found = breaking.asyncapi(asyncapi, less)
    assert found == [
        "contract.formed: worker_id may be missing now",
        "contract.formed: scope is gone",
        "offer.sent is gone",
    ]
