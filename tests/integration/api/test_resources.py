"""Resources over HTTP: shapes, versions, lists of thousands, and what cannot be sent."""

from typing import Any

import asyncpg
import msgspec
import pytest

from api.reading import LARGEST
from domain.kernel.ids import PLATFORM, uuid7
from tests.integration.api.conftest import bearer, person, refused, tokens
from tests.support.client import JSON, STALL, Client

ALL = f"/auth/organizations/{PLATFORM}/resources"
SUPERUSER = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)
SELECT gen_random_uuid(), $1, 'user', $2, id, now() FROM roles WHERE name = 'superuser'
"""


@pytest.fixture
async def root(call: Client, api_url: str) -> dict[str, str]:
    user = await person(call)
    connection = await asyncpg.connect(api_url)
    await connection.execute(SUPERUSER, PLATFORM, user["id"])
    await connection.close()
    return bearer(await tokens(call, user["email"]))


def name() -> str:
    return uuid7().hex


async def test_a_resource_from_birth_to_death(call: Client, root: dict[str, str]) -> None:
    kind, top, under = f"t.{name()}", name(), f"{name()} Ärger 1"

    made = await call.send("POST", ALL, {"type": kind, "external_id": top, "attributes": {"a": [1, "b"]}}, headers=root)
    assert (made.status, made.headers["etag"], made.json()["parent"]) == (201, '"1"', None)
    path = f"{ALL}/{made.json()['id']}"
    put = await call.send(
        "PUT",
        f"{ALL}/{kind}/{under.replace(' ', '%20').replace('Ä', '%C3%84')}",
        {"parent": {"type": kind, "id": top}},
        headers=root,
    )
    assert (put.status, put.json()["external_id"], put.json()["parent"]) == (200, under, {"type": kind, "id": top})
    listed = await call("GET", f"{ALL}?parent_type={kind}&parent_id={top}", headers=root)
    assert [each["id"] for each in listed.json()["items"]] == [put.json()["id"]]

    changed = await call.send("PATCH", path, {"attributes": None}, headers=root | {"if-match": '"1"'})
    assert (changed.status, changed.headers["etag"], changed.json()["attributes"]) == (200, '"2"', {})
    refused(await call.send("PATCH", path, {}, headers=root | {"if-match": '"1"'}), 412, "request.precondition_failed")
    refused(await call("DELETE", path, headers=root), 409, "resources.resource_not_empty")
    assert (await call("DELETE", f"{path}?below=true", headers=root)).status == 204
    refused(await call("GET", path, headers=root), 404, "resources.resource_not_found")


async def test_a2_another_organization_is_as_if_it_were_not(call: Client, root: dict[str, str]) -> None:
    made = (await call.send("POST", ALL, {"type": "doc", "external_id": name()}, headers=root)).json()
    eve = bearer(await tokens(call, (await person(call))["email"]))

    for at in (PLATFORM, uuid7()):
        for verb, path in (("GET", ""), ("GET", f"/{made['id']}"), ("DELETE", f"/{made['id']}")):
            answer = await call(verb, f"/auth/organizations/{at}/resources{path}", headers=eve)
            refused(answer, 404, "organizations.organization_not_found")
    for made_up in (made["id"], str(uuid7())):
        answer = await call("GET", f"/auth/organizations/{uuid7()}/resources/{made_up}", headers=root)
        refused(answer, 404, "resources.resource_not_found")


SENT = ["id", "organization_id", "resource_id", "path", "wall_id", "parent_id", "owner_id", "created_at", "updated_at"]
SENT += ["version", "expected_version", "created_by", "is_active", "is_superuser", "permissions", "role", "roles"]
SENT += ["grants", "tenant_id", "user_id", "actor", "__class__", "key", "deleted"]


@pytest.mark.parametrize("field", SENT)
async def test_a3_nothing_is_taken_that_is_not_declared(call: Client, root: dict[str, str], field: str) -> None:
    made = (await call.send("POST", ALL, {"type": "doc", "external_id": name()}, headers=root)).json()
    more = {field: str(uuid7())}

    for verb, path, body in (
        ("POST", ALL, {"type": "doc", "external_id": name()}),
        ("PUT", f"{ALL}/doc/{made['external_id']}", {"attributes": {"a": 1}}),
        ("PATCH", f"{ALL}/{made['id']}", {"attributes": {"a": 1}}),
    ):
        refused(await call.send(verb, path, body | more, headers=root), 400, "request.malformed")
    item: dict[str, Any] = {"type": "doc", "external_id": made["external_id"], "attributes": {"a": 1}} | more
    refused(await call.send("POST", f"{ALL}/bulk", {"resources": [item]}, headers=root), 400, "request.malformed")

    assert (await call("GET", f"{ALL}/{made['id']}", headers=root)).json() == made


async def test_thousands_at_once(call: Client, root: dict[str, str]) -> None:
    kind = f"t.{name()}"
    items = [
        {
            "type": kind,
            "external_id": f"{number}",
            "parent": {"type": kind, "id": f"{number // 10}"} if number else None,
            "attributes": {"text": "x" * 200},
        }
        for number in reversed(range(5000))
    ]

    text = msgspec.json.encode({"resources": items})
    assert len(text) > LARGEST
    made = await call("POST", f"{ALL}/bulk", text, root | JSON | {"content-length": str(len(text))})
    again = await call.send("POST", f"{ALL}/bulk", {"resources": items[:100]}, headers=root)
    bad = await call.send(
        "POST", f"{ALL}/bulk", {"resources": [items[0], {"type": kind, "external_id": "\u202e"}]}, headers=root
    )

    assert (made.status, made.json()) == (200, {"created": 5000, "updated": 0, "unchanged": 0})
    assert again.json() == {"created": 0, "updated": 0, "unchanged": 100}
    refused(bad, 422, "resources.registration_refused")
    assert [(each["field"], each["code"]) for each in bad.json()["errors"]] == [
        ("resources.1.external_id", "resources.external_id_invalid")
    ]
    too_many = {"resources": [{"type": kind, "external_id": f"{number}"} for number in range(10_001)]}
    refused(await call.send("POST", f"{ALL}/bulk", too_many, headers=root), 400, "request.malformed")


async def test_i3_only_lists_of_somebody_may_be_large(call: Client, root: dict[str, str]) -> None:
    large = JSON | {"content-length": str(LARGEST + 1)}

    refused(await call("POST", ALL, [STALL], root | large), 413, "request.too_large")
    refused(await call("POST", f"{ALL}/bulk", [STALL], large), 413, "request.too_large")
    huge = JSON | {"content-length": str((16 << 20) + 1)}
    refused(await call("POST", f"{ALL}/bulk", [STALL], root | huge), 413, "request.too_large")
    unsized = JSON | {"transfer-encoding": "chunked"}
    refused(await call("POST", f"{ALL}/bulk", [b" " * 65_536] * 17, root | unsized), 413, "request.too_large")
