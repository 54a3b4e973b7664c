"""The schemas of events over HTTP, to whoever asks."""

from collections.abc import Callable

import pytest

from api.asyncapi import asyncapi
from core.event_schemas import declared, schema
from tests.support.client import Client


async def test_the_asyncapi_document_is_served_to_anyone(build: Callable[..., Client]) -> None:
    answer = await build(documents=False)("GET", "/auth/asyncapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == asyncapi()


async def test_each_schema_is_served_where_it_says_it_is(build: Callable[..., Client]) -> None:
    call = build(documents=False)
    for kind in declared().values():
        answer = await call("GET", schema(kind)["$id"])
        assert (answer.status, answer.headers["content-type"]) == (200, "application/schema+json")
        assert answer.json() == schema(kind)
        again = await call("GET", schema(kind)["$id"], headers={"if-none-match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["identity.user.created/2", "identity.user.created/01", "nothing.at.all/1", "..%2f/1"])
async def test_there_is_no_other_schema(build: Callable[..., Client], path: str) -> None:
    answer = await build(documents=False)("GET", f"/auth/events/schemas/{path}")
    assert (answer.status, answer.json()["code"]) == (404, "request.not_found")
