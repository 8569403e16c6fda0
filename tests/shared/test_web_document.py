"""What the OpenAPI document of a service is made of."""

from typing import Any

import pytest

from shared.web import document, samples

pytestmark = pytest.mark.pure

Doc = dict[str, Any]


@pytest.mark.parametrize(
    ("docstring", "summary", "description", "statuses"),
    [
        ("Log in.", "Log in", "", {}),
        ("Return a job. 404.", "Return a job", "", {404: ""}),
        (
            "Hand in the work. 403 not_the_worker, 404, 409 not_funded or wrong_state.",
            "Hand in the work",
            "",
            {403: "not_the_worker", 404: "", 409: "not_funded or wrong_state"},
        ),
        (
            "Return a hold.\n\n404 for everybody else. It says more. 422.",
            "Return a hold",
            "It says more.",
            {404: "for everybody else", 422: ""},
        ),
        (
            "Log in.\n\n201 the tokens; 401 bad_credentials;\n429 too_many (within a minute).",
            "Log in",
            "",
            {201: "the tokens", 401: "bad_credentials", 429: "too_many (within a minute)"},
        ),
        ("Read 100 of them.", "Read 100 of them", "", {}),
        ("Read. 401 and 403 ops_only, 422.", "Read", "", {401: "", 403: "ops_only", 422: ""}),
    ],
)
def test_a_docstring_is_read(
    docstring: str, summary: str, description: str, statuses: dict[int, str]
) -> None:
    assert document.read(docstring) == document.Said(summary, description, statuses)


def an_operation(**more: Any) -> Doc:
    habits = {"public": False, "keys": False, "offers": ("application/json",), "changes": False}
    return {document.HABITS: {**habits, **more.pop("habits", {})}, "responses": {}, **more}


def a_spec(path: str, method: str, operation: Doc, **components: Doc) -> Doc:
    place = {"name": "id_", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {"parameters": [place] if "{id_}" in path else [], method: operation}
    return {"paths": {path: item}, "components": {"schemas": {"Problem": {}, **components}}}


def test_every_id_in_a_path_is_called_id() -> None:
    spec = document.finish(a_spec("/v1/offers/{id_}/accept", "post", an_operation()))
    (place,) = spec["paths"]["/v1/offers/{id}/accept"]["parameters"]
    assert place["name"] == "id"
    assert place["example"].startswith("off_")


def test_what_every_route_answers_need_not_be_said() -> None:
    reads = document.finish(a_spec("/v1/x", "get", an_operation()))
    assert list(reads["paths"]["/v1/x"]["get"]["responses"]) == [
        *("401", "403", "406", "422", "429", "503")
    ]
    writes = document.finish(a_spec("/v1/x", "put", an_operation(habits={"changes": True})))
    assert {"400", "413", "415"} <= writes["paths"]["/v1/x"]["put"]["responses"].keys()


def test_each_code_of_a_refusal_is_an_example() -> None:
    operation = an_operation(summary="Do. 409 not_funded or wrong_state.")
    spec = document.finish(a_spec("/v1/offers/{id_}", "post", operation))
    answers = spec["paths"]["/v1/offers/{id}"]["post"]["responses"]
    assert answers["409"]["description"] == "Conflict: `not_funded` or `wrong_state`."
    shown = answers["409"]["content"][document.PROBLEM]["examples"]
    assert shown["not_funded"]["value"]["status"] == 409
    assert list(shown) == ["not_funded", "wrong_state"]
    assert list(answers["404"]["content"][document.PROBLEM]["examples"]) == ["no_such_offer"]


def test_headers_that_callers_send_are_parameters() -> None:
    operation = an_operation(summary="Fund. 400 idempotency_key_required.", habits={"keys": True})
    spec = document.finish(a_spec("/v1/x", "post", operation))
    (key,) = spec["paths"]["/v1/x"]["post"]["parameters"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)
    operation = an_operation(summary="Change. 412, 428.")
    spec = document.finish(a_spec("/v1/x", "patch", operation))
    (match,) = spec["paths"]["/v1/x"]["patch"]["parameters"]
    assert match == {"$ref": "#/components/parameters/If-Match"}
    assert spec["components"]["parameters"].keys() == {"If-Match"}


def test_a_body_has_an_example_made_of_its_schema() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "id": {}}}
    media = {"schema": {"$ref": "#/components/schemas/Job"}}
    answer = {"content": {"application/json": media}}
    operation = an_operation(responses={"201": answer}, summary="Make. 201 the job.")
    made = document.finish(a_spec("/v1/x", "post", operation, Job=schema))
    said = made["paths"]["/v1/x"]["post"]["responses"]["201"]
    assert said["content"]["application/json"]["example"]["title"] == samples.BY_NAME["title"]
    assert said["headers"].keys() == {"ETag", "Location"}
    assert said["description"] == "The job."


@pytest.mark.parametrize(
    ("method", "required", "wanted"),
    [("post", [], False), ("post", ["amount"], True), ("patch", [], True)],
)
def test_a_post_of_which_no_word_is_required_needs_no_body(
    method: str, required: list[str], wanted: bool
) -> None:
    schema = {"properties": {"amount": {"type": "integer"}}, "required": required}
    media = {"schema": {"$ref": "#/components/schemas/X"}}
    body = {"required": True, "content": {"application/json": media}}
    spec = document.finish(a_spec("/v1/x", method, an_operation(requestBody=body), X=schema))
    assert spec["paths"]["/v1/x"][method]["requestBody"]["required"] is wanted


def test_a_tree_has_an_example_that_ends() -> None:
    node = {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}
    schemas = {"Node": {"type": "object", "properties": {"children": node}}}
    assert samples.of({"$ref": "#/components/schemas/Node"}, schemas) == {"children": []}


def test_a_pattern_of_python_is_said_as_one_of_json_schema() -> None:
    schema = {"properties": {"id": {"type": "string", "pattern": r"[a-z]+\Z"}}}
    media = {"schema": {"$ref": "#/components/schemas/X"}}
    operation = an_operation(requestBody={"content": {"application/json": media}})
    spec = document.finish(a_spec("/v1/x", "post", operation, X=schema))
    assert spec["components"]["schemas"]["X"]["properties"]["id"]["pattern"] == "^[a-z]+$"
