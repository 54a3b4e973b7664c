"""What documents say of people over HTTP, and what is left of it in Postgres."""

from typing import Any
from uuid import uuid4

import pytest

from core.settings import Settings
from tests.integration.api.conftest import refused
from tests.integration.api.organizing import People
from tests.support.client import Client

KEPT = """
SELECT (SELECT count(*) FROM configuration_people WHERE user_id = $1::uuid)
     + (SELECT count(*) FROM idempotency_keys WHERE people @> ARRAY[$1::uuid])
"""
STORED = "SELECT string_agg(body::text, '') FROM configuration_bodies WHERE organization_id = $1::uuid"


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


def mark(person: dict[str, Any], value: Any) -> dict[str, Any]:
    return {"$personal": {"user_id": person["id"], "value": value}}


async def test_e13_documents_forget_whoever_is_erased(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    ada, known = await people.joined(owner, made["id"])
    bob, _ = await people.joined(owner, made["id"])
    path = f"/auth/organizations/{made['id']}/configuration/support"
    secret = f"{uuid4().hex}@example.org"
    first, second = {"mail": mark(ada, secret)}, {"mail": [mark(ada, secret), mark(bob, "of bob")], "plain": 1}

    put = await call.send("PUT", path, first, headers=owner | {"idempotency-key": uuid4().hex})
    assert (put.status, put.json()["body"], put.headers["etag"]) == (200, first, '"1"')
    key = {"idempotency-key": uuid4().hex, "if-match": '"1"'}
    for _ in range(2):
        put = await call.send("PUT", path, second, headers=owner | key)
        assert (put.status, put.json()["body"], put.headers["etag"]) == (200, second, '"2"')
    again = await call.send("PUT", path, second, headers=owner | {"if-match": '"2"', "idempotency-key": uuid4().hex})
    assert (again.status, again.headers["etag"]) == (200, '"2"')
    assert (await call("GET", path, headers=owner)).json()["body"] == second
    assert secret not in await people.sql(STORED, made["id"])
    assert await people.sql(KEPT, ada["id"]) == 2 + 3

    exported = (await call("GET", "/auth/me/export", headers=known)).json()["held"]
    told = [(each["namespace"], each["version"]) for each in exported["configuration"]]
    assert told == [("support", 1), ("support", 2)]

    assert (await call("DELETE", "/auth/me", headers=known)).status == 204
    left = {"$personal": {"user_id": ada["id"], "value": None, "erased": True}}
    shown = (await call("GET", path, headers=owner)).json()
    assert (shown["version"], shown["body"]) == (2, {"mail": [left, mark(bob, "of bob")], "plain": 1})
    assert await people.sql(KEPT, ada["id"]) == 0
    assert await people.sql(KEPT, bob["id"]) == 1
    late = await call.send("PUT", path, {"mail": mark(ada, "x")}, headers=owner | {"if-match": '"2"'})
    refused(late, 422, "organizations.document_invalid")
    assert late.json()["errors"][0]["field"] == "body/mail/$personal/user_id"
    back = await call.send("PUT", path, shown["body"], headers=owner | {"if-match": '"2"'})
    refused(back, 422, "organizations.document_invalid")
    assert back.json()["errors"][0]["field"] == "body/mail/0"
    plain = await call.send("PUT", path, {"plain": 1}, headers=owner | {"if-match": '"2"'})
    assert plain.headers["etag"] == '"3"'


async def test_a1_somebody_of_elsewhere_is_refused_as_nobody_is(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    stranger, _ = await people.new()
    path = f"/auth/organizations/{made['id']}/configuration/support"

    said = []
    for person in (stranger, {"id": str(uuid4())}):
        answer = await call.send("PUT", path, {"of": mark(person, 1)}, headers=owner)
        refused(answer, 422, "organizations.document_invalid")
        said.append(answer.json()["errors"])
    assert said[0] == said[1]
    assert await people.sql(STORED, made["id"]) is None
