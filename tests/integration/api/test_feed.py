"""The feed over HTTP."""

import asyncio
import json

import pytest

from core.keys import Keys
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, refused, tokens
from tests.support.client import Client

Root = tuple[Client, dict[str, str]]


@pytest.fixture
async def root(start: Start, fresh_database_url: str, settings: Settings) -> Root:
    """The service on a database of its own, and its administrator."""
    call = await start(database_url=fresh_database_url)
    body = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    await call.send("POST", "/auth/setup", body)
    return call, bearer(await tokens(call, body["email"]))


async def test_who_signs_out_while_waiting_is_refused(root: Root) -> None:
    call, known = root
    end = (await call("GET", "/auth/events", headers=known)).json()["next"]
    asked = asyncio.get_running_loop().time()

    waiting = asyncio.create_task(call("GET", f"/auth/events?after={end}&wait=8", headers=known))
    # By then it waits, or else the machine is held up for seconds.
    assert await asyncio.wait({waiting}, timeout=2) == (set(), {waiting})
    out = await call("POST", "/auth/logout", headers=known)

    assert out.status == 204
    answer = await waiting
    assert asyncio.get_running_loop().time() - asked >= 7.9, "it was refused before it waited"
    refused(answer, 401, "access.invalid_token")


async def test_a_snapshot_comes_in_lines(root: Root) -> None:
    call, known = root
    answer = await call("GET", "/auth/events/snapshot?kind=role&limit=3", headers=known)

    first, *roles, last = [json.loads(line) for line in answer.body.splitlines()]
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.body.endswith(b"\n")
    assert first["kind"] == "role"
    assert {each["kind"] for each in roles} == {"role"}
    assert all(isinstance(each["data"]["permissions"], list) for each in roles)
    assert last == {"complete": False, "next": roles[-1]["id"], "refusal": None}


async def test_a_snapshot_is_refused_as_anything_is(root: Root) -> None:
    call, known = root
    refused(await call("GET", "/auth/events/snapshot?kind=role"), 401, "access.unauthenticated")
    refused(await call("GET", "/auth/events/snapshot", headers=known), 400, "request.malformed")
    refused(await call("GET", "/auth/events/snapshot?kind=x", headers=known), 422, "events.kind_unknown")


async def test_a_digest_says_where_it_holds(root: Root) -> None:
    call, known = root
    found = (await call("GET", "/auth/events/digest?kind=user&parts=2", headers=known)).json()
    head = (await call("GET", "/auth/events", headers=known)).json()
    assert found["cursor"].partition(".")[0] == head["next"].partition(".")[0]
    assert all(len(each["digest"]) == 16 for each in found["ranges"])


async def test_types_may_be_given_several_times(root: Root) -> None:
    call, known = root
    path = "/auth/events?type=identity.user.*&type=keys.key.activated"
    assert (await call("GET", path, headers=known)).status == 200
    answer = await call("GET", f"{path}&type=nothing.at.all", headers=known)
    refused(answer, 422, "events.type_unknown")
    assert [each["message"] for each in answer.json()["errors"]] == ["Number 3 of those given matches nothing."]
    refused(await call("GET", f"{path}&limit=1&limit=2", headers=known), 400, "request.malformed")
