"""Documents in MongoDB speak of people who are erased, and every byte that is left is looked at."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.test_canaries import tables
from tests.faults.test_erasure import Marked, administrator, found, mark
from tests.support.http import Caller, once
from tests.support.server import Missing, Server
from tests.support.service import PASSWORD, Service, Stack, deployed

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

PEOPLE: Final = 4
PLAIN: Final = "that-of-the-organization-stays"


@pytest.fixture
def mongodb(stack: Stack) -> Server:
    """The run's own, with nothing in it but what these tests write."""
    try:
        return stack.mongodb
    except Missing as reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))


async def test_e13_documents_in_mongodb_forget_whoever_is_erased(stack: Stack, tmp_path: Path, mongodb: Server) -> None:
    uri = f"{mongodb.url}/gatewright"
    async with deployed(stack, tmp_path, LOG_LEVEL="DEBUG", ARGON2_MEMORY="64", MONGODB_URI=uri) as service:
        async with service.caller(keeps=False) as call:
            root = await administrator(call)
            made = await call("POST", "/auth/organizations", {"name": "Acme", "slug": "acme"}, root)
            organization = made.json()["id"]
            people = [await member(call, root, organization) for _ in range(PEOPLE)]
            path = f"/auth/organizations/{organization}/configuration/support"
            put = [await spoken(call, path, root, people, version) for version in range(2)]
            assert (await call("GET", path, None, root)).json()["body"] == put[-1]
            for person in people:
                assert (await call("DELETE", f"/auth/users/{person.id}", None, root | once())).status == 204
            shown = (await call("GET", path, None, root)).json()
        service.api.stop()
        left = [hit async for name, text in tables(service) for hit in found(name, text.encode())]
        await asyncio.to_thread(mongodb.stop)
        try:
            kept = dict(stored(mongodb, service))
        finally:
            await asyncio.to_thread(mongodb.start)
    assert shown["version"] == 2
    assert [each["$personal"]["value"] for each in shown["body"]["of"]] == [None] * PEOPLE
    assert {each["$personal"]["erased"] for each in shown["body"]["of"]} == {True}
    # What is not of anybody is found there: the bytes are those of the documents, and nothing packs them.
    assert any(PLAIN.encode() in content for content in kept.values())
    assert [hit for where, content in kept.items() for hit in found(where, content)] == []
    assert left == []


async def member(call: Caller, root: dict[str, str], organization: str) -> Marked:
    """Return somebody new who belongs to the organization."""
    person = Marked.new()
    account = {"email": person.email, "password": PASSWORD, "full_name": person.name}
    person.id = (await call("POST", "/auth/signup", account, once())).json()["id"]
    joined = {"user_id": person.id, "role": "member"}
    added = await call("POST", f"/auth/organizations/{organization}/members", joined, root | once())
    assert added.status == 201, added
    return person


async def spoken(call: Caller, path: str, root: dict[str, str], people: list[Marked], version: int) -> dict[str, Any]:
    """Put a document in force that speaks of everybody."""
    of = [{"$personal": {"user_id": each.id, "value": [each.email, {mark(): version}]}} for each in people]
    said = {"plain": PLAIN, "of": of}
    put = await call("PUT", path, said, root | once() | ({"if-match": f'"{version}"'} if version else {}))
    assert put.json()["body"] == said, put
    return said


def stored(mongodb: Server, service: Service) -> Iterator[tuple[str, bytes]]:
    """Yield every file of MongoDB, and what the service said."""
    yield "logs", service.logs.encode()
    for path in sorted(mongodb.folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(mongodb.folder)), path.read_bytes()
