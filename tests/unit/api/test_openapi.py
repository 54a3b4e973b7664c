"""What the OpenAPI document says of the routes."""

from typing import Any

import pytest

from api.openapi import document
from tests.support.client import Client
from tests.unit.api.conftest import ROUTES

SHOWN = document(ROUTES)
SCHEMAS = SHOWN["components"]["schemas"]
OPERATIONS = {operation["operationId"]: operation for path in SHOWN["paths"].values() for operation in path.values()}


def parameters(name: str) -> dict[str, Any]:
    listed = OPERATIONS[name]["parameters"]
    found = [resolved(each["$ref"]) if "$ref" in each else each for each in listed]
    return {each["name"]: each for each in found}


def resolved(reference: str) -> Any:
    found: Any = SHOWN
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value: Any) -> list[str]:
    match value:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [found for each in value.values() for found in references(each)]
        case list():
            return [found for each in value for found in references(each)]
    return []


def codes(name: str, status: int) -> set[str]:
    return set(OPERATIONS[name]["responses"][str(status)]["content"]["application/problem+json"]["examples"])


def test_every_reference_leads_somewhere() -> None:
    assert len({*map(str, map(resolved, references(SHOWN)))}) > 20


def test_is_the_same_each_time() -> None:
    assert document(ROUTES) == SHOWN
    assert list(document(ROUTES)["paths"]) == sorted(SHOWN["paths"])


def test_explains_an_operation() -> None:
    found = OPERATIONS["WriteNote"]
    assert found["summary"] == "Write a note."
    assert found["description"] == "Its title must be new.\n\nRequires `users:write`."
    assert found["tags"] == ["Unit"]
    assert found["security"] == [{"bearer": []}, {"cookie": []}]
    assert OPERATIONS["SignIn"]["security"] == []
    assert "description" not in OPERATIONS["SignIn"]
    assert SHOWN["components"]["securitySchemes"]["bearer"]["bearerFormat"] == "JWT"


@pytest.mark.parametrize("name", ["WriteNoteBody", "ChangeNoteBody", "SignInBody", "TagInput"])
def test_f9_says_that_bodies_are_closed(name: str) -> None:
    assert SCHEMAS[name]["additionalProperties"] is False


def test_says_what_may_be_left_out() -> None:
    assert SCHEMAS["WriteNoteBody"]["required"] == ["title", "key"]
    assert SCHEMAS["ChangeNoteBody"]["required"] == []
    assert SCHEMAS["ChangeNoteBody"]["properties"] == {
        "title": {"type": "string", "minLength": 1, "maxLength": 12},
        "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    }


def test_says_what_is_always_there() -> None:
    assert SCHEMAS["Note"]["required"] == ["id", "title", "text", "version", "changed_at"]
    changed = SCHEMAS["Note"]["properties"]["changed_at"]["anyOf"]
    assert {"type": "string", "format": "date-time"} in changed


def test_shows_the_limits() -> None:
    properties = SCHEMAS["WriteNoteBody"]["properties"]
    assert properties["title"] == {"type": "string", "minLength": 1, "maxLength": 12}
    assert properties["stars"] == {"type": "integer", "minimum": 0, "maximum": 5, "default": 0}
    assert properties["key"] == {"type": "string", "format": "password", "writeOnly": True}


def test_shows_the_query() -> None:
    found = parameters("ListNotes")
    assert found["limit"] == {
        "name": "limit",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    }
    assert found["cursor"]["schema"] == {"type": "string"}
    assert parameters("Contradict")["reason"]["required"]
    assert not [name for name in SCHEMAS if name.endswith("Query")]


def test_shows_the_path() -> None:
    assert parameters("GetNote")["note_id"]["schema"] == {"type": "string", "format": "uuid"}
    assert parameters("GetSection")["section"]["schema"] == {"type": "string", "minLength": 1, "maxLength": 8}
    assert set(SHOWN["paths"]["/auth/notes/{note_id}"]) == {"get", "patch", "delete"}


def test_shows_a_body_that_is_one_field() -> None:
    content = OPERATIONS["FillSection"]["requestBody"]["content"]
    assert content["application/json"]["schema"]["type"] == "object"
    assert set(parameters("FillSection")) == {"section", "force", "Idempotency-Key", "If-Match"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("GetNote", {"If-None-Match", "Consistency-Token"}),
        ("ListNotes", set()),
        ("WriteNote", {"Idempotency-Key"}),
        ("ChangeNote", {"Idempotency-Key", "If-Match"}),
    ],
)
def test_shows_the_headers_that_are_read(name: str, shown: set[str]) -> None:
    assert {header for header, each in parameters(name).items() if each["in"] == "header"} == shown


@pytest.mark.parametrize(
    ("name", "status", "shown"),
    [
        ("GetNote", 200, {"ETag"}),
        ("GetNote", 304, {"ETag"}),
        ("ListNotes", 200, set()),
        ("WriteNote", 201, {"Consistency-Token", "ETag", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"}),
        ("ClearNotes", 204, {"Consistency-Token", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"}),
        ("SignIn", 429, {"RateLimit", "RateLimit-Policy", "Retry-After"}),
        ("GetNote", 401, {"WWW-Authenticate"}),
        ("GetNote", 503, {"Retry-After"}),
        ("GetNote", 404, set()),
    ],
)
def test_shows_the_headers_that_are_sent(name: str, status: int, shown: set[str]) -> None:
    assert set(OPERATIONS[name]["responses"][str(status)].get("headers", {})) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ListNotes", {200, 400, 401, 408, 413, 503}),
        ("GetNote", {200, 304, 400, 401, 404, 408, 413, 503}),
        ("WriteNote", {201, 400, 401, 403, 408, 409, 413, 415, 422, 429, 503}),
        ("ChangeNote", {200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 428, 429, 503}),
        ("SignIn", {200, 400, 401, 408, 409, 413, 415, 429, 503}),
        ("GetSection", {200, 400, 404, 408, 413, 503}),
    ],
)
def test_shows_every_answer_there_may_be(name: str, shown: set[int]) -> None:
    assert set(OPERATIONS[name]["responses"]) == set(map(str, shown))


def test_shows_an_example_of_each_code() -> None:
    assert codes("WriteNote", 409) == {"notes.taken", "request.concurrent_change", "request.idempotency_key_in_flight"}
    assert codes("ListNotes", 400) == {"request.malformed", "request.cursor_invalid"}
    assert codes("GetNote", 404) == {"notes.not_found", "request.not_found"}
    assert codes("SignIn", 401) == {"notes.sign_in_refused"}
    example = SHOWN["components"]["examples"]["notes.taken"]["value"]
    assert (example["status"], example["title"]) == (409, "Another note has this title.")


def test_calls_generic_shapes_by_readable_names() -> None:
    assert {"NotePage", "StrPage"} <= set(SCHEMAS)
    assert not [name for name in SCHEMAS if "_" in name or "[" in SCHEMAS[name]["title"]]


def test_replaces_the_shape_of_litestars_own_refusals() -> None:
    by_hand = SHOWN["paths"]["/auth/by-hand/{number}"]["get"]["responses"]
    assert by_hand["400"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }


async def test_every_answer_of_the_tests_is_shown(call: Client) -> None:
    for name, status in [("ListNotes", 401), ("Contradict", 400), ("GetSection", 200)]:
        call.token = None
        path = {"ListNotes": "/auth/notes", "Contradict": "/auth/contradict", "GetSection": "/auth/sections/a"}[name]
        assert (await call("GET", path)).status == status
        assert str(status) in OPERATIONS[name]["responses"]


async def test_is_served_as_json(call: Client) -> None:
    answer = await call("GET", "/auth/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == SHOWN
    again = await call("GET", "/auth/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
